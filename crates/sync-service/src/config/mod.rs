//! Settings from one TOML file and the environment, checked as a whole.

mod check;
mod connection;
mod console;
mod describe;
mod error;
mod exposed;
mod file;
mod overrides;
mod secret;
mod settings;
mod suggest;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use okta_client::UnsupportedVariable;
use sync_model::ConnectionName;

use crate::small_file::read_small_text;
use crate::vault::MasterKey;
use check::{connection, some_time};
pub(crate) use check::{hook_url, is_loopback, mapping_in_force};
pub use connection::{
    AccountConfig, AlertConfig, AssetsConfig, ConnectionConfig, EventHookConfig, OktaConfig, ScheduleConfig,
};
pub use console::{ConsoleConfig, OidcConfig, TlsConfig};
pub use describe::{ConfigValue, EXAMPLE, EffectiveConfig, ValueOrigin, json_schema};
pub use error::ConfigError;
use error::{at, missing, problem, value_at};
pub use exposed::{ExposedFile, exposed_files};
use file::RawConfig;
pub use file::{AlertFormat, EventSource, ScheduleSettings};
pub(crate) use settings::Secrets;
pub use settings::{
    AlertSettings, AssetsSettings, ConnectionSettings, EventHookSettings, ManagedBy, OktaSettings,
    SecretField,
};

/// All settings.
#[derive(Debug, Clone)]
pub struct Config {
    /// The file of the state store.
    pub store: PathBuf,
    /// The address of the event hook receiver.
    pub listen: SocketAddr,
    /// The address of metrics and health; `None` if they are off.
    pub metrics_listen: Option<SocketAddr>,
    /// The time without progress after which a connection counts as stalled.
    pub stall_timeout: Duration,
    /// Certificate and key for addresses beyond this machine.
    pub tls: Option<TlsConfig>,
    /// True if a proxy in front of this machine terminates TLS.
    pub behind_proxy: bool,
    /// True if the addresses of Okta, Assets, and alerts may be private.
    pub allow_private_addresses: bool,
    /// The web console; `None` if it is off.
    pub console: Option<ConsoleConfig>,
    /// The connections by name.
    pub connections: BTreeMap<ConnectionName, ConnectionConfig>,
    /// Variables of Okta's SDKs that are set and have no effect.
    pub unsupported_variables: Vec<UnsupportedVariable>,
}

impl Config {
    /// Reads a file and the environment.
    ///
    /// # Errors
    /// When a key is unknown, missing or cannot be used.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text =
            read_small_text(path).map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        let folder = path.parent().unwrap_or(Path::new("."));
        Self::from_toml(&text, &path.display().to_string(), folder, std::env::vars())
    }

    /// The same where a file may be missing, which sets nothing then.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn load_if_there(path: &Path) -> Result<Self, ConfigError> {
        match Self::load(path) {
            Err(ConfigError::Read { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
                let folder = path.parent().unwrap_or(Path::new("."));
                Self::from_toml("", "the environment", folder, std::env::vars())
            }
            loaded => loaded,
        }
    }

    /// The same from text; relative paths in it start at `folder`.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn from_toml(
        text: &str,
        place: &str,
        folder: &Path,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        // Read by itself first: its errors can still point at a line.
        let invalid =
            |e: toml::de::Error| ConfigError::Parse { place: at(place, text, &e), problem: problem(&e) };
        let _: RawConfig = toml::from_str(text).map_err(invalid)?;
        let file: toml::Table = toml::from_str(text).map_err(invalid)?;
        let mut table = file.clone();
        let environment: Vec<(String, String)> = environment.into_iter().collect();
        let unsupported_variables = overrides::apply(&mut table, environment.iter().cloned());
        let merged = table.clone();
        let raw: RawConfig = table.try_into().map_err(|e: toml::de::Error| {
            let fits = |table: toml::Table| table.try_into::<RawConfig>().is_ok();
            let place = match overrides::wrong_variable(&file, &environment, fits) {
                Some((variable, key)) => format!("{key}, set by {variable} in the environment"),
                None => format!("{place} with the environment"),
            };
            ConfigError::Parse { place, problem: problem(&e) }
        })?;
        let checked = Self::check(raw, folder).map(|config| Self { unsupported_variables, ..config });
        checked.map_err(|error| match &error {
            // A key that the environment sets is not wrong in the file.
            ConfigError::Value { key, .. } if !differs(value_at(&file, key), value_at(&merged, key)) => {
                error.at_its_line(text, place)
            }
            _ => error,
        })
    }

    /// The key that secrets are kept under, where there is one.
    pub fn master_key(&self) -> Option<&MasterKey> {
        self.console.as_ref()?.master_key.as_ref()
    }

    /// The connections that a command is about: the named one, or all.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn chosen(&self, name: Option<&str>) -> Result<Vec<&ConnectionConfig>, ConfigError> {
        let Some(name) = name else { return self.all() };
        let found = self.connections.values().find(|c| c.name.as_str() == name);
        found.map(|c| vec![c]).ok_or_else(|| ConfigError::UnknownConnection {
            name: name.to_owned(),
            known: self.connections.keys().map(|known| format!("\"{known}\"")).collect(),
            nearest: suggest::nearest(name, self.connections.keys().map(ConnectionName::as_str))
                .map(|near| format!("\"{near}\"")),
        })
    }

    /// Every connection; for whoever can do nothing without one.
    fn all(&self) -> Result<Vec<&ConnectionConfig>, ConfigError> {
        if self.connections.is_empty() {
            return Err(missing(&["connections", "main", "okta", "org_url"]));
        }
        Ok(self.connections.values().collect())
    }

    fn check(raw: RawConfig, folder: &Path) -> Result<Self, ConfigError> {
        let value = |key: &str, problem: String| ConfigError::Value { key: key.to_owned(), problem };
        let listen = address("server.listen", raw.server.listen.as_deref(), "127.0.0.1:8484")?;
        let metrics = match raw.server.metrics_listen {
            Some(off) if off == "off" => None,
            given => Some(address("server.metrics_listen", given.as_deref(), "127.0.0.1:9464")?),
        };
        let stuck_after = some_time(raw.server.stall_timeout.as_deref(), "10m", "server.stall_timeout")?;
        let tls = console::tls(raw.server.tls_certificate, raw.server.tls_key, folder)?;
        let console = console::console(raw.console, folder)?;
        let allow_private_addresses = raw.server.allow_private_addresses;
        let mut connections = BTreeMap::new();
        for (name, raw) in raw.connections {
            let name = ConnectionName::try_from(name).map_err(|e| value("connections", e.to_string()))?;
            let connection = connection(name.clone(), raw, folder, allow_private_addresses)?;
            connections.insert(name, connection);
        }
        let store = raw.store.path.unwrap_or_else(|| PathBuf::from("okta-insight.db"));
        if store.to_string_lossy().trim().is_empty() {
            return Err(value("store.path", "is empty; name a file, or leave the setting out".into()));
        }
        Ok(Self {
            store: folder.join(store),
            listen,
            metrics_listen: metrics,
            stall_timeout: stuck_after,
            tls,
            behind_proxy: raw.server.behind_proxy,
            allow_private_addresses,
            console,
            connections,
            unsupported_variables: Vec::new(),
        })
    }
}

/// Compares values as they are written: a number that is none differs from itself.
fn differs(one: Option<&toml::Value>, other: Option<&toml::Value>) -> bool {
    one.map(ToString::to_string) != other.map(ToString::to_string)
}

fn address(key: &str, given: Option<&str>, otherwise: &str) -> Result<SocketAddr, ConfigError> {
    let given = given.unwrap_or(otherwise);
    given.parse().map_err(|_| ConfigError::Value {
        key: key.to_owned(),
        problem: format!("\"{given}\" is not an address and port, such as {otherwise}"),
    })
}
