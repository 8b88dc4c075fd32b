//! The event hook: there, active, verified, as wanted, and reached.

use okta_client::model::EventHook as OktaHook;

use super::check::{Check, CheckArea, Item, Repair};
use super::host::{Address, LISTEN, Machine, STORE};
use super::probe::{self, Challenged};
use crate::adapters::{Deviation, OktaEventHook};
use crate::events::subscription;
use crate::{Connection, ConnectionConfig, EventHookConfig};

const PRESENT: Item = Item::new("event_hook.exists", CheckArea::EventHook, "Exists");
const ACTIVE: Item = Item::new("event_hook.active", CheckArea::EventHook, "Active");
const VERIFIED: Item = Item::new("event_hook.verified", CheckArea::EventHook, "Verified");
const ADDRESS: Item = Item::new("event_hook.url", CheckArea::EventHook, "URL");
const SECRET: Item = Item::new("event_hook.secret", CheckArea::EventHook, "Secret");
const EVENTS: Item = Item::new("event_hook.event_types", CheckArea::EventHook, "Event types");
pub(super) const REACHED: Item = Item::new("event_hook.reachable", CheckArea::EventHook, "Reachable");

/// Of what is Okta's to say.
const AT_OKTA: [Item; 6] = [PRESENT, ACTIVE, VERIFIED, ADDRESS, SECRET, EVENTS];

/// The event types that a line names.
const NAMED: usize = 3;

/// Looks at the hook of a connection. `client` is the hook's port, or what it needs and lacks.
pub(super) async fn look(
    machine: &Machine<'_>,
    answering: bool,
    connection: &ConnectionConfig,
    port: Result<&OktaEventHook, Item>,
) -> Vec<Check> {
    let hook = match &connection.event_hook {
        Some(hook) if Connection::wants_hook(connection) => hook,
        _ => {
            let reason = "none wanted: events come from the System Log alone";
            return AT_OKTA.into_iter().chain([REACHED]).map(|item| item.without(reason)).collect();
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
                let missing = PRESENT
                    .problem(
                        format!("the org has no event hook that delivers to {}", hook.url),
                        "run `okta-insight setup`, or `okta-insight setup --manual-hook` where the app may not make one",
                    )
                    .repaired_by(Repair::Hook);
                all_need_presence(missing)
            }
            Ok(Err(error)) => {
                let remedy = error.hint().unwrap_or_else(|| "look again in a few minutes".to_owned());
                all_need_presence(PRESENT.problem(crate::error_chain(&error), remedy))
            }
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
    let setup = "run `okta-insight setup`, or correct it in the Admin Console: Workflow, Event Hooks";
    let present = PRESENT.ok(format!("\"{}\", {}", found.name, found.id));
    let active = if found.is_active() {
        ACTIVE.ok("Okta delivers to it")
    } else {
        ACTIVE
            .problem(
                "it is deactivated: Okta delivers nothing",
                "run `okta-insight setup`; or in the Admin Console: Workflow, Event Hooks, the hook, Actions, Activate",
            )
            .repaired_by(Repair::Hook)
    };
    let verified = if found.is_verified() {
        VERIFIED.ok("Okta has verified it")
    } else {
        VERIFIED
            .problem(
                "it is not verified: Okta delivers nothing",
                "run `okta-insight setup`; or in the Admin Console: Workflow, Event Hooks, the hook, Actions, Verify",
            )
            .repaired_by(Repair::Hook)
    };
    let mut checks = vec![
        present,
        active,
        verified,
        ADDRESS.ok(format!("it delivers to {}", wanted.url)),
        SECRET.ok("it was given the secret that is expected here"),
        EVENTS.ok(format!("it subscribes to all {} event types", subscription().count())),
    ];
    for deviation in OktaEventHook::deviations(found, wanted) {
        let wrong = match deviation {
            Deviation::Address { present } => {
                ADDRESS.problem(format!("it delivers to {present} instead of {}", wanted.url), setup)
            }
            Deviation::Events { missing } => {
                let named = missing.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
                let more = if missing.len() > NAMED { ", and others" } else { "" };
                EVENTS.problem(
                    format!("it lacks {} of {} event types: {named}{more}", missing.len(), subscription().count()),
                    setup,
                )
            }
            Deviation::Secret => SECRET.problem(
                "it was given another secret than the one that is expected here: deliveries are refused",
                "run `okta-insight setup`; or give it the secret that `okta-insight setup --manual-hook` prints",
            ),
        };
        if let Some(place) = checks.iter_mut().find(|check| check.id == wrong.id) {
            *place = wrong.repaired_by(Repair::Hook);
        }
    }
    checks
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
    let listen = machine.config.listen;
    let forward = format!(
        "let the proxy in front forward {} to {listen}, where `okta-insightd` listens; check event_hook.public_url and \
         server.listen",
        hook.url
    );
    match probe::challenge(&hook.url).await {
        Challenged::Answered => {
            REACHED.ok(format!("{} answers the challenge as Okta wants it, asked from here", hook.url))
        }
        // What is in the daemon's place answers, or does not.
        _ if !answering && !machine.answers(connection).await => REACHED.needs(LISTEN),
        Challenged::Otherwise(status) => REACHED.problem(
            format!("{} answers with status {status}, and not as our receiver does", hook.url),
            forward,
        ),
        Challenged::Silent(silence) => REACHED.problem(silence.tell(), forward),
    }
}
