//! The automatic fixes.

use std::borrow::Cow;

use connectors::OktaEventHook;
use sync_config::{Config, ConnectionConfig, okta_client};
use sync_engine::{EventHook, Finding, Remedy, error_chain};
use sync_store::Store;

use crate::change::{Change, Fix};
use crate::check::Repair;
use crate::daemon_parts::DaemonParts;
use crate::report::CheckReport;
use crate::words;

/// The reason why a fix failed.
struct Failure {
    message: String,
    findings: Vec<Finding>,
    remedy: Option<Remedy>,
}

impl Failure {
    fn new(error: &(dyn std::error::Error + 'static), remedy: Option<Remedy>) -> Self {
        Self { message: error_chain(error), findings: Vec::new(), remedy }
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
    daemon: &dyn DaemonParts,
) -> Vec<Fix> {
    let mut repaired = Vec::new();
    if calls_for(diagnosis, Repair::Structure) {
        repaired.push(Fix::of("Schema and mapping", structure(config, connection, daemon).await));
    }
    if calls_for(diagnosis, Repair::Hook) {
        repaired.push(Fix::of("Event hook", hook(connection).await));
    }
    repaired
}

/// Goes through the store: added attributes may have contained confirmed values.
async fn structure(
    config: &Config,
    connection: &ConnectionConfig,
    daemon: &dyn DaemonParts,
) -> Result<Vec<Change>, Failure> {
    let report = daemon.set_up_schema(config, connection).await;
    let report = report.map_err(|error| Failure {
        message: error.message,
        findings: Vec::new(),
        remedy: error.remedy,
    })?;
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
