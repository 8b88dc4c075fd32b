//! Every prerequisite of a connection: observations and remedies. Changes nothing, unless a fix is requested.
//!
//! Independent checks run at the same time, each with its own time limit. A check whose prerequisite failed says so;
//! all others run.

use std::path::Path;

use connectors::{AssetsStructure, OktaEventHook, OrgSource, Sides};
use sync_config::{Config, ConfigError, ConnectionConfig, account_client, assets_client, okta_client};

use crate::check::{Check, CheckStatus, Item};
use crate::daemon_parts::{DaemonParts, TemporaryReceiver};
use crate::host::{Address, CONFIG, Machine};
use crate::report::CheckReport;
use crate::{assets, hook, objects, okta, org, repair, selection, settings};

/// Runs all checks of these connections. With `fix`, applies automatic fixes and checks again. `file` is the path of
/// the configuration.
pub async fn examine(
    config: &Config,
    file: &Path,
    connections: &[&ConnectionConfig],
    fix: bool,
    daemon: &dyn DaemonParts,
) -> Vec<CheckReport> {
    let mut diagnoses = check_all(config, file, connections, daemon).await;
    if fix && diagnoses.iter().flat_map(|d| &d.checks).any(|check| check.auto_fixable) {
        let mut repairs = vec![Vec::new(); diagnoses.len()];
        if let Some(store) = repair::store(config, &diagnoses).await {
            repairs.fill(vec![store]);
        }
        // Okta verifies a hook by calling it: with a store, this process can respond.
        let answering = daemon.receive(config).await;
        for ((connection, diagnosis), repairs) in connections.iter().zip(&diagnoses).zip(&mut repairs) {
            repairs.extend(repair::connection(config, connection, diagnosis, daemon).await);
        }
        if let Some(answering) = answering {
            answering.end().await;
        }
        diagnoses = check_all(config, file, connections, daemon).await;
        for (diagnosis, repairs) in diagnoses.iter_mut().zip(repairs) {
            diagnosis.fixes = repairs;
        }
    }
    diagnoses
}

/// Runs all checks of one connection, and changes nothing.
pub async fn examine_one(
    config: &Config,
    file: &Path,
    connection: &ConnectionConfig,
    daemon: &dyn DaemonParts,
) -> CheckReport {
    let (machine, answering) = prepare(config, file, daemon).await;
    let diagnosis = diagnose(&machine, answering.is_some(), connection).await;
    if let Some(answering) = answering {
        answering.end().await;
    }
    diagnosis
}

async fn check_all(
    config: &Config,
    file: &Path,
    connections: &[&ConnectionConfig],
    daemon: &dyn DaemonParts,
) -> Vec<CheckReport> {
    let (machine, answering) = prepare(config, file, daemon).await;
    let mut diagnoses = Vec::new();
    for connection in connections {
        diagnoses.push(diagnose(&machine, answering.is_some(), connection).await);
    }
    if let Some(answering) = answering {
        answering.end().await;
    }
    diagnoses
}

/// The state that all connections share, and a receiver if none listens.
async fn prepare<'c>(
    config: &'c Config,
    file: &'c Path,
    daemon: &dyn DaemonParts,
) -> (Machine<'c>, Option<Box<dyn TemporaryReceiver>>) {
    let machine = Machine::read(config, file).await;
    let answering = match (&machine.listen, machine.condition.is_current()) {
        (Address::Free, true) => daemon.receive(config).await,
        _ => None,
    };
    (machine, answering)
}

async fn diagnose(machine: &Machine<'_>, answering: bool, connection: &ConnectionConfig) -> CheckReport {
    // All checks at once make a large future.
    let checks = Box::pin(checks(machine, answering, connection)).await;
    let ok = checks.iter().all(|check| check.status != CheckStatus::Failed);
    CheckReport { connection: connection.name.clone(), passed: ok, checks, fixes: Vec::new() }
}

async fn checks(machine: &Machine<'_>, answering: bool, connection: &ConnectionConfig) -> Vec<Check> {
    let (okta, import, account) =
        (okta_client(connection), assets_client(connection), account_client(connection));
    // The check ends before a concurrent daemon notices it.
    let okta = okta.map(|client| client.high_priority());
    // Another check reports an address that isn't an org's.
    let is_address =
        |error: &&ConfigError| matches!(error, ConfigError::Value { key, .. } if key.ends_with(".org_url"));
    let address = okta.as_ref().err().filter(is_address);
    let wrong: Vec<&ConfigError> = [
        okta.as_ref().err().filter(|error| !is_address(error)),
        import.as_ref().err(),
        account.as_ref().err(),
    ]
    .into_iter()
    .flatten()
    .collect();
    let import = import.as_ref().map_err(|_| CONFIG);
    let account = account.as_ref().map(Option::as_ref).map_err(|_| CONFIG).transpose();
    let work = machine.work(&connection.name);

    let (org, access, addresses) = tokio::join!(
        org::check(connection, address),
        assets::access(connection, import),
        machine.addresses(connection, work),
    );
    let usable = |okta: Result<_, Item>| {
        if org.reachable.holds() && org.url.holds() { okta } else { Err(unusable(&org)) }
    };
    let okta = usable(okta.as_ref().map_err(|_| CONFIG));
    let app = okta::check(connection, okta).await;
    let port =
        okta.map(|okta| OktaEventHook::new(okta.clone(), &connection.name, connection.event_hook.clone()));
    let port = match app.hooks_need {
        Some(needed) => Err(needed),
        None => port.as_ref().map_err(|needed| *needed),
    };
    let structure = match (okta, import) {
        (Ok(okta), Ok(import)) => {
            let org = OrgSource::Okta(okta.clone());
            let sides = Sides::new(org, import.clone(), None, connection.scope.clone());
            Some(AssetsStructure::new(sides, connection.mapping.clone()))
        }
        _ => None,
    };
    let has_account = connection.assets.account.is_some();
    let (hook, selection, (structure, settings, objects)) = tokio::join!(
        hook::look(machine, answering, connection, port),
        selection::check(connection, okta, app.schemas.as_ref()),
        async {
            let (checks, mapping) =
                assets::structure(&access, structure.as_ref(), app.schemas.as_ref(), has_account).await;
            let import = import.ok().filter(|_| access.lacks.is_none());
            let (settings, account) = settings::check(import, access.lacks, mapping.as_ref(), account).await;
            let objects = objects::check(machine, connection, import, mapping.as_ref(), account).await;
            (checks, settings, objects)
        },
    );
    let rate = okta::rate(okta);
    let assets_skew = import.ok().and_then(|import| import.pace().clock_skew_seconds);
    let clock = org::with_assets(org.clock, assets_skew);
    let machine = [machine.config(connection, &wrong), machine.store(), Machine::daemon(work), clock];
    [
        machine.to_vec(),
        vec![org.reachable, org.url],
        app.checks,
        vec![selection],
        hook,
        vec![rate],
        access.checks,
        structure,
        settings,
        vec![objects],
        addresses,
    ]
    .concat()
}

/// The problem with reaching the org.
fn unusable(org: &org::Org) -> Item {
    if org.url.status == CheckStatus::Failed { org::URL } else { org::REACHABLE }
}
