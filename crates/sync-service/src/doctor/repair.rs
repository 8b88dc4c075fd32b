//! Putting right what is ours to put right.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use sync_engine::{EventHook, Remedy};
use sync_store::Store;

use super::CheckReport;
use super::check::Repair;
use crate::adapters::OktaEventHook;
use crate::connection::okta_client;
use crate::{Config, Connection, ConnectionConfig, ServiceError, words};

/// An applied fix, or the reason of its failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Fix {
    /// The action.
    pub action: Cow<'static, str>,
    /// True if it succeeded.
    pub succeeded: bool,
    /// The result, or the reason of its failure.
    pub message: String,
}

impl Fix {
    fn of(what: &'static str, result: Result<Vec<String>, String>) -> Self {
        let what = Cow::Borrowed(what);
        match result {
            Ok(done) if done.is_empty() => {
                Self { action: what, succeeded: true, message: "nothing was left to do".to_owned() }
            }
            Ok(done) => Self { action: what, succeeded: true, message: done.join("; ") },
            Err(why) => Self { action: what, succeeded: false, message: why },
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
            Ok(vec![format!("{} was brought up to date", config.store.display())])
        }
        Err(error) => Err(crate::error_chain(&error)),
    };
    Some(Fix::of("State store", result))
}

/// Puts right what the diagnosis of a connection calls for.
pub(super) async fn connection(
    config: &Config,
    connection: &ConnectionConfig,
    diagnosis: &CheckReport,
) -> Vec<Fix> {
    let mut repaired = Vec::new();
    if calls_for(diagnosis, Repair::Structure) {
        let result =
            structure(config, connection).await.map_err(|error| failed(&error, error.remedy().as_ref()));
        repaired.push(Fix::of("Schema and mapping", result));
    }
    if calls_for(diagnosis, Repair::Hook) {
        repaired.push(Fix::of("Event hook", hook(connection).await));
    }
    repaired
}

/// Goes by the store: what is added anew may have held values that were confirmed.
async fn structure(config: &Config, connection: &ConnectionConfig) -> Result<Vec<String>, ServiceError> {
    let store = Store::open(&config.store).await?;
    let report = match Connection::open(connection, &store).await {
        Ok(connection) => connection.engine().set_up_schema().await.map_err(ServiceError::from),
        Err(error) => Err(error),
    };
    store.close().await;
    let report = report?;
    let added = report.added_types.iter().map(|name| format!("object type {name} added"));
    let attributes = report.added_attributes.len();
    let attributes = match attributes {
        0 => None,
        1 => Some("1 attribute added".to_owned()),
        n => Some(format!("{n} attributes added")),
    };
    let corrected = report.fixed_attributes.iter().map(|name| format!("{name} put right with the account"));
    Ok(added.chain(attributes).chain(corrected).collect())
}

async fn hook(connection: &ConnectionConfig) -> Result<Vec<String>, String> {
    let okta = okta_client(connection).map_err(|error| crate::error_chain(&error))?;
    let port = OktaEventHook::new(okta, &connection.name, connection.event_hook.clone());
    let report = port.ensure().await.map_err(|error| failed(&error, error.remedy()))?;
    if report.findings.is_empty() {
        return Ok(report.changes.iter().map(words::hook_change).collect());
    }
    let problems: Vec<String> = report.findings.iter().map(words::finding).collect();
    Err(problems.join("; "))
}

fn failed(error: &dyn std::error::Error, remedy: Option<&Remedy>) -> String {
    match remedy {
        Some(remedy) => format!("{}; {}", crate::error_chain(error), crate::words::remedy(remedy)),
        None => crate::error_chain(error),
    }
}
