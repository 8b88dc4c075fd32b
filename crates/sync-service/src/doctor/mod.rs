//! Every prerequisite of a connection: observations and remedies. Changes nothing, unless a fix is requested.
//!
//! Independent checks run at the same time, each with its own time limit. A check whose prerequisite failed says so;
//! all others run.

mod assets;
mod check;
mod hook;
mod host;
mod objects;
mod observation;
mod okta;
mod org;
mod probe;
mod repair;
#[cfg(any(test, feature = "test-support"))]
mod samples;
mod selection;
mod settings;

use std::path::Path;
use std::sync::Arc;

use okta_client::HookSecret;
use serde::{Deserialize, Serialize};
use sync_engine::SystemClock;
use sync_model::ConnectionName;
use sync_store::Store;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub use check::{Check, CheckArea, CheckStatus};
pub use observation::{HiddenBecause, Observation, ScopePurpose};
pub use repair::{Change, Fix};

use crate::adapters::{AssetsStructure, OktaEventHook, OrgSource, Sides};
use crate::connection::{account_client, assets_client, okta_client};
use crate::http::{Inbox, Inboxes};
use crate::{Config, ConfigError, ConnectionConfig, HookReceiver};
use check::Item;
use host::{Address, CONFIG, Machine};

/// The results of one connection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CheckReport {
    /// The name.
    pub connection: ConnectionName,
    /// True if no check failed; warnings are allowed.
    pub passed: bool,
    /// All checks, always in the same order.
    pub checks: Vec<Check>,
    /// The fixes that were applied first, or that failed.
    pub fixes: Vec<Fix>,
}

impl CheckReport {
    /// The number of checks with a status.
    pub fn count(&self, state: CheckStatus) -> usize {
        self.checks.iter().filter(|check| check.status == state).count()
    }
}

/// Runs all checks of these connections. With `fix`, applies automatic fixes and checks again. `file` is the path of
/// the configuration.
pub async fn examine(
    config: &Config,
    file: &Path,
    connections: &[&ConnectionConfig],
    fix: bool,
) -> Vec<CheckReport> {
    let mut diagnoses = check_all(config, file, connections).await;
    if fix && diagnoses.iter().flat_map(|d| &d.checks).any(|check| check.auto_fixable) {
        let mut repairs = vec![Vec::new(); diagnoses.len()];
        if let Some(store) = repair::store(config, &diagnoses).await {
            repairs.fill(vec![store]);
        }
        // Okta verifies a hook by calling it: with a store, this process can respond.
        let answering = TemporaryReceiver::begin(config).await;
        for ((connection, diagnosis), repairs) in connections.iter().zip(&diagnoses).zip(&mut repairs) {
            repairs.extend(repair::connection(config, connection, diagnosis).await);
        }
        if let Some(answering) = answering {
            answering.end().await;
        }
        diagnoses = check_all(config, file, connections).await;
        for (diagnosis, repairs) in diagnoses.iter_mut().zip(repairs) {
            diagnosis.fixes = repairs;
        }
    }
    diagnoses
}

/// Runs all checks of one connection, and changes nothing.
pub async fn examine_one(config: &Config, file: &Path, connection: &ConnectionConfig) -> CheckReport {
    let (machine, answering) = prepare(config, file).await;
    let diagnosis = diagnose(&machine, answering.is_some(), connection).await;
    if let Some(answering) = answering {
        answering.end().await;
    }
    diagnosis
}

async fn check_all(config: &Config, file: &Path, connections: &[&ConnectionConfig]) -> Vec<CheckReport> {
    let (machine, answering) = prepare(config, file).await;
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
async fn prepare<'c>(config: &'c Config, file: &'c Path) -> (Machine<'c>, Option<TemporaryReceiver>) {
    let machine = Machine::read(config, file).await;
    let answering = match (&machine.listen, machine.condition.is_current()) {
        (Address::Free, true) => TemporaryReceiver::begin(config).await,
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

/// The receiver of this process, while no daemon responds: deliveries are stored meanwhile.
struct TemporaryReceiver {
    stop: CancellationToken,
    serving: JoinHandle<()>,
    store: Store,
}

impl TemporaryReceiver {
    /// `None` when the store or the address is not to be had; a daemon may have both.
    async fn begin(config: &Config) -> Option<Self> {
        let store = Store::open(&config.store).await.ok()?;
        let receiver = match Self::inboxes(config, &store).await {
            Some(inboxes) => HookReceiver::with_inboxes(config, inboxes).await.ok(),
            None => None,
        };
        let Some(receiver) = receiver else {
            store.close().await;
            return None;
        };
        let stop = CancellationToken::new();
        let serving = tokio::spawn(receiver.serve(stop.clone()));
        Some(Self { stop, serving, store })
    }

    /// Opens the store and the secrets without settings that may be invalid.
    async fn inboxes(config: &Config, store: &Store) -> Option<Inboxes> {
        let inboxes = Inboxes::default();
        for connection in config.connections.values() {
            let Some(hook) = &connection.event_hook else { continue };
            let inbox = Inbox {
                secret: HookSecret::new(hook.secret.clone()),
                store: Arc::new(store.connection(&connection.name).await.ok()?),
                wake: Arc::default(),
                clock: Arc::new(SystemClock),
                alerts: None,
            };
            inboxes.insert(connection.name.to_string(), inbox);
        }
        Some(inboxes)
    }

    async fn end(self) {
        self.stop.cancel();
        // The task ends after it is canceled.
        let _ = self.serving.await;
        self.store.close().await;
    }
}
