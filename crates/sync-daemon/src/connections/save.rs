//! *Save*: valid settings are stored, their secrets encrypted, and the connection starts with them.

use std::collections::BTreeMap;
use std::sync::Arc;

use admin_api::{FieldError, SavedSettings, ValidationReport};
use secrecy::SecretString;
use sync_config::{
    ConnectionConfig, ConnectionSettings, ManagedBy, MasterKey, SecretField, Secrets, VaultError,
};
use sync_engine::{Remedy, StoreError};
use sync_model::ConnectionName;
use sync_store::SavedConnection;
use tracing::Instrument;

use super::check::check;
use super::manager::ConnectionManager;
use super::secrets::{open_all, open_one, seal};
use crate::error::ServiceError;

/// The settings to save.
#[derive(Debug, Clone)]
pub struct ConnectionDraft {
    /// The settings.
    pub settings: ConnectionSettings,
    /// New secrets; `None` deletes one. Secrets that aren't named stay as they were saved.
    pub secrets: BTreeMap<SecretField, Option<SecretString>>,
    /// True to save even if a check fails temporarily.
    pub ignore_check_failures: bool,
}

/// The reason why nothing was saved.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SaveError {
    /// Invalid settings, by field.
    #[error("could not save: {}", plain_text::units::count(.0.problems.len(), "invalid setting"))]
    InvalidSettings(ValidationReport),
    /// The configuration file has a connection of this name.
    #[error("the configuration file manages connection \"{0}\"")]
    ManagedByFile(ConnectionName),
    /// A saved connection has this name.
    #[error("connection \"{0}\" already exists")]
    AlreadyExists(ConnectionName),
    /// No connection has this name.
    #[error("connection \"{0}\" doesn't exist")]
    Unknown(ConnectionName),
    /// Secrets can't be stored, or stored ones can't be decrypted.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The store failed, or the connection does not open.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

impl From<StoreError> for SaveError {
    fn from(error: StoreError) -> Self {
        Self::Service(error.into())
    }
}

impl SaveError {
    /// The action that resolves it.
    pub fn remedy(&self) -> Option<Remedy> {
        match self {
            Self::InvalidSettings(_) => Some(Remedy::CorrectSettings),
            Self::ManagedByFile(_) => Some(Remedy::EditConfiguration),
            Self::AlreadyExists(_) => Some(Remedy::UseOtherConnectionName),
            Self::Unknown(_) => None,
            Self::Vault(error) => Some(error.remedy()),
            Self::Service(error) => error.remedy(),
        }
    }
}

impl ConnectionManager {
    /// True if secrets can be saved.
    pub const fn keeps_secrets(&self) -> bool {
        self.key.is_some()
    }

    /// Saves a new connection, or other settings of a saved one, and starts it with them. Dropping the result doesn't
    /// interrupt it.
    ///
    /// # Errors
    /// When a setting is invalid, secrets can't be stored, or the store fails. Nothing is saved then.
    pub async fn save(
        self: &Arc<Self>,
        name: &ConnectionName,
        draft: ConnectionDraft,
        new: bool,
    ) -> Result<ValidationReport, SaveError> {
        let (manager, name) = (Arc::clone(self), name.clone());
        to_end(async move { manager.save_now(&name, draft, new).await }).await
    }

    async fn save_now(
        &self,
        name: &ConnectionName,
        draft: ConnectionDraft,
        new: bool,
    ) -> Result<ValidationReport, SaveError> {
        let _one_at_a_time = self.saving.lock().await;
        let key = self.key.as_ref().ok_or(VaultError::MissingKey)?;
        let present = self.get(name);
        let kept = match &present {
            Some(member) if member.managed_by() == ManagedBy::File => {
                return Err(SaveError::ManagedByFile(name.clone()));
            }
            Some(_) if new => return Err(SaveError::AlreadyExists(name.clone())),
            None if !new => return Err(SaveError::Unknown(name.clone())),
            Some(_) => self.secrets_to_keep(key, name, &draft).await?,
            None => Secrets::new(),
        };
        let secrets = together(kept, &draft);
        let (config, checked) = self.tried(name, &draft, &secrets).await?;
        let saved = SavedConnection {
            name: name.clone(),
            settings: serde_json::to_string(&draft.settings)
                .map_err(|e| StoreError::new("write the settings", e))?,
            secrets: seal(key, name, &secrets)?,
            saved: self.now(),
        };
        self.store.save_connection(&saved).await?;
        if let Some(member) = present {
            member.end().await;
        }
        self.remove_member(name);
        let shown = SavedSettings {
            settings: draft.settings,
            secrets: secrets.keys().copied().collect(),
            saved_at: saved.saved,
        };
        self.add(name.clone(), Some(shown), Ok(config)).await;
        Ok(checked)
    }

    /// Validates settings, and saves nothing.
    ///
    /// # Errors
    /// As [`Self::save`].
    pub async fn validate(
        &self,
        name: &ConnectionName,
        draft: &ConnectionDraft,
    ) -> Result<ValidationReport, SaveError> {
        let secrets = self.secrets_of(name, draft).await?;
        self.tried(name, draft, &secrets).await.map(|(_, checked)| checked)
    }

    /// All faults of settings that can be found without a request to a service.
    ///
    /// # Errors
    /// If saved secrets can't be read.
    pub async fn faults(
        &self,
        name: &ConnectionName,
        draft: &ConnectionDraft,
    ) -> Result<Vec<FieldError>, SaveError> {
        let secrets = self.secrets_of(name, draft).await?;
        let checked = draft.settings.check(name, &secrets, self.config.allow_private_addresses);
        Ok(checked.err().map(|error| FieldError::all(&error)).unwrap_or_default())
    }

    /// The secrets of a draft, with the saved ones that it doesn't name.
    async fn secrets_of(&self, name: &ConnectionName, draft: &ConnectionDraft) -> Result<Secrets, SaveError> {
        let kept = match (self.get(name), &self.key) {
            (Some(member), Some(key)) if member.managed_by() == ManagedBy::Console => {
                self.secrets_to_keep(key, name, draft).await?
            }
            _ => Secrets::new(),
        };
        Ok(together(kept, draft))
    }

    /// Deletes the saved settings and secrets of a connection. The data about its objects stays, and nothing changes in
    /// Okta or Assets. Dropping the result doesn't interrupt it.
    ///
    /// # Errors
    /// When it is in the configuration file, there is none, or the store fails.
    pub async fn remove(self: &Arc<Self>, name: &ConnectionName) -> Result<(), SaveError> {
        let (manager, name) = (Arc::clone(self), name.clone());
        to_end(async move { manager.remove_now(&name).await }).await
    }

    async fn remove_now(&self, name: &ConnectionName) -> Result<(), SaveError> {
        let _one_at_a_time = self.saving.lock().await;
        let member = self.get(name).ok_or_else(|| SaveError::Unknown(name.clone()))?;
        if member.managed_by() == ManagedBy::File {
            return Err(SaveError::ManagedByFile(name.clone()));
        }
        self.store.delete_saved(name).await?;
        member.end().await;
        self.remove_member(name);
        Ok(())
    }

    async fn tried(
        &self,
        name: &ConnectionName,
        draft: &ConnectionDraft,
        secrets: &Secrets,
    ) -> Result<(ConnectionConfig, ValidationReport), SaveError> {
        let refused =
            |problems| SaveError::InvalidSettings(ValidationReport { details: Vec::new(), problems });
        let checked = draft.settings.check(name, secrets, self.config.allow_private_addresses);
        let config = checked.map_err(|e| refused(FieldError::all(&e)))?;
        let checked = check(&config).await;
        let blocking = checked.problems.iter().any(|problem| problem.blocking);
        if blocking || (!checked.problems.is_empty() && !draft.ignore_check_failures) {
            return Err(SaveError::InvalidSettings(checked));
        }
        Ok((config, checked))
    }

    /// The saved secrets that a draft does not name.
    async fn secrets_to_keep(
        &self,
        key: &MasterKey,
        name: &ConnectionName,
        draft: &ConnectionDraft,
    ) -> Result<Secrets, SaveError> {
        let saved = self.store.saved_connections().await?;
        let Some(saved) = saved.into_iter().find(|saved| saved.name == *name) else {
            return Ok(Secrets::new());
        };
        let kept = saved.secrets.iter().filter_map(|(field, secret)| {
            let field = SecretField::named(field).filter(|field| !draft.secrets.contains_key(field))?;
            Some(open_one(key, name, field, secret).map(|secret| (field, secret)))
        });
        Ok(kept.collect::<Result<_, _>>()?)
    }
}

/// Continues a change after its client disconnected: a connection that was stopped for it must start again.
async fn to_end<T: Send + 'static>(
    change: impl Future<Output = Result<T, SaveError>> + Send + 'static,
) -> Result<T, SaveError> {
    tokio::spawn(change.in_current_span())
        .await
        .unwrap_or_else(|error| Err(StoreError::new("save the connection", error).into()))
}

fn together(mut kept: Secrets, draft: &ConnectionDraft) -> Secrets {
    let given = draft.secrets.iter().filter_map(|(field, secret)| Some((*field, secret.clone()?)));
    kept.extend(given);
    kept
}

/// Encrypts every saved secret with another key, all or none. Returns the number of secrets.
///
/// # Errors
/// When one is encrypted with neither key, or the store fails; nothing is changed then.
pub async fn rotate(store: &sync_store::Store, old: &MasterKey, new: &MasterKey) -> Result<usize, SaveError> {
    let mut all = Vec::new();
    let mut count = 0;
    for saved in store.saved_connections().await? {
        // A rotation that reported a failure may have succeeded.
        let under_new = saved.secrets.values().all(|secret| secret.key_id == new.id());
        let secrets = open_all(if under_new { new } else { old }, &saved)?;
        count += secrets.len();
        all.push((saved.name.clone(), seal(new, &saved.name, &secrets)?));
    }
    store.replace_secrets(&all).await?;
    Ok(count)
}
