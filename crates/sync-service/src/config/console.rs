//! The web console: where it listens, how people sign in, and the key that its secrets are kept under.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use schemars::JsonSchema;
use secrecy::SecretString;
use serde::Deserialize;
use url::Url;

use super::secret::SecretSource;
use super::{ConfigError, address, some_time};
use crate::vault::MasterKey;

#[derive(Deserialize, Default, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawConsole {
    /// Where the console and the admin API listen; 127.0.0.1:8585 unless given, and nowhere when "off".
    listen: Option<String>,
    /// The address that people open it at, such as <https://sync.example.com>; sign-in with Okta comes back to it.
    public_url: Option<String>,
    /// Encrypts the secrets of connections that are saved in the console; without it, none can be.
    master_key: Option<SecretSource>,
    /// Who does nothing for so long has to sign in again; 8h unless given.
    session_idle_timeout: Option<String>,
    /// Who signed in so long ago has to sign in again; 24h unless given.
    session_max_age: Option<String>,
    /// Sign-in with an Okta org, beside tokens.
    oidc: Option<RawOidc>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RawOidc {
    /// The org, such as <https://example.okta.com>.
    org_url: Option<String>,
    /// The client ID of a Web Application in the org.
    client_id: Option<String>,
    /// Its client secret.
    client_secret: Option<SecretSource>,
    /// Groups whose members may do everything, by name.
    #[serde(default)]
    admin_groups: Vec<String>,
    /// Groups whose members may look, by name.
    #[serde(default)]
    read_only_groups: Vec<String>,
}

/// The web console.
#[derive(Debug, Clone)]
pub struct ConsoleConfig {
    /// Where it listens.
    pub listen: SocketAddr,
    /// The address that people open it at, where that is known.
    pub public_url: Option<Url>,
    /// What secrets are kept under; without it, none can be saved.
    pub master_key: Option<MasterKey>,
    /// Who does nothing for so long has to sign in again.
    pub session_idle_timeout: Duration,
    /// Who signed in so long ago has to sign in again.
    pub session_max_age: Duration,
    /// Sign-in with an Okta org, beside tokens.
    pub oidc: Option<OidcConfig>,
}

impl ConsoleConfig {
    /// The address at which it is reached from this machine, where that can be told.
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
    /// The client ID of a Web Application in it.
    pub client_id: String,
    /// Its client secret.
    pub client_secret: SecretString,
    /// Groups whose members may do everything.
    pub admin_groups: Vec<String>,
    /// Groups whose members may look.
    pub read_only_groups: Vec<String>,
}

/// Certificate and key of whatever listens beyond this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsConfig {
    /// The certificate chain, PEM.
    pub certificate: PathBuf,
    /// Its private key, PEM.
    pub key: PathBuf,
}

/// `None` when it is switched off.
pub(super) fn console(raw: RawConsole, folder: &Path) -> Result<Option<ConsoleConfig>, ConfigError> {
    let value = |key: &str, problem: String| ConfigError::Value { key: key.to_owned(), problem };
    let secret = |key: &str, source: SecretSource| source.read(folder).map_err(|problem| value(key, problem));
    let listen = match raw.listen {
        Some(off) if off == "off" => return Ok(None),
        given => address("console.listen", given.as_deref(), "127.0.0.1:8585")?,
    };
    let public_url = match raw.public_url {
        None => None,
        Some(given) => Some(web_address(&given).map_err(|problem| value("console.public_url", problem))?),
    };
    let master_key = match raw.master_key {
        None => None,
        Some(source) => {
            let key = MasterKey::parse(&secret("console.master_key", source)?);
            Some(key.map_err(|e| value("console.master_key", e.to_string()))?)
        }
    };
    let openid = match raw.oidc {
        None => None,
        Some(openid) => {
            if public_url.is_none() {
                return Err(super::missing(&["console", "public_url"]));
            }
            Some(openid.checked(&secret)?)
        }
    };
    Ok(Some(ConsoleConfig {
        listen,
        public_url,
        master_key,
        session_idle_timeout: some_time(raw.session_idle_timeout.as_deref(), "8h", "console.session_idle")?,
        session_max_age: some_time(raw.session_max_age.as_deref(), "1d", "console.session_life")?,
        oidc: openid,
    }))
}

impl RawOidc {
    fn checked(
        self,
        secret: &impl Fn(&str, SecretSource) -> Result<SecretString, ConfigError>,
    ) -> Result<OidcConfig, ConfigError> {
        let needed = |key| super::missing(&["console", "openid", key]);
        let org_url = self.org_url.ok_or_else(|| needed("org_url"))?;
        if self.admin_groups.is_empty() && self.read_only_groups.is_empty() {
            return Err(needed("admin_groups"));
        }
        Ok(OidcConfig {
            org_url: web_address(&org_url)
                .map_err(|problem| ConfigError::Value { key: "console.openid.org_url".into(), problem })?,
            client_id: self.client_id.ok_or_else(|| needed("client_id"))?,
            client_secret: secret(
                "console.openid.client_secret",
                self.client_secret.ok_or_else(|| needed("client_secret"))?,
            )?,
            admin_groups: self.admin_groups,
            read_only_groups: self.read_only_groups,
        })
    }
}

/// An address that a browser may be sent to.
fn web_address(given: &str) -> Result<Url, String> {
    let url = Url::parse(given)
        .map_err(|_| format!("\"{given}\" is not a URL such as https://sync.example.com"))?;
    if url.scheme() != "https" && !super::is_loopback(&url) {
        return Err("must begin with https://".into());
    }
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err("must not have a path, or anything after it".into());
    }
    Ok(url)
}

/// Both files, or none.
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
        (None, Some(_)) => Err(super::missing(&["server", "tls_certificate"])),
        (Some(_), None) => Err(super::missing(&["server", "tls_key"])),
    }
}
