//! The health of a connection: its label, and messages with remedies.

use jiff::{SignedDuration, Timestamp};
use sync_service::engine::{
    AlertKind, Fact, Finding, RunFilter, RunKind, RunReport, RunState, RunSummary, Severity,
};
use sync_service::model::RunId;
use sync_service::words::finding as finding_text;
use sync_service::{
    AlertEntry, Connection, ConnectionStatus, EventSource, ServiceError, SetupChecklist, StepState,
};

use maud::{Markup, html};

use super::components::{Tone, action, badge, capital, framed, said, time, told};
use crate::wording;
use crate::words::{health as words, labels};

/// Shorter processing and shorter failures aren't shown.
const SOON: SignedDuration = SignedDuration::from_secs(5);
/// Longer processing is a warning.
const LONG: SignedDuration = SignedDuration::from_mins(10);
/// A change that isn't confirmed for so many seconds is late.
const LATE: f64 = 5.0;
/// A System Log that isn't read for so long is delayed.
const SILENT: SignedDuration = SignedDuration::from_secs(30);
/// The maximum number of resolved alerts on the page.
const SHOWN: usize = 5;

/// The health of a connection.
pub(super) struct Health {
    pub(super) tone: Tone,
    /// Its label.
    pub(super) word: &'static str,
    /// The problems behind it.
    messages: Vec<Message>,
}

impl Health {
    pub(super) async fn of(
        connection: &Connection,
        status: &ConnectionStatus,
        guide: &SetupChecklist,
    ) -> Result<Self, ServiceError> {
        let messages = messages(connection, status, guide).await?;
        let has = |tone| messages.iter().any(|message| message.tone == tone);
        // A connection with a problem is never shown as healthy.
        let (tone, word) = match verdict(status, guide, &connection.troubles()) {
            (Tone::Good | Tone::Busy, _) if has(Tone::Problem) => (Tone::Problem, words::FAILING),
            (Tone::Good | Tone::Busy, _) if has(Tone::Warning) => (Tone::Warning, words::DEGRADED),
            verdict => verdict,
        };
        Ok(Self { tone, word, messages })
    }

    /// The worst problem in one line, for lists.
    pub(super) fn headline(&self) -> Option<String> {
        let of = |tone| self.messages.iter().find(|message| message.tone == tone);
        of(Tone::Problem).or_else(|| of(Tone::Warning)).map(|message| capital(&wording::here(&message.what)))
    }

    /// All messages with their remedies.
    pub(super) fn notices(&self) -> Markup {
        html! { @for message in &self.messages { (framed(message.tone, &told(&message.what), message.remedy.as_ref())) } }
    }
}

/// The health that the status shows.
fn verdict(
    status: &ConnectionStatus,
    guide: &SetupChecklist,
    troubles: &[AlertEntry],
) -> (Tone, &'static str) {
    let failed = status.runs.first().and_then(|run| run.report.as_ref()).is_some_and(|r| r.error.is_some());
    let troubles: Vec<&AlertEntry> = open(troubles).collect();
    let is = |kind: AlertKind| troubles.iter().any(|trouble| trouble.kind == kind);
    let urgent = troubles.iter().any(|trouble| tone(trouble, status) == Tone::Problem);
    if status.pause.is_some() {
        (Tone::Warning, words::PAUSED)
    } else if is(AlertKind::SafeguardTriggered) || status.event_queue.blocked > 0 {
        (Tone::Problem, words::BLOCKED)
    } else if failed || urgent {
        (Tone::Problem, words::FAILING)
    } else if status.last_full_sync_at.is_none() {
        if guide.steps.iter().any(|step| step.state == StepState::Running) {
            (Tone::Busy, words::SETTING_UP)
        } else {
            (Tone::Quiet, words::SETUP_INCOMPLETE)
        }
    } else if status.event_queue.rejected_records > 0
        || status.event_queue.failed > 0
        || status.event_queue.withheld > 0
        || status.event_queue.unreadable > 0
        || !troubles.is_empty()
    {
        (Tone::Warning, words::DEGRADED)
    } else if status.event_queue.unconfirmed_records > 0
        || status.event_queue.doubted > 0
        || status.event_queue.unfinished() > 0
    {
        (Tone::Busy, words::SYNCING)
    } else {
        (Tone::Good, words::IN_SYNC)
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

/// A message about the connection.
struct Message {
    tone: Tone,
    what: String,
    remedy: Option<Markup>,
}

impl Message {
    fn new(tone: Tone, what: impl Into<String>, remedy: impl Into<Option<Markup>>) -> Self {
        Self { tone, what: what.into(), remedy: remedy.into() }
    }
}

/// The firing alerts.
fn open(troubles: &[AlertEntry]) -> impl Iterator<Item = &AlertEntry> {
    troubles.iter().filter(|trouble| trouble.resolved_at.is_none() && matters(trouble))
}

/// True if an alert outlasts a single retry.
fn matters(trouble: &AlertEntry) -> bool {
    let rare = matches!(
        trouble.kind,
        AlertKind::SafeguardTriggered | AlertKind::SyncFailed | AlertKind::EventHookUnhealthy
    );
    if trouble.finding.severity == Severity::Error {
        rare || trouble.occurrences > 1
    } else {
        trouble.last_occurred_at.duration_since(trouble.started_at) > SOON
    }
}

fn tone(trouble: &AlertEntry, status: &ConnectionStatus) -> Tone {
    // The System Log delivers what the hook doesn't.
    let covered =
        trouble.kind == AlertKind::EventHookUnhealthy && status.event_source != EventSource::EventHook;
    if trouble.finding.severity == Severity::Error && !covered { Tone::Problem } else { Tone::Warning }
}

fn of_alert(alert: &AlertEntry, status: &ConnectionStatus) -> Message {
    let AlertEntry { finding, .. } = alert;
    let remedy = finding.remedy.as_ref().map(|remedy| action(remedy, Some(&status.connection)));
    let remedy = match remedy {
        Some(remedy) if finding.severity == Severity::Error => remedy,
        Some(remedy) => html! { (remedy) " " (words::IS_RETRIED) },
        None => told(words::RETRIED),
    };
    let what = words::alert(&finding_text(finding), alert.occurrences, alert.started_at);
    Message::new(tone(alert, status), what, remedy)
}

/// True if an alert and a run report the same failure.
fn is_same(alert: &Finding, run: &Finding) -> bool {
    match (&alert.fact, &run.fact) {
        (Fact::TaskFailing { error, .. }, Fact::RunFailed { error: of_run, .. }) => error == of_run,
        (alert, run) => alert == run,
    }
}

/// The error of a run, unless a later run made up for it.
fn failure<'r>(run: &'r RunSummary, status: &ConnectionStatus) -> Option<(&'r RunReport, &'r String)> {
    let report = run.report.as_ref()?;
    let inbox = &status.event_queue;
    let since = match run.kind {
        RunKind::FullSync => status.last_full_sync_at.is_some_and(|at| at > run.started_at),
        // Applied without a run: Assets had it already.
        RunKind::EventSync => {
            inbox.unfinished() + inbox.work_items + inbox.failed + inbox.unconfirmed_records == 0
        }
        _ => false,
    };
    Some((report, report.error.as_ref()?)).filter(|_| !since)
}

/// Requests that wait for Okta's rate limit, once that delays changes.
fn held_back(connection: &Connection, status: &ConnectionStatus) -> Option<Message> {
    let read = status.system_log.and_then(|log| log.caught_up_at);
    let silent = read.is_some_and(|read| Timestamp::now().duration_since(read) > SILENT);
    let late = status.freshness.oldest_pending_change_seconds.is_some_and(|age| age > LATE) || silent;
    let requests = Some(connection.requests_held_back()).filter(|requests| *requests > 0 && late)?;
    Some(Message::new(Tone::Busy, words::queued(requests as u64), told(words::QUEUED_REMEDY)))
}

/// The execution that Assets has been processing for longer than a moment: it blocks all others.
async fn processing(
    connection: &Connection,
    status: &ConnectionStatus,
) -> Result<Option<Message>, ServiceError> {
    let Some(run) = status.runs.iter().find(|run| run.ended_at.is_none()) else { return Ok(None) };
    let Some(detail) = connection.run(run.id).await? else { return Ok(None) };
    let under_way = detail.executions.iter().find(|execution| execution.ended_at.is_none());
    Ok(under_way.and_then(|execution| waiting(execution.id.as_str(), execution.started_at, Timestamp::now())))
}

fn waiting(execution: &str, since: Timestamp, now: Timestamp) -> Option<Message> {
    let tone = match now.duration_since(since) {
        time if time < SOON => return None,
        time if time < LONG => Tone::Busy,
        _ => Tone::Warning,
    };
    Some(Message::new(tone, words::processing(execution, since), told(words::PROCESSING_REMEDY)))
}

/// Recently resolved alerts.
pub(super) fn lately(connection: &Connection) -> Markup {
    let troubles = connection.troubles();
    let over: Vec<(&AlertEntry, Timestamp)> = troubles
        .iter()
        .filter(|trouble| matters(trouble))
        .filter_map(|trouble| Some((trouble, trouble.resolved_at?)))
        .take(SHOWN)
        .collect();
    html! {
        @if !over.is_empty() {
            section.card aria-labelledby="resolved" {
                h2 #resolved { (words::RESOLVED) }
                ul { @for (trouble, ended) in over {
                    li {
                        (badge(Tone::Good, words::RESOLVED)) " " (said(&finding_text(&trouble.finding)))
                        span.small.muted { " from " (time(trouble.started_at)) " to " (time(ended)) }
                    }
                } }
            }
        }
    }
}

/// All messages about the connection.
async fn messages(
    connection: &Connection,
    status: &ConnectionStatus,
    guide: &SetupChecklist,
) -> Result<Vec<Message>, ServiceError> {
    let mut all = Vec::new();
    let mut add = |tone, what: String, remedy: &str| all.push(Message::new(tone, what, told(remedy)));
    if let Some(pause) = &status.pause {
        add(Tone::Warning, words::paused(pause.until), words::PAUSED_REMEDY);
    }
    let is_running = guide.steps.iter().any(|step| step.state == StepState::Running);
    if !guide.complete && status.last_full_sync_at.is_none() && !is_running {
        add(Tone::Busy, words::NOT_SET_UP.to_owned(), words::NOT_SET_UP_REMEDY);
    }
    let alerts = connection.troubles();
    all.extend(open(&alerts).map(|alert| of_alert(alert, status)));
    all.extend(failures(connection, status, &alerts).await?);
    all.extend(processing(connection, status).await?);
    all.extend(held_back(connection, status));
    let mut add = |tone, what: String, remedy: &str| all.push(Message::new(tone, what, told(remedy)));
    let queue = &status.event_queue;
    for field in &status.withheld {
        add(Tone::Warning, field.to_string(), words::WITHHELD_REMEDY);
    }
    if queue.unreadable > 0 {
        add(Tone::Warning, words::unreadable(queue.unreadable), words::UNREADABLE_REMEDY);
    }
    if queue.blocked > 0 {
        add(Tone::Problem, words::blocked(queue.blocked), words::BLOCKED_REMEDY);
    }
    if queue.failed > 0 {
        add(Tone::Warning, words::failed(queue.failed), words::FAILED_REMEDY);
    }
    if queue.rejected_records > 0 {
        let reason = status.unconfirmed.first().map(|record| record.reason.as_str());
        add(Tone::Warning, words::rejected(queue.rejected_records, reason), words::REJECTED_REMEDY);
    }
    if status.stale_values.values > 0 {
        add(Tone::Warning, words::stale(status.stale_values.values), words::STALE_REMEDY);
    }
    Ok(all)
}

/// The failures of the last run and of the last full sync that no alert reports.
async fn failures(
    connection: &Connection,
    status: &ConnectionStatus,
    alerts: &[AlertEntry],
) -> Result<Vec<Message>, ServiceError> {
    let mut found: Vec<(RunId, Message)> = Vec::new();
    for kind in [None, Some(RunKind::FullSync)] {
        let filter = RunFilter { kind, limit: 1, ..RunFilter::default() };
        let Some(last) = connection.runs(&filter).await?.into_iter().next() else { continue };
        let Some((report, error)) = failure(&last, status) else { continue };
        let is_reported = report
            .finding
            .as_ref()
            .is_some_and(|finding| open(alerts).any(|alert| is_same(&alert.finding, finding)));
        if !is_reported && found.iter().all(|(run, _)| *run != last.id) {
            let what = words::last_failed(kind, error);
            let remedy = report.remedy().map(|remedy| action(remedy, Some(&status.connection)));
            found.push((last.id, Message::new(Tone::Problem, what, remedy)));
        }
    }
    Ok(found.into_iter().map(|(_, message)| message).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_processing_becomes_warning() {
        let since: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        let tone = |seconds| {
            waiting("e1", since, since + SignedDuration::from_secs(seconds)).map(|message| message.tone)
        };
        assert_eq!((tone(4), tone(60), tone(3600)), (None, Some(Tone::Busy), Some(Tone::Warning)));
    }
}
