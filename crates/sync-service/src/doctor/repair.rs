//! The automatic fixes.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use sync_engine::{EventHook, Finding, HookChange, Remedy};
use sync_store::Store;

use super::CheckReport;
use super::check::Repair;
use crate::adapters::OktaEventHook;
use crate::connection::okta_client;
use crate::{Config, Connection, ConnectionConfig, ServiceError, words};

/// A change by a fix. In JSON: `type`, and its facts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Change {
    /// The state store was created or migrated.
    StoreMigrated {
        /// The path.
        path: String,
    },
    /// An object type was added.
    ObjectTypeAdded {
        /// The name.
        name: String,
    },
    /// Attributes were added.
    AttributesAdded {
        /// The number.
        attributes: u64,
    },
    /// An attribute was corrected with the Atlassian account.
    AttributeCorrected {
        /// The object type and name.
        name: String,
    },
    /// The event hook was changed.
    EventHook {
        /// The change.
        change: HookChange,
    },
}

/// A fix and its result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Fix {
    /// The object of the fix.
    pub action: Cow<'static, str>,
    /// True if the fix succeeded.
    pub succeeded: bool,
    /// The changes, or the error, as text.
    pub message: String,
    /// The changes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(no_recursion))]
    pub changes: Vec<Change>,
    /// The problems that remain.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(no_recursion))]
    pub findings: Vec<Finding>,
    /// The action that resolves the error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(no_recursion))]
    pub remedy: Option<Remedy>,
}

/// The reason why a fix failed.
struct Failure {
    message: String,
    findings: Vec<Finding>,
    remedy: Option<Remedy>,
}

impl Failure {
    fn new(error: &(dyn std::error::Error + 'static), remedy: Option<Remedy>) -> Self {
        Self { message: crate::error_chain(error), findings: Vec::new(), remedy }
    }
}

impl Fix {
    fn of(action: &'static str, result: Result<Vec<Change>, Failure>) -> Self {
        let action = Cow::Borrowed(action);
        match result {
            Ok(changes) => {
                let message = words::changes(&changes);
                Self { action, succeeded: true, message, changes, findings: Vec::new(), remedy: None }
            }
            Err(Failure { message, findings, remedy }) => {
                Self { action, succeeded: false, message, changes: Vec::new(), findings, remedy }
            }
        }
    }
}

fn calls_for(diagnosis: &CheckReport, repair: Repair) -> bool {
    diagnosis.checks.iter().any(|check| check.repair == Some(repair))
}

/// Creates or migrates the store, which all connections share.
pub(super) async fn store(config: &Config, diagnoses: &[CheckReport]) -> Option<Fix> {
    if !diagnoses.iter().any(|diagnosis| calls_for(diagnosis, Repair::Store)) {
        return None;
    }
    let result = match Store::open(&config.store).await {
        Ok(store) => {
            store.close().await;
            Ok(vec![Change::StoreMigrated { path: config.store.display().to_string() }])
        }
        Err(error) => Err(Failure::new(&error, None)),
    };
    Some(Fix::of("State store", result))
}

/// Applies the fixes that a check report permits.
pub(super) async fn connection(
    config: &Config,
    connection: &ConnectionConfig,
    diagnosis: &CheckReport,
) -> Vec<Fix> {
    let mut repaired = Vec::new();
    if calls_for(diagnosis, Repair::Structure) {
        let result =
            structure(config, connection).await.map_err(|error| Failure::new(&error, error.remedy()));
        repaired.push(Fix::of("Schema and mapping", result));
    }
    if calls_for(diagnosis, Repair::Hook) {
        repaired.push(Fix::of("Event hook", hook(connection).await));
    }
    repaired
}

/// Goes through the store: added attributes may have contained confirmed values.
async fn structure(config: &Config, connection: &ConnectionConfig) -> Result<Vec<Change>, ServiceError> {
    let store = Store::open(&config.store).await?;
    let report = match Connection::open(connection, &store).await {
        Ok(connection) => connection.engine().set_up_schema().await.map_err(ServiceError::from),
        Err(error) => Err(error),
    };
    store.close().await;
    let report = report?;
    let added = report.added_types.iter().map(|name| Change::ObjectTypeAdded { name: name.clone() });
    let attributes = report.added_attributes.len() as u64;
    let attributes = (attributes > 0).then_some(Change::AttributesAdded { attributes });
    let corrected =
        report.fixed_attributes.iter().map(|name| Change::AttributeCorrected { name: name.clone() });
    Ok(added.chain(attributes).chain(corrected).collect())
}

async fn hook(connection: &ConnectionConfig) -> Result<Vec<Change>, Failure> {
    let okta = okta_client(connection).map_err(|error| Failure::new(&error, error.remedy()))?;
    let port = OktaEventHook::new(okta, &connection.name, connection.event_hook.clone());
    let report = port.ensure().await.map_err(|error| Failure::new(&error, error.remedy().cloned()))?;
    if report.findings.is_empty() {
        return Ok(report.changes.into_iter().map(|change| Change::EventHook { change }).collect());
    }
    let message = words::check_details(&[], &report.findings);
    Err(Failure { message, findings: report.findings, remedy: None })
}
