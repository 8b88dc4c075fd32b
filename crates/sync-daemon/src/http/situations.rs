//! `/readyz`, `/metrics`, and alerts in each situation.

use std::collections::BTreeSet;

use crate::http::readiness::health_of;
use admin_api::{AlertEntry, ClockSkew};
use sync_engine::{Condition, ConditionStatus, Service, Situation, SituationEvidence};

use super::metrics;
use crate::health_inputs::{HealthInputs, sample};

fn inputs(evidence: &SituationEvidence) -> HealthInputs {
    let skew =
        |of| evidence.clock_skew.iter().find(|(service, _)| *service == of).map(|(_, seconds)| *seconds);
    let alerts = evidence.failing.iter().cloned().map(|failing| AlertEntry {
        kind: failing.kind,
        task: failing.task,
        finding: failing.finding,
        started_at: failing.started_at,
        last_occurred_at: evidence.now(),
        occurrences: 3,
        resolved_at: None,
    });
    HealthInputs {
        now: evidence.now(),
        process: evidence.process.clone(),
        reads_log: evidence.reads_system_log,
        has_hook: evidence.has_event_hook,
        stall_timeout: evidence.stall_timeout(),
        alerts: alerts.collect(),
        checks: evidence.checks,
        check_interval: evidence.check_interval(),
        low_space: evidence.low_space,
        clock_skew: ClockSkew { okta_seconds: skew(Service::Okta), assets_seconds: skew(Service::Assets) },
        held_until: evidence.throttled_until,
        store: evidence.store.clone(),
        ..sample()
    }
}

#[test]
fn readiness_follows_conditions() {
    for situation in Situation::all() {
        let evidence = situation.evidence();
        let health = health_of(&[inputs(&evidence)]);
        let shown = health.connections.into_values().next().unwrap();
        let obstacles: Vec<Condition> = evidence.conditions().obstacles().cloned().collect();
        let name = situation.name;
        assert_eq!((health.ready, shown.ready), (situation.ready, situation.ready), "{name}");
        assert_eq!(shown.conditions, obstacles, "{name}");
    }
}

#[test]
fn metrics_follow_conditions() {
    for situation in Situation::all() {
        let evidence = situation.evidence();
        let measured = inputs(&evidence);
        let health = health_of(std::slice::from_ref(&measured));
        let text = metrics::render(vec![measured], health, None).unwrap();
        let is_set = |kind: &str, status: ConditionStatus| {
            let labels = format!("connection=\"main\",type=\"{kind}\",status=\"{}\"", status.as_str());
            text.contains(&format!("okta_insight_condition{{{labels}}} 1.0\n"))
        };
        for condition in evidence.conditions().iter() {
            let kind = condition.kind.as_str();
            for status in [ConditionStatus::True, ConditionStatus::False, ConditionStatus::Unknown] {
                assert_eq!(
                    is_set(kind, status),
                    status == condition.status,
                    "{}: {kind} {status:?}",
                    situation.name
                );
            }
        }
        let readiness =
            format!("okta_insight_ready{{connection=\"main\"}} {}.0\n", u8::from(situation.ready));
        assert!(text.contains(&readiness), "{}", situation.name);
    }
}

#[test]
fn alerts_belong_to_unmet_conditions() {
    for situation in Situation::all() {
        let evidence = situation.evidence();
        let conditions = evidence.conditions();
        let stated: BTreeSet<String> =
            conditions.unmet().flat_map(|condition| &condition.findings).map(plain_text::finding).collect();
        for failing in &evidence.failing {
            let text = plain_text::finding(&failing.finding);
            assert!(!text.is_empty() && !text.contains('\n'), "{}: {text}", situation.name);
            assert!(stated.contains(&text), "{}: no condition states: {text}", situation.name);
        }
    }
}
