//! The options of a sandbox.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use url::Url;

use crate::faults::FaultSpec;

/// The org's requirement for proofs of possession.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DpopMode {
    /// Like new orgs.
    #[default]
    Required,
    /// A token request without a proof returns a bearer token.
    Optional,
    /// Tokens are bearer tokens.
    Off,
}

impl FromStr for DpopMode {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        match word {
            "required" => Ok(Self::Required),
            "optional" => Ok(Self::Optional),
            "off" => Ok(Self::Off),
            other => Err(format!("must be required, optional, or off; got \"{other}\"")),
        }
    }
}

/// A certificate with its key, in PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate, and those that it was issued by.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// The options of a sandbox. The default is a small org on ports that the system chooses.
#[derive(Debug, Clone)]
pub struct SandboxOptions {
    /// The address of the Okta org.
    pub okta: SocketAddr,
    /// The address of the Assets site and the control API.
    pub insight: SocketAddr,
    /// Users in the org, deactivated ones included.
    pub users: usize,
    /// Groups in the org, in addition to Everyone.
    pub groups: usize,
    /// About how many members a group has.
    pub members_per_group: usize,
    /// The same seed creates the same org.
    pub seed: u64,
    /// The requirement for proofs of possession.
    pub dpop: DpopMode,
    /// Requests per minute in each bucket; `None` means a limit that is never reached.
    pub rate_limit: Option<u64>,
    /// Fills the org from a folder of Okta's JSON instead.
    pub org_data: Option<PathBuf>,
    /// The processing time of an execution, in addition to the work itself.
    pub import_delay: Duration,
    /// The public URL of the org, if clients use another address than the listener's.
    pub public_url_okta: Option<Url>,
    /// Serves HTTPS on both addresses.
    pub tls: Option<TlsFiles>,
    /// The faults at the start.
    pub faults: FaultSpec,
}

impl Default for SandboxOptions {
    fn default() -> Self {
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self {
            okta: any,
            insight: any,
            users: 50,
            groups: 5,
            members_per_group: 10,
            seed: 1,
            dpop: DpopMode::default(),
            rate_limit: None,
            org_data: None,
            import_delay: Duration::from_millis(30),
            public_url_okta: None,
            tls: None,
            faults: FaultSpec::default(),
        }
    }
}
