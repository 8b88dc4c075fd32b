//! The connections: those in the configuration, and those that were saved in the console.

use std::collections::BTreeMap;
use std::path::PathBuf;

use admin_api::{SavedSettings, Unavailable};
use sync_config::{Config, ConfigError, ConnectionConfig, ConnectionSettings, VaultError};
use sync_engine::{Remedy, StoreError};
use sync_model::ConnectionName;
use sync_store::{DatabaseState, SavedConnection, Store, StoreBusy, StoreLoss, is_damaged};

use super::secrets::open_all;
use crate::error::ServiceError;

/// A saved connection, for display and as effective settings.
pub(crate) struct Recalled {
    pub(super) name: ConnectionName,
    pub(super) shown: SavedSettings,
    pub(crate) settings: Result<ConnectionConfig, ServiceError>,
}

/// The saved connections, without those whose name one of the configuration has.
pub(super) async fn recall(config: &Config, store: &Store) -> Result<Vec<Recalled>, ServiceError> {
    let (twice, saved) = saved(config, store).await?;
    for SavedConnection { name, .. } in twice {
        tracing::warn!(connection = %name, "using the connection in the configuration file instead of the saved \
                                            connection with the same name");
    }
    Ok(saved.into_iter().map(|saved| recall_one(config, saved)).collect())
}

/// The saved connections whose name one of the configuration has, and the others.
pub(super) async fn saved(
    config: &Config,
    store: &Store,
) -> Result<(Vec<SavedConnection>, Vec<SavedConnection>), StoreError> {
    let saved = store.saved_connections().await?;
    Ok(saved.into_iter().partition(|saved| config.connections.contains_key(&saved.name)))
}

pub(crate) fn recall_one(config: &Config, saved: SavedConnection) -> Recalled {
    let settings = serde_json::from_str::<ConnectionSettings>(&saved.settings);
    let shown = SavedSettings {
        settings: settings.as_ref().cloned().unwrap_or_default(),
        secrets: saved.secrets.keys().filter_map(|name| sync_config::SecretField::named(name)).collect(),
        saved_at: saved.saved,
    };
    let settings = settings
        .map_err(|e| ServiceError::Saved {
            connection: saved.name.clone(),
            problem: shortened(&e.to_string()),
        })
        .and_then(|settings| {
            let key = config.master_key().ok_or(VaultError::MissingKey)?;
            Ok(settings.check(&saved.name, &open_all(key, &saved)?, config.allow_private_addresses)?)
        });
    Recalled { name: saved.name, shown, settings }
}

/// The connections of the configuration and those that were saved in the console, for a process other than the daemon.
#[derive(Debug)]
pub struct ConnectionRegistry {
    /// The configuration, with the saved connections that work among its own.
    pub config: Config,
    /// The saved connections that cannot work here.
    pub broken: BTreeMap<ConnectionName, Unavailable>,
}

impl ConnectionRegistry {
    /// Reads the state store of the configuration, and changes nothing: a missing store, or one of another version,
    /// contains no connection.
    ///
    /// # Errors
    /// When the store can't be read; when it isn't current, only if the configuration has no connection either.
    pub async fn read(config: Config) -> Result<Self, ServiceError> {
        let condition = DatabaseState::of(&config.store).await;
        let is_readable =
            condition.is_current() || matches!(condition, DatabaseState::Locked { is_readable: true, .. });
        if !is_readable {
            if config.connections.is_empty() && condition != DatabaseState::Missing {
                return Err(unreadable(config.store, condition));
            }
            return Ok(Self { config, broken: BTreeMap::new() });
        }
        let recalled = match Store::open(&config.store).await {
            Ok(store) => {
                let recalled = recall(&config, &store).await;
                store.close().await;
                recalled
            }
            Err(error) => Err(error.into()),
        };
        match recalled {
            Ok(recalled) => Ok(Self::with(config, recalled)),
            Err(error) if !config.connections.is_empty() && is_of_damage(&error) => {
                tracing::error!(error = sync_engine::error_chain(&error), "skipping the saved connections");
                Ok(Self { config, broken: BTreeMap::new() })
            }
            Err(error) => Err(error),
        }
    }

    /// The same with a store that is open.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn of(config: Config, store: &Store) -> Result<Self, ServiceError> {
        let recalled = recall(&config, store).await?;
        Ok(Self::with(config, recalled))
    }

    fn with(mut config: Config, recalled: Vec<Recalled>) -> Self {
        let mut broken = BTreeMap::new();
        for Recalled { name, settings, .. } in recalled {
            match settings {
                Ok(settings) => drop(config.connections.insert(name, settings)),
                Err(error) => drop(broken.insert(name, unavailable_outside_daemon(&config, error))),
            }
        }
        Self { config, broken }
    }

    /// The connections of a command, the named one or all. Unavailable ones are left out.
    ///
    /// # Errors
    /// When there is none of that name, or none.
    pub fn working(&self, name: Option<&str>) -> Result<Vec<&ConnectionConfig>, ServiceError> {
        let none_works = self.config.connections.is_empty();
        if none_works && self.broken.is_empty() {
            return Err(ServiceError::NoConnection(self.config.store.clone()));
        }
        if !self.unavailable_of(name).is_empty() && (none_works || name.is_some()) {
            return Ok(Vec::new());
        }
        self.config.chosen(name).map_err(|error| match error {
            ConfigError::UnknownConnection { name, mut known, nearest } => {
                known.extend(self.broken.keys().map(|broken| format!("\"{broken}\"")));
                ConfigError::UnknownConnection { name, known, nearest }.into()
            }
            error => error.into(),
        })
    }

    /// The saved connections that cannot work here, of the named one or all.
    pub fn unavailable_of(&self, name: Option<&str>) -> Vec<(&ConnectionName, &Unavailable)> {
        self.broken.iter().filter(|(broken, _)| name.is_none_or(|name| broken.as_str() == name)).collect()
    }

    /// The connections of a command, the named one or all, for a command that needs all of them.
    ///
    /// # Errors
    /// When there is none of that name, none, or an unavailable one.
    pub fn chosen(&self, name: Option<&str>) -> Result<Vec<&ConnectionConfig>, ServiceError> {
        match self.unavailable_of(name).first() {
            Some((name, broken)) => Err(ServiceError::unavailable(name, broken)),
            None => self.working(name),
        }
    }
}

/// The reason why a store that is there cannot be read.
fn unreadable(path: PathBuf, condition: DatabaseState) -> ServiceError {
    match condition {
        DatabaseState::Damaged { problem } => StoreLoss::Damaged { path, problem }.into(),
        DatabaseState::Locked { holder, is_readable: false } => {
            StoreBusy { path, holder, waited: DatabaseState::PATIENCE }.into()
        }
        _ => ServiceError::Unmigrated(path),
    }
}

fn is_of_damage(error: &ServiceError) -> bool {
    matches!(error, ServiceError::Lost(StoreLoss::Damaged { .. })) || is_damaged(error)
}

/// A daemon may have been given the key where this process does not find it.
fn unavailable_outside_daemon(config: &Config, error: ServiceError) -> Unavailable {
    match (&error, &config.console) {
        (ServiceError::Vault(VaultError::MissingKey | VaultError::WrongKey), Some(console)) => {
            let remedy = Remedy::UseDaemonMasterKey { server: console.address() };
            Unavailable::from(error).with_remedy(remedy)
        }
        _ => error.into(),
    }
}

/// A parser's words without the middle of a long value that they quote.
fn shortened(text: &str) -> String {
    const KEPT: usize = 150;
    let length = text.chars().count();
    if length <= 2 * KEPT {
        return text.to_owned();
    }
    let beginning: String = text.chars().take(KEPT).collect();
    let end: String = text.chars().skip(length - KEPT).collect();
    format!("{beginning} … {end}")
}

#[cfg(test)]
mod tests {
    use super::shortened;

    #[test]
    fn long_value_loses_its_middle() {
        let text = format!("invalid type: string \"{}\", expected struct", "a".repeat(5000));
        let short = shortened(&text);
        assert!(short.starts_with("invalid type: string") && short.ends_with("expected struct"), "{short}");
        assert_eq!((short.chars().count(), shortened("missing field")), (303, "missing field".to_owned()));
    }
}
