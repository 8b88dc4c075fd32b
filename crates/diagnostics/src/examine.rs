//! Every prerequisite of a connection: observations and remedies. Changes nothing, unless a fix is requested.
//!
//! Independent checks run at the same time, each with its own time limit. A check whose prerequisite failed says so;
//! all others run.

use std::path::Path;

use connectors::{AssetsStructure, OktaEventHook, OrgSource, Sides};
use insight_import_client::{AssetsClient, ImportClient};
use okta_client::OktaClient;
use sync_config::{Config, ConfigError, ConnectionConfig, account_client, assets_client, okta_client};

use crate::check::{Check, CheckStatus, Item};
use crate::daemon_parts::{DaemonParts, TemporaryReceiver};
use crate::host::{Address, CONFIG, Machine};
use crate::report::CheckReport;
use crate::{assets, hook, objects, okta, org, repair, selection, self_test, settings};

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
    let clients = Clients::of(connection);
    let import = clients.import.as_ref().map_err(|_| CONFIG);
    let account = clients.account.as_ref().map(Option::as_ref).map_err(|_| CONFIG).transpose();
    let work = machine.work(&connection.name);

    let (org, access, addresses) = tokio::join!(
        org::check(connection, clients.address_fault()),
        assets::access(connection, import),
        machine.addresses(connection, work),
    );
    let usable = |okta: Result<_, Item>| {
        if org.reachable.holds() && org.url.holds() { okta } else { Err(unusable(&org)) }
    };
    let okta = usable(clients.okta.as_ref().map_err(|_| CONFIG));
    let app = okta::check(connection, okta).await;
    let port = event_hook(connection, okta, app.hooks_need);
    let structure = structure(connection, okta, import);
    let has_account = connection.assets.account.is_some();
    let (hook, selection, (structure, settings, objects)) = tokio::join!(
        hook::look(machine, answering, connection, port.as_ref().map_err(|needed| *needed)),
        selection::check(connection, okta, app.schemas.as_ref()),
        async {
            let (checks, mapping) =
                assets::structure(&access, structure.as_ref(), app.schemas.as_ref(), has_account).await;
            let import = import.ok().filter(|_| access.lacks.is_none());
            let (settings, account) = settings::check(import, access.lacks, mapping.as_ref(), account).await;
            let objects = objects::check(machine, connection, import, mapping.as_ref(), account).await;
            let tested = self_test::check(machine, connection, import, access.lacks).await;
            (checks, settings, vec![tested, objects])
        },
    );
    let rate = okta::rate(okta);
    let assets_skew = import.ok().and_then(|import| import.pace().clock_skew_seconds);
    let clock = org::with_assets(org.clock, assets_skew);
    let config = machine.config(connection, &clients.other_faults());
    [
        vec![config, machine.store(), Machine::daemon(work), clock],
        vec![org.reachable, org.url],
        app.checks,
        vec![selection],
        hook,
        vec![rate],
        access.checks,
        structure,
        settings,
        objects,
        addresses,
    ]
    .concat()
}

/// The clients that the settings describe, or their faults.
struct Clients {
    okta: Result<OktaClient, ConfigError>,
    import: Result<ImportClient, ConfigError>,
    account: Result<Option<AssetsClient>, ConfigError>,
}

impl Clients {
    fn of(connection: &ConnectionConfig) -> Self {
        Self {
            // The check ends before a concurrent daemon notices it.
            okta: okta_client(connection).map(|client| client.high_priority()),
            import: assets_client(connection),
            account: account_client(connection),
        }
    }

    /// The fault of an address that isn't an org's: the check of the org reports it.
    fn address_fault(&self) -> Option<&ConfigError> {
        self.okta.as_ref().err().filter(|error| is_of_address(error))
    }

    fn other_faults(&self) -> Vec<&ConfigError> {
        let okta = self.okta.as_ref().err().filter(|error| !is_of_address(error));
        [okta, self.import.as_ref().err(), self.account.as_ref().err()].into_iter().flatten().collect()
    }
}

fn is_of_address(error: &ConfigError) -> bool {
    matches!(error, ConfigError::Value { key, .. } if key.ends_with(".org_url"))
}

/// The hook's port, or its missing prerequisite.
fn event_hook(
    connection: &ConnectionConfig,
    okta: Result<&OktaClient, Item>,
    needed: Option<Item>,
) -> Result<OktaEventHook, Item> {
    match needed {
        Some(needed) => Err(needed),
        None => Ok(OktaEventHook::new(okta?.clone(), &connection.name, connection.event_hook.clone())),
    }
}

/// The structure that the org's schemas require, if both services can be used.
fn structure(
    connection: &ConnectionConfig,
    okta: Result<&OktaClient, Item>,
    import: Result<&ImportClient, Item>,
) -> Option<AssetsStructure> {
    let org = OrgSource::Okta(okta.ok()?.clone());
    let sides = Sides::new(org, import.ok()?.clone(), None, connection.scope.clone());
    Some(AssetsStructure::new(sides, connection.mapping.clone()))
}

/// The problem with reaching the org.
fn unusable(org: &org::Org) -> Item {
    if org.url.status == CheckStatus::Failed { org::URL } else { org::REACHABLE }
}
