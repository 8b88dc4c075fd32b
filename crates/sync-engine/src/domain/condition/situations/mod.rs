//! Situations of a connection, with their unmet conditions, health, and readiness, for tests of each surface.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used)]

mod data;
mod process;
mod services;
mod situation;

pub use situation::{Situation, SituationEvidence};

impl Situation {
    /// All situations.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        process::SITUATIONS.iter().chain(services::SITUATIONS).chain(data::SITUATIONS)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use strum::IntoEnumIterator;

    use super::Situation;
    use crate::domain::condition::health::ConnectionHealth;
    use crate::domain::condition::{ConditionStatus, ConditionType, Conditions};
    use crate::domain::finding::Finding;
    use crate::domain::finding::fact::FindingCode;

    #[test]
    fn situations_have_stated_conditions() {
        for situation in Situation::all() {
            let name = situation.name;
            let evidence = situation.evidence();
            let conditions = evidence.conditions();
            let unmet: Vec<_> = conditions
                .unmet()
                .filter(|condition| condition.status == ConditionStatus::False)
                .map(|condition| (condition.kind, condition.reason.unwrap(), condition.severity.unwrap()))
                .collect();
            assert_eq!(unmet, situation.unmet, "{name}");
            let current = conditions.get(ConditionType::Current).unwrap();
            assert_eq!(current.status, situation.current, "{name}: current");
            assert_eq!(conditions.is_ready(), situation.ready, "{name}: ready");
            assert_eq!(
                ConnectionHealth::of(&conditions, evidence.setting_up),
                situation.health,
                "{name}: health"
            );
        }
    }

    /// A difference is never called current, and each unmet condition has a finding.
    #[test]
    fn unmet_conditions_have_findings() {
        for situation in Situation::all() {
            let evidence = situation.evidence();
            let conditions = evidence.conditions();
            for condition in conditions.unmet() {
                let first = condition.findings.first().map(Finding::code);
                assert_eq!(first, condition.reason, "{}: {:?}", situation.name, condition.kind);
            }
            // A warning that says nothing of the data leaves the connection current.
            let health = ConnectionHealth::of(&conditions, evidence.setting_up);
            let quiet = matches!(health, ConnectionHealth::InSync | ConnectionHealth::Degraded);
            assert!(quiet || !conditions.is_current(), "{}: {health:?}", situation.name);
            let json = serde_json::to_value(&conditions).unwrap();
            assert_eq!(serde_json::from_value::<Conditions>(json).unwrap(), conditions, "{}", situation.name);
        }
    }

    #[test]
    fn unchecked_event_hook_is_unknown() {
        for name in ["event hook not checked yet", "event hook checked too long ago"] {
            let situation = Situation::all().find(|situation| situation.name == name).unwrap();
            let conditions = situation.evidence().conditions();
            let hook = conditions.get(ConditionType::EventHookReady).unwrap();
            assert_eq!(hook.status, ConditionStatus::Unknown, "{name}");
            assert_eq!(hook.reason, Some(FindingCode::EventHookUnchecked), "{name}");
        }
    }

    #[test]
    fn table_covers_all_types() {
        assert!(Situation::all().count() >= 60, "{} situations", Situation::all().count());
        let names: BTreeSet<_> = Situation::all().map(|situation| situation.name).collect();
        assert_eq!(names.len(), Situation::all().count(), "a name twice");
        let unmet = || Situation::all().flat_map(|situation| situation.unmet);
        let types: BTreeSet<_> = unmet().map(|(kind, ..)| *kind).collect();
        for kind in ConditionType::iter().filter(|kind| *kind != ConditionType::Current) {
            assert!(types.contains(&kind), "no situation with {kind:?} unmet");
        }
    }

    /// A reason that conditions can have needs a situation.
    #[test]
    fn table_covers_all_derived_reasons() {
        let derived = include_str!("../derive.rs");
        let names: BTreeSet<String> = derived
            .split("Fact::")
            .skip(1)
            .map(|rest| rest.chars().take_while(char::is_ascii_alphanumeric).collect())
            .collect();
        let reasons: BTreeSet<String> = Situation::all()
            .flat_map(|situation| situation.evidence().conditions().0)
            .flat_map(|condition| condition.findings)
            .map(|finding| format!("{:?}", finding.code()))
            .collect();
        let missing: Vec<_> = names.difference(&reasons).collect();
        assert!(names.len() > 15 && missing.is_empty(), "no situation with {missing:?}");
    }
}
