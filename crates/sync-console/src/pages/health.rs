//! The health of a connection: a rendering of its conditions.

use admin_api::{AlertEntry, ConnectionStatus};
use diagnostics::{SetupChecklist, StepState};
use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};
use sync_daemon::Connection;
use sync_engine::{AlertKind, Conditions, ConnectionHealth, Finding, RunState, RunSummary, Severity};
use sync_model::ConnectionName;

use super::components::{Tone, action, aged, badge, framed, time};
use crate::words::{conditions as words, findings, health, labels};

/// Shorter failures aren't listed once they are resolved.
const SOON: SignedDuration = SignedDuration::from_secs(5);
/// The maximum number of resolved alerts on the page.
const SHOWN: usize = 5;

/// The health of a connection.
pub(super) struct Health<'s> {
    connection: &'s ConnectionName,
    conditions: &'s Conditions,
    summary: ConnectionHealth,
}

impl<'s> Health<'s> {
    pub(super) fn of(status: &'s ConnectionStatus, guide: &SetupChecklist) -> Self {
        let setting_up = guide.steps.iter().any(|step| step.state == StepState::Running);
        let summary = ConnectionHealth::of(&status.conditions, setting_up);
        Self { connection: &status.connection, conditions: &status.conditions, summary }
    }

    /// The label.
    pub(super) fn badge(&self) -> Markup {
        badge(tone_of(self.summary), words::health(self.summary))
    }

    /// The most severe problem, for lists.
    pub(super) fn headline(&self) -> Option<Markup> {
        self.shown().next().map(|(_, finding)| findings::finding(finding))
    }

    /// All problems with their remedies.
    pub(super) fn notices(&self) -> Markup {
        html! { @for (since, finding) in self.shown() { (self.notice(since, finding)) } }
    }

    /// The problems with the start of each. Changes on their way are shown as figures.
    fn shown(&self) -> impl Iterator<Item = (Option<Timestamp>, &'s Finding)> {
        self.conditions.problems().map(|(condition, finding)| (condition.since, finding))
    }

    fn notice(&self, since: Option<Timestamp>, finding: &Finding) -> Markup {
        let what = html! {
            (findings::finding(finding))
            @if let Some(since) = since { " " span.small.muted { "Since " (aged(since)) } }
        };
        let remedy = finding.remedy.as_ref().map(|remedy| action(remedy, Some(self.connection)));
        framed(tone(finding.severity), &what, remedy.as_ref())
    }
}

/// The tone of a severity.
const fn tone(severity: Severity) -> Tone {
    match severity {
        Severity::Error => Tone::Problem,
        Severity::Warning => Tone::Warning,
        Severity::Info => Tone::Busy,
    }
}

/// The tone of the summary.
const fn tone_of(health: ConnectionHealth) -> Tone {
    match health {
        ConnectionHealth::InSync => Tone::Good,
        ConnectionHealth::Syncing | ConnectionHealth::SettingUp => Tone::Busy,
        ConnectionHealth::SetupIncomplete | ConnectionHealth::Standby => Tone::Quiet,
        ConnectionHealth::Paused | ConnectionHealth::Degraded => Tone::Warning,
        ConnectionHealth::Blocked | ConnectionHealth::Failing | ConnectionHealth::Unavailable => {
            Tone::Problem
        }
    }
}

/// The state of a run.
pub(super) fn run_badge(run: &RunSummary) -> Markup {
    match (&run.ended_at, &run.report) {
        (None, _) => badge(Tone::Busy, labels::RUNNING),
        (Some(_), None) => badge(Tone::Warning, labels::INTERRUPTED),
        (Some(_), Some(report)) => badge(run_tone(report.state), labels::run_state(report.state)),
    }
}

/// The tone of a run state.
pub(super) const fn run_tone(state: RunState) -> Tone {
    match state {
        RunState::Failed => Tone::Problem,
        RunState::Partial => Tone::Warning,
        RunState::Succeeded => Tone::Good,
    }
}

/// Recently resolved alerts.
pub(super) fn lately(connection: &Connection) -> Markup {
    let alerts = connection.alert_entries();
    let over: Vec<(&AlertEntry, Timestamp)> = alerts
        .iter()
        .filter(|alert| matters(alert))
        .filter_map(|alert| Some((alert, alert.resolved_at?)))
        .take(SHOWN)
        .collect();
    html! {
        @if !over.is_empty() {
            section.card aria-labelledby="resolved" {
                h2 #resolved { (health::RESOLVED) }
                ul { @for (alert, ended) in over {
                    li {
                        (badge(Tone::Good, health::RESOLVED)) " " (findings::finding(&alert.finding))
                        span.small.muted { " from " (time(alert.started_at)) " to " (time(ended)) }
                    }
                } }
            }
        }
    }
}

/// True if a resolved alert outlasted a few retries.
fn matters(alert: &AlertEntry) -> bool {
    let urgent = alert.finding.severity == Severity::Error;
    let rare = matches!(
        alert.kind,
        AlertKind::SafeguardTriggered | AlertKind::SyncFailed | AlertKind::EventHookUnhealthy
    );
    (urgent && (rare || alert.occurrences > 1))
        || alert.last_occurred_at.duration_since(alert.started_at) > SOON
}

#[cfg(test)]
mod tests {
    use sync_engine::{ConditionStatus, Situation};

    use super::*;

    #[test]
    fn notices_follow_conditions() {
        let connection = ConnectionName::try_from("main".to_owned()).unwrap();
        for situation in Situation::all() {
            let evidence = situation.evidence();
            let conditions = evidence.conditions();
            let summary = ConnectionHealth::of(&conditions, evidence.setting_up);
            let health = Health { connection: &connection, conditions: &conditions, summary };
            assert!(
                health.badge().into_string().contains(words::health(situation.health)),
                "{}",
                situation.name
            );
            let notices = health.notices().into_string();
            let unmet = conditions.unmet().filter(|condition| condition.status == ConditionStatus::False);
            for finding in unmet.flat_map(|condition| &condition.findings) {
                let text = findings::finding(finding).into_string();
                let is_stated = notices.contains(&text) || finding.severity == Severity::Info;
                assert!(is_stated, "{}: {text}", situation.name);
            }
        }
    }
}
