//! The web console: its address, sign-in, and master key.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::SecretString;
use url::Url;

use crate::address::{UNKNOWN, address};
use crate::check::{is_loopback, some_time};
use crate::error::{ConfigError, missing};
use crate::faults::Faults;
use crate::raw_console::{RawConsole, RawOidc};
use crate::secret::SecretSource;
use crate::vault::MasterKey;

/// The web console.
#[derive(Debug, Clone)]
pub struct ConsoleConfig {
    /// The address of the console and the admin API.
    pub listen: SocketAddr,
    /// The URL of the console in a browser.
    pub public_url: Option<Url>,
    /// The key that encrypts saved secrets. Without it, no connection can be saved.
    pub master_key: Option<MasterKey>,
    /// The time without a request after which a session ends.
    pub session_idle_timeout: Duration,
    /// The time after sign-in at which a session ends.
    pub session_max_age: Duration,
    /// Sign-in with an Okta org, in addition to access tokens.
    pub oidc: Option<OidcConfig>,
}

impl ConsoleConfig {
    /// The URL at which this machine reaches the console; `None` if it isn't known.
    pub fn address(&self) -> Option<String> {
        match &self.public_url {
            Some(url) => Some(url.as_str().trim_end_matches('/').to_owned()),
            None => self.listen.ip().is_loopback().then(|| format!("http://{}", self.listen)),
        }
    }
}

/// Sign-in with an Okta org.
#[derive(Debug, Clone)]
pub struct OidcConfig {
    /// The org.
    pub org_url: Url,
    /// The client ID of a web app integration in the org.
    pub client_id: String,
    /// The client secret of the app.
    pub client_secret: SecretString,
    /// Groups whose members get the role Administrator.
    pub admin_groups: Vec<String>,
    /// Groups whose members get the role Read-only.
    pub read_only_groups: Vec<String>,
}

/// Certificate and key for addresses other than loopback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsConfig {
    /// The certificate chain, PEM.
    pub certificate: PathBuf,
    /// Its private key, PEM.
    pub key: PathBuf,
}

/// The console's settings, with placeholders for those that have faults; `None` if it is off.
pub(super) fn console(raw: RawConsole, folder: &Path, faults: &mut Faults) -> Option<ConsoleConfig> {
    let listen = match raw.listen {
        Some(off) if off == "off" => return None,
        given => faults.or(UNKNOWN, address("console.listen", given.as_deref(), "127.0.0.1:8585")),
    };
    let given_url = raw.public_url.is_some();
    let public_url = raw.public_url.and_then(|given| {
        let url = web_address(&given).map_err(|problem| value("console.public_url", problem));
        faults.or_default(url.map(Some))
    });
    let master_key = raw.master_key.and_then(|source| {
        let key = secret("console.master_key", source, folder)
            .and_then(|text| MasterKey::parse(&text).map_err(|e| value("console.master_key", e.to_string())));
        faults.or_default(key.map(Some))
    });
    let oidc = raw.oidc.and_then(|oidc| {
        if !given_url {
            faults.push(missing(&["console", "public_url"]));
        }
        oidc.checked(folder, faults)
    });
    let (idle, age) = ("console.session_idle_timeout", "console.session_max_age");
    Some(ConsoleConfig {
        listen,
        public_url,
        master_key,
        session_idle_timeout: faults.or_default(some_time(raw.session_idle_timeout.as_deref(), "8h", idle)),
        session_max_age: faults.or_default(some_time(raw.session_max_age.as_deref(), "1d", age)),
        oidc,
    })
}

fn value(key: &str, problem: String) -> ConfigError {
    ConfigError::Value { key: key.to_owned(), problem }
}

fn secret(key: &str, source: SecretSource, folder: &Path) -> Result<SecretString, ConfigError> {
    source.read(folder).map_err(|problem| value(key, problem))
}

impl RawOidc {
    /// The settings; `None` if one has a fault.
    fn checked(self, folder: &Path, faults: &mut Faults) -> Option<OidcConfig> {
        let needed = |key| missing(&["console", "oidc", key]);
        if self.admin_groups.is_empty() && self.read_only_groups.is_empty() {
            faults.push(needed("admin_groups"));
        }
        let org_url = self
            .org_url
            .ok_or_else(|| needed("org_url"))
            .and_then(|given| web_address(&given).map_err(|problem| value("console.oidc.org_url", problem)));
        let client_id = self.client_id.ok_or_else(|| needed("client_id"));
        let client_secret = self
            .client_secret
            .ok_or_else(|| needed("client_secret"))
            .and_then(|source| secret("console.oidc.client_secret", source, folder));
        let org_url = faults.or_default(org_url.map(Some));
        let client_id = faults.or_default(client_id.map(Some));
        let client_secret = faults.or_default(client_secret.map(Some));
        Some(OidcConfig {
            org_url: org_url?,
            client_id: client_id?,
            client_secret: client_secret?,
            admin_groups: self.admin_groups,
            read_only_groups: self.read_only_groups,
        })
    }
}

/// Parses a URL that a browser may be sent to.
fn web_address(given: &str) -> Result<Url, String> {
    let url = Url::parse(given)
        .map_err(|_| format!("must be a URL, such as https://sync.example.com; got \"{given}\""))?;
    if url.scheme() != "https" && !is_loopback(&url) {
        return Err(format!("must start with https://; got \"{given}\""));
    }
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err(format!("must end with the host or port; got \"{given}\""));
    }
    Ok(url)
}

/// The certificate and its key; both or neither must be set.
pub(super) fn tls(
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
    folder: &Path,
) -> Result<Option<TlsConfig>, ConfigError> {
    match (certificate, key) {
        (None, None) => Ok(None),
        (Some(certificate), Some(key)) => {
            Ok(Some(TlsConfig { certificate: folder.join(certificate), key: folder.join(key) }))
        }
        (None, Some(_)) => Err(missing(&["server", "tls_certificate"])),
        (Some(_), None) => Err(missing(&["server", "tls_key"])),
    }
}
