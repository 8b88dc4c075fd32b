//! The readiness of connections: the conditions that stop their progress.

use std::collections::BTreeMap;

use admin_api::{ConnectionReadiness, DaemonHealth, Unavailable};
use jiff::Timestamp;
use sync_engine::{Condition, Conditions};
use sync_model::ConnectionName;

use crate::health_inputs::HealthInputs;

/// The readiness of measured connections.
pub(super) fn health_of(inputs: &[HealthInputs]) -> DaemonHealth {
    let connections: BTreeMap<_, _> = inputs.iter().map(|v| (v.name.clone(), connection(v))).collect();
    DaemonHealth { ready: connections.values().all(|c| c.ready), connections }
}

/// Adds a connection that this process can't run.
pub(super) fn add_unavailable(
    health: &mut DaemonHealth,
    name: &ConnectionName,
    unavailable: &Unavailable,
    now: Timestamp,
) {
    health.ready = false;
    let conditions =
        Conditions::unavailable(unavailable.finding().clone(), now).obstacles().cloned().collect();
    let readiness = ConnectionReadiness {
        standby: unavailable.is_standby(),
        conditions,
        ..ConnectionReadiness::default()
    };
    health.connections.insert(name.clone(), readiness);
}

fn connection(inputs: &HealthInputs) -> ConnectionReadiness {
    let conditions: Vec<Condition> = inputs.conditions().obstacles().cloned().collect();
    let store = inputs.store.as_ref().ok();
    ConnectionReadiness {
        ready: conditions.is_empty(),
        standby: false,
        conditions,
        paused_until: store.and_then(|store| store.pause?.time()),
        pending_events: store.map(|store| store.queue.unfinished()),
        oldest_pending_event_at: store.and_then(|store| store.queue.oldest_pending_at),
        blocked_objects: store.map(|store| store.queue.blocked),
        system_log_caught_up_at: store.and_then(|store| store.feed.as_ref()?.caught_up_at),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use sync_engine::{AlertKind, Fact, Finding, FindingCode, Process, Task};

    use super::*;
    use crate::health_inputs::sample;
    use admin_api::AlertEntry;

    fn reasons(change: impl FnOnce(&mut HealthInputs)) -> Vec<FindingCode> {
        let mut inputs = sample();
        change(&mut inputs);
        let found = health_of(&[inputs]).connections.into_values().next().unwrap();
        assert_eq!(found.ready, found.conditions.is_empty());
        found.conditions.iter().filter_map(|condition| condition.reason).collect()
    }

    fn ago(inputs: &HealthInputs, minutes: u64) -> Timestamp {
        inputs.now - Duration::from_mins(minutes)
    }

    fn rejected_token(at: Timestamp) -> AlertEntry {
        AlertEntry {
            kind: AlertKind::SyncStalled,
            task: Some(Task::Events),
            finding: Finding::error(Fact::TaskFailing {
                task: Task::Events,
                error: "Assets rejected the import token".into(),
                occurrences: 1,
            }),
            started_at: at,
            last_occurred_at: at,
            occurrences: 1,
            resolved_at: None,
        }
    }

    #[test]
    fn progress_makes_connection_ready() {
        assert_eq!(reasons(|_| ()), []);
    }

    #[test]
    fn stuck_connection_names_reason() {
        let stuck = [
            reasons(|v| v.process = Process::Absent),
            reasons(|v| v.alerts = vec![rejected_token(v.now)]),
            reasons(|v| v.store = Err(Finding::error(Fact::StoreUnreadable { error: "no disk".into() }))),
            reasons(|v| v.store.as_mut().unwrap().queue.oldest_unclaimed_at = Some(ago(v, 11))),
            reasons(|v| v.store.as_mut().unwrap().feed.as_mut().unwrap().caught_up_at = Some(ago(v, 11))),
            reasons(|v| v.store.as_mut().unwrap().feed = None),
        ];
        let expected = [
            FindingCode::NotRunning,
            FindingCode::TaskFailing,
            FindingCode::StoreUnreadable,
            FindingCode::EventsStalled,
            FindingCode::SystemLogBehind,
            FindingCode::SystemLogBehind,
        ];
        assert_eq!(stuck.concat(), expected);
    }

    #[test]
    fn slow_progress_stays_ready() {
        let minutes = |n| {
            move |v: &mut HealthInputs| v.store.as_mut().unwrap().queue.oldest_unclaimed_at = Some(ago(v, n))
        };
        assert!(reasons(minutes(9)).is_empty(), "within the limit");
        let paused = reasons(|v| {
            minutes(11)(v);
            v.store.as_mut().unwrap().pause = Some(sync_engine::PauseEnd::Open);
        });
        assert!(paused.is_empty(), "events wait while paused");
        let fresh = reasons(|v| {
            minutes(600)(v);
            v.process = Process::Leader { since: ago(v, 1) };
        });
        assert!(fresh.is_empty(), "started a minute ago");
        let hook_alone = reasons(|v| {
            v.store.as_mut().unwrap().feed = None;
            v.reads_log = false;
        });
        assert!(hook_alone.is_empty(), "the System Log is no event source");
    }
}
