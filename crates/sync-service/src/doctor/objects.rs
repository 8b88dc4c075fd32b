//! Checks that Assets still has the confirmed objects.

use insight_import_client::{AssetsClient, ImportClient};
use schema_mapper::Mapping;
use sync_engine::{PortError, Remedy, Service, StateStore};
use sync_model::ObjectKind;
use sync_store::Store;

use super::assets::MAPPING;
use super::check::{Check, CheckArea, Item};
use super::host::{Machine, STORE};
use crate::adapters::AssetsObjects;
use crate::{ConnectionConfig, ServiceError, words};

const OBJECTS: Item = Item::new("assets.objects", CheckArea::Assets, "Synced objects");

/// Counts what Assets shows to the account. `account` is what others found of it.
pub(super) async fn look(
    machine: &Machine<'_>,
    connection: &ConnectionConfig,
    import: Option<&ImportClient>,
    mapping: Option<&Mapping>,
    account: Option<Result<&AssetsClient, Item>>,
) -> Check {
    let client = match account {
        None => return OBJECTS.without("no account: an import token cannot read objects"),
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
            return OBJECTS.unknown(crate::error_chain(&error), "look at the check of the state store");
        }
    };
    if sent.is_empty() {
        return OBJECTS.without("nothing was sent yet");
    }
    let (mut there, mut lacking) = (Vec::new(), Vec::new());
    for (kind, confirmed) in sent {
        match objects.count_live(kind).await {
            Ok(found) if found < confirmed => {
                lacking.push(format!("Assets shows {found} of {confirmed} {kind}s that it confirmed"));
            }
            Ok(_) => there.push(format!("{confirmed} {kind}s")),
            Err(error) => return uncounted(&error),
        }
    }
    if lacking.is_empty() {
        return OBJECTS.ok(format!("Assets has what it confirmed: {}", there.join(", ")));
    }
    OBJECTS.problem(
        lacking.join("; "),
        "somebody deleted them in Assets, or the account may not see them; run `okta-insight sync --resend`, which makes \
         them again",
    )
}

fn uncounted(error: &PortError) -> Check {
    let later = Remedy::CheckServiceStatus { service: Service::Assets };
    OBJECTS.unknown(crate::error_chain(error), words::remedy(error.remedy().unwrap_or(&later)))
}

/// The number of current objects by kind.
async fn sent(
    machine: &Machine<'_>,
    connection: &ConnectionConfig,
) -> Result<Vec<(ObjectKind, u64)>, ServiceError> {
    let store = Store::open(&machine.config.store).await?;
    let census = store.connection(&connection.name).await?.object_counts().await;
    store.close().await;
    Ok(census?
        .into_iter()
        .map(|(kind, census)| (kind, census.current))
        .filter(|(_, live)| *live > 0)
        .collect())
}
