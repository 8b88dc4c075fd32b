//! The event hook: there, active, verified, as wanted, and reached.

use connectors::{OktaEventHook, subscription};
use okta_client::model::EventHook as OktaHook;
use sync_config::{ConnectionConfig, EventHookConfig};
use sync_engine::{Fact, Finding, Remedy};

use crate::area::CheckArea;
use crate::check::{Check, Item, Repair};
use crate::host::{Address, LISTEN, Machine, STORE};
use crate::observation::Observation;
use crate::probe::{self, Challenged};

const PRESENT: Item = Item::new("event_hook.exists", CheckArea::EventHook, "Exists");
const ACTIVE: Item = Item::new("event_hook.active", CheckArea::EventHook, "Active");
const VERIFIED: Item = Item::new("event_hook.verified", CheckArea::EventHook, "Verified");
const ADDRESS: Item = Item::new("event_hook.url", CheckArea::EventHook, "URL");
const SECRET: Item = Item::new("event_hook.secret", CheckArea::EventHook, "Secret");
const EVENTS: Item = Item::new("event_hook.event_types", CheckArea::EventHook, "Event types");
pub(super) const REACHED: Item = Item::new("event_hook.reachable", CheckArea::EventHook, "Reachable");

/// Of what is Okta's to say.
const AT_OKTA: [Item; 6] = [PRESENT, ACTIVE, VERIFIED, ADDRESS, SECRET, EVENTS];

/// Checks the hook of a connection. `client` is the hook's port, or names a missing prerequisite.
pub(super) async fn look(
    machine: &Machine<'_>,
    answering: bool,
    connection: &ConnectionConfig,
    port: Result<&OktaEventHook, Item>,
) -> Vec<Check> {
    let hook = match &connection.event_hook {
        Some(hook) if connection.wants_hook() => hook,
        _ => {
            let items = AT_OKTA.into_iter().chain([REACHED]);
            return items.map(|item| item.without(Observation::EventHookUnused)).collect();
        }
    };
    let at_okta = async {
        let port = match port {
            Ok(port) => port,
            Err(needed) => return AT_OKTA.map(|item| item.needs(needed)).to_vec(),
        };
        match PRESENT.timed(port.find(hook)).await {
            Ok(Ok(Some(found))) => judge(&found, hook),
            Ok(Ok(None)) => {
                let missing = PRESENT.failed(vec![OktaEventHook::missing(hook)]);
                all_need_presence(missing.repaired_by(Repair::Hook))
            }
            Ok(Err(error)) => all_need_presence(super::okta::failed(PRESENT, &error)),
            Err(late) => all_need_presence(late),
        }
    };
    let (mut checks, reached) =
        tokio::join!(at_okta, REACHED.within(reached(machine, answering, connection, hook)));
    checks.push(reached);
    checks
}

fn all_need_presence(present: Check) -> Vec<Check> {
    let rest = AT_OKTA.into_iter().skip(1).map(|item| item.needs(PRESENT));
    std::iter::once(present).chain(rest).collect()
}

fn judge(found: &OktaHook, wanted: &EventHookConfig) -> Vec<Check> {
    let mut checks = vec![
        PRESENT.ok(Observation::EventHookExists { name: found.name.clone(), id: found.id.clone() }),
        ACTIVE.ok(Observation::EventHookActive),
        VERIFIED.ok(Observation::EventHookVerified),
        ADDRESS.ok(Observation::EventHookDelivers { url: wanted.url.to_string() }),
        SECRET.ok(Observation::EventHookSecretMatches),
        EVENTS.ok(Observation::EventTypesComplete { event_types: subscription().count() as u64 }),
    ];
    for finding in OktaEventHook::problems(found, wanted) {
        let item = item(&finding);
        if let Some(place) = checks.iter_mut().find(|check| check.id == item.id) {
            *place = item.failed(vec![finding]).repaired_by(Repair::Hook);
        }
    }
    checks
}

/// The check that reports a problem.
const fn item(finding: &Finding) -> Item {
    match finding.fact {
        Fact::EventHookInactive => ACTIVE,
        Fact::EventHookUnverified | Fact::EventHookVerificationFailed => VERIFIED,
        Fact::EventHookUrlDiffers { .. } => ADDRESS,
        Fact::EventHookSecretDiffers => SECRET,
        Fact::EventTypesMissing { .. } => EVENTS,
        _ => PRESENT,
    }
}

/// Asks the public address as Okta would. `answering` says that this process answers where no daemon does.
async fn reached(
    machine: &Machine<'_>,
    answering: bool,
    connection: &ConnectionConfig,
    hook: &EventHookConfig,
) -> Check {
    if !answering && matches!(machine.listen, Address::Free) {
        return REACHED.needs(STORE);
    }
    let url = hook.url.to_string();
    let forward = Remedy::ExposeDaemon { listen: machine.config.listen.to_string() };
    match probe::challenge(&hook.url).await {
        Challenged::Answered => REACHED.ok(Observation::EventHookResponds { url }),
        // What is in the daemon's place answers, or does not.
        _ if !answering && !machine.answers(connection).await => REACHED.needs(LISTEN),
        Challenged::Otherwise(status) => {
            REACHED.problem([Observation::EventHookMisdirected { url, status }], [forward])
        }
        Challenged::Silent(silence) => REACHED.problem([silence.observation()], [forward]),
    }
}
