//! Checks that Assets still has the confirmed objects.

use std::collections::BTreeMap;

use connectors::AssetsObjects;
use insight_import_client::{AssetsClient, ImportClient};
use schema_mapper::Mapping;
use sync_config::ConnectionConfig;
use sync_engine::{ConfirmedRecords, PortError, Remedy, Service};
use sync_model::ObjectKind;
use sync_store::Store;

use crate::area::CheckArea;
use crate::assets::MAPPING;
use crate::check::{Check, Item};
use crate::host::{Machine, STORE};
use crate::observation::Observation;
use crate::store_failure::StoreFailure;

const OBJECTS: Item = Item::new("assets.objects", CheckArea::Assets, "Synced objects");

/// Counts the objects that Assets returns to the account. `account` is the result of its own check.
pub(super) async fn check(
    machine: &Machine<'_>,
    connection: &ConnectionConfig,
    import: Option<&ImportClient>,
    mapping: Option<&Mapping>,
    account: Option<Result<&AssetsClient, Item>>,
) -> Check {
    let client = match account {
        None => return OBJECTS.without(Observation::ObjectsHidden),
        Some(Err(needed)) => return OBJECTS.needs(needed),
        Some(Ok(client)) => client,
    };
    let (Some(import), Some(mapping)) = (import, mapping) else { return OBJECTS.needs(MAPPING) };
    if !machine.condition.is_current() {
        return OBJECTS.needs(STORE);
    }
    let objects = AssetsObjects::of(client.clone(), import.clone(), mapping.clone());
    OBJECTS.within(count(machine, connection, &objects)).await
}

async fn count(machine: &Machine<'_>, connection: &ConnectionConfig, objects: &AssetsObjects) -> Check {
    let sent = match sent(machine, connection).await {
        Ok(sent) => sent,
        Err(error) => {
            let remedy = error.remedy().unwrap_or(Remedy::RepeatChecks);
            return OBJECTS.unknown(Observation::error(&error), [remedy]);
        }
    };
    if sent.is_empty() {
        return OBJECTS.without(Observation::NothingSent);
    }
    let mut missing = Vec::new();
    for (&kind, &confirmed) in &sent {
        match objects.count_current(kind).await {
            Ok(present) if present < confirmed => {
                missing.push(Observation::ObjectsMissing { kind, present, confirmed });
            }
            Ok(_) => {}
            Err(error) => return uncounted(&error),
        }
    }
    if missing.is_empty() {
        return OBJECTS.ok(Observation::ObjectsComplete { objects: sent });
    }
    OBJECTS.problem(missing, [Remedy::ResendObjects])
}

fn uncounted(error: &PortError) -> Check {
    let later = Remedy::CheckServiceStatus { service: Service::Assets };
    OBJECTS.unknown(Observation::error(error), [error.remedy().cloned().unwrap_or(later)])
}

/// The number of current objects by kind.
async fn sent(
    machine: &Machine<'_>,
    connection: &ConnectionConfig,
) -> Result<BTreeMap<ObjectKind, u64>, StoreFailure> {
    let store = Store::open(&machine.config.store).await?;
    let counts = store.connection(&connection.name).await?.object_counts().await;
    store.close().await;
    Ok(counts?
        .into_iter()
        .map(|(kind, counts)| (kind, counts.current))
        .filter(|(_, current)| *current > 0)
        .collect())
}
