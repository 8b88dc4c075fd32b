//! Putting right what is ours to put right.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use sync_engine::{EventHook, PortError, Structure};
use sync_store::Store;

use super::Diagnosis;
use super::check::Repair;
use crate::adapters::{AssetsStructure, OktaEventHook, OrgSource, Sides};
use crate::connection::{account_client, assets_client, okta_client};
use crate::{Config, ConfigError, ConnectionConfig};

/// What was put right, or why it could not be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Repaired {
    /// What was worked on.
    pub what: Cow<'static, str>,
    /// Whether it went well.
    pub ok: bool,
    /// What was done, or why not.
    pub result: String,
}

impl Repaired {
    fn of(what: &'static str, result: Result<Vec<String>, String>) -> Self {
        let what = Cow::Borrowed(what);
        match result {
            Ok(done) if done.is_empty() => {
                Self { what, ok: true, result: "nothing was left to do".to_owned() }
            }
            Ok(done) => Self { what, ok: true, result: done.join("; ") },
            Err(why) => Self { what, ok: false, result: why },
        }
    }
}

fn calls_for(diagnosis: &Diagnosis, repair: Repair) -> bool {
    diagnosis.checks.iter().any(|check| check.repair == Some(repair))
}

/// Creates or migrates the store, which all connections share.
pub(super) async fn store(config: &Config, diagnoses: &[Diagnosis]) -> Option<Repaired> {
    if !diagnoses.iter().any(|diagnosis| calls_for(diagnosis, Repair::Store)) {
        return None;
    }
    let result = match Store::open(&config.store).await {
        Ok(store) => {
            store.close().await;
            Ok(vec![format!("{} was brought up to date", config.store.display())])
        }
        Err(error) => Err(crate::explain(&error)),
    };
    Some(Repaired::of("State store", result))
}

/// Puts right what the diagnosis of a connection calls for.
pub(super) async fn connection(connection: &ConnectionConfig, diagnosis: &Diagnosis) -> Vec<Repaired> {
    let mut repaired = Vec::new();
    if calls_for(diagnosis, Repair::Structure) {
        repaired.push(Repaired::of("Schema and mapping", structure(connection).await));
    }
    if calls_for(diagnosis, Repair::Hook) {
        repaired.push(Repaired::of("Event hook", hook(connection).await));
    }
    repaired
}

async fn structure(connection: &ConnectionConfig) -> Result<Vec<String>, String> {
    let (okta, import) =
        (okta_client(connection).map_err(config)?, assets_client(connection).map_err(config)?);
    let account = account_client(connection).map_err(config)?;
    let sides = Sides::new(OrgSource::Okta(okta), import, account, connection.selection.clone());
    let port = AssetsStructure::new(sides, connection.mapping.clone())
        .following_titles(connection.assets.follow_titles);
    let report = port.apply().await.map_err(|error| failed(&error))?.report;
    let added = report.added_types.iter().map(|name| format!("object type {name} added"));
    let attributes = report.added_attributes.len();
    let attributes = match attributes {
        0 => None,
        1 => Some("1 attribute added".to_owned()),
        n => Some(format!("{n} attributes added")),
    };
    let corrected = report.corrected.iter().map(|name| format!("{name} put right with the account"));
    Ok(added.chain(attributes).chain(corrected).collect())
}

async fn hook(connection: &ConnectionConfig) -> Result<Vec<String>, String> {
    let okta = okta_client(connection).map_err(config)?;
    let port = OktaEventHook::new(okta, &connection.name, connection.hook.clone());
    let report = port.ensure().await.map_err(|error| failed(&error))?;
    if report.problems.is_empty() { Ok(report.changes) } else { Err(report.problems.join("; ")) }
}

// The signatures are those of `map_err`.
#[allow(clippy::needless_pass_by_value)]
fn config(error: ConfigError) -> String {
    crate::explain(&error)
}

fn failed(error: &PortError) -> String {
    match error.hint() {
        Some(hint) => format!("{}; {hint}", crate::explain(error)),
        None => crate::explain(error),
    }
}
