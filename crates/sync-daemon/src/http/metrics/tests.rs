use crate::http::readiness::health_of;
use admin_api::{AlertEntry, DaemonHealth};
use sync_engine::{AlertKind, Fact, Finding, Task};

use super::*;
use crate::health_inputs::sample;

fn judged(inputs: &HealthInputs) -> DaemonHealth {
    health_of(std::slice::from_ref(inputs))
}

fn failing() -> HealthInputs {
    let mut inputs = sample();
    inputs.alerts = vec![AlertEntry {
        kind: AlertKind::SystemLogUnavailable,
        task: Some(Task::EventFeed),
        finding: Finding::warning(Fact::TaskFailing {
            task: Task::EventFeed,
            error: "no answer".into(),
            occurrences: 1,
        }),
        started_at: inputs.now,
        last_occurred_at: inputs.now,
        occurrences: 1,
        resolved_at: None,
    }];
    inputs
}

#[test]
fn metrics_match_documentation() {
    let text = render(
        vec![failing()],
        judged(&failing()),
        Some(Daemon { free_space: Some(1 << 30), ..Daemon::default() }),
    )
    .unwrap();
    assert!(!text.contains("s3cret") && !text.contains("example.okta.com"));
    insta::assert_snapshot!(text);
}

#[test]
fn unreadable_store_keeps_other_metrics() {
    let mut inputs = sample();
    inputs.store = Err(Finding::error(Fact::StoreUnreadable { error: "gone".into() }));
    let health = judged(&inputs);
    let text = render(vec![inputs], health, None).unwrap();
    assert!(text.contains("okta_insight_ready{connection=\"main\"} 0"), "{text}");
    assert!(text.contains("okta_insight_store_up{connection=\"main\"} 0"), "{text}");
    assert!(!text.contains("okta_insight_oldest_pending_change_seconds{"), "{text}");
    assert!(text.contains("okta_insight_okta_requests_total{connection=\"main\"} 120"), "{text}");
}
