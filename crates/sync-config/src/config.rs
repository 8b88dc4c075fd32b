//! Settings from one TOML file and the environment, checked as a whole.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use okta_client::UnsupportedVariable;
use sync_model::ConnectionName;

use crate::address::{UNKNOWN, address};
use crate::check::{connection, some_time};
use crate::client_faults::check_clients;
use crate::connection::ConnectionConfig;
use crate::console::{self, ConsoleConfig, TlsConfig};
use crate::error::{ConfigError, missing};
use crate::faults::Faults;
use crate::file::RawConfig;
use crate::place::{at, located, syntax};
use crate::small_file::read_small_text;
use crate::vault::MasterKey;
use crate::{overrides, shape, suggest};

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
    /// Certificate and key for addresses other than loopback.
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
    /// If a key is unknown, missing, or invalid. All faults are listed.
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
    /// As [`Self::load`]. All faults are listed.
    pub fn from_toml(
        text: &str,
        place: &str,
        folder: &Path,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        Self::read(text, place, folder, environment, |_| Ok(()))
    }

    /// Lists all faults of a file and the environment, also those that only opening a connection would find. Sends no
    /// request. A missing file sets nothing.
    ///
    /// # Errors
    /// If there is a fault, or no connection can work.
    pub fn check_file(path: &Path) -> Result<(), ConfigError> {
        let text = match read_small_text(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            read => read.map_err(|source| ConfigError::Read { path: path.to_owned(), source })?,
        };
        let folder = path.parent().unwrap_or(Path::new("."));
        let place = path.display().to_string();
        let config = Self::read(&text, &place, folder, std::env::vars(), check_clients)?;
        // Without a master key, the console can't add one.
        if config.connections.is_empty() && config.master_key().is_none() {
            return Err(ConfigError::NoConnection);
        }
        Ok(())
    }

    fn read(
        text: &str,
        place: &str,
        folder: &Path,
        environment: impl IntoIterator<Item = (String, String)>,
        check: impl Fn(&ConnectionConfig) -> Result<(), ConfigError>,
    ) -> Result<Self, ConfigError> {
        let invalid =
            |e: toml::de::Error| ConfigError::Parse { place: at(place, text, &e), problem: syntax(&e) };
        let file: toml::Table = toml::from_str(text).map_err(invalid)?;
        let mut table = file.clone();
        let environment: Vec<(String, String)> = environment.into_iter().collect();
        let unsupported_variables = overrides::apply(&mut table, environment.iter().cloned());
        let mut faults = Faults::default();
        for shape::Misfit { path, problem } in shape::misfits(&table) {
            shape::remove(&mut table, &path);
            faults.push(ConfigError::Value { key: path.join("."), problem });
        }
        let raw: RawConfig = table.try_into().map_err(|e: toml::de::Error| ConfigError::Parse {
            place: format!("{place} with the environment"),
            problem: syntax(&e),
        })?;
        let config = Self::checked(raw, folder, &mut faults);
        for connection in config.connections.values() {
            if let Err(error) = check(connection) {
                faults.push(error);
            }
        }
        faults.finish(|fault| located(fault, &file, text, place, &environment))?;
        Ok(Self { unsupported_variables, ..config })
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

    /// All connections; an error if there is none.
    fn all(&self) -> Result<Vec<&ConnectionConfig>, ConfigError> {
        if self.connections.is_empty() {
            return Err(missing(&["connections", "main", "okta", "org_url"]));
        }
        Ok(self.connections.values().collect())
    }

    /// The settings, with placeholders for those that have faults.
    fn checked(raw: RawConfig, folder: &Path, faults: &mut Faults) -> Self {
        let server = raw.server;
        let listen = faults.or(UNKNOWN, address("server.listen", server.listen.as_deref(), "127.0.0.1:8484"));
        let metrics_listen = match server.metrics_listen {
            Some(off) if off == "off" => None,
            given => {
                let address = address("server.metrics_listen", given.as_deref(), "127.0.0.1:9464");
                Some(faults.or(UNKNOWN, address))
            }
        };
        let stall_timeout =
            faults.or_default(some_time(server.stall_timeout.as_deref(), "10m", "server.stall_timeout"));
        let tls = faults.or_default(console::tls(server.tls_certificate, server.tls_key, folder));
        let console = console::console(raw.console, folder, faults);
        let allow_private_addresses = server.allow_private_addresses;
        let mut connections = BTreeMap::new();
        for (name, raw) in raw.connections {
            match ConnectionName::try_from(name.clone()) {
                Ok(valid) => {
                    let connection = connection(valid.clone(), raw, folder, allow_private_addresses, faults);
                    connections.insert(valid, connection);
                }
                Err(error) => {
                    let key = format!("connections.{name}");
                    faults.push(ConfigError::Value { key, problem: error.to_string() });
                }
            }
        }
        let store = raw.store.path.unwrap_or_else(|| PathBuf::from("okta-insight.db"));
        if store.to_string_lossy().trim().is_empty() {
            let problem = "must not be empty; set a file, or remove the key".into();
            faults.push(ConfigError::Value { key: "store.path".into(), problem });
        }
        Self {
            store: folder.join(store),
            listen,
            metrics_listen,
            stall_timeout,
            tls,
            behind_proxy: server.behind_proxy,
            allow_private_addresses,
            console,
            connections,
            unsupported_variables: Vec::new(),
        }
    }
}
