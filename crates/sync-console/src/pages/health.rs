//! A verdict on a connection, and everything that somebody has to do about it.

use jiff::{SignedDuration, Timestamp};
use sync_service::engine::{AlertKind, RunFilter, RunKind, RunReport, RunState, RunSummary};
use sync_service::{
    AlertEntry, Connection, ConnectionStatus, EventSource, ServiceError, SetupChecklist, StepState,
};

use maud::{Markup, html};

use super::components::{Tone, badge, capital, count, notice, said, time};
use crate::wording;

/// What takes no longer is not said: that Assets works on what was sent, or that something failed and may pass.
const SOON: SignedDuration = SignedDuration::from_secs(5);
/// From then on somebody should look why it takes so long.
const LONG: SignedDuration = SignedDuration::from_mins(10);
/// A change that is not confirmed for so many seconds is late.
const LATE: f64 = 5.0;
/// So long the log is not read only when something is in the way.
const SILENT: SignedDuration = SignedDuration::from_secs(30);
/// How much of what is over is shown.
const SHOWN: usize = 5;

/// How a connection is doing.
pub(super) struct Health {
    pub(super) tone: Tone,
    /// In a word.
    pub(super) word: &'static str,
    /// Everything that somebody has to do something about.
    told: Vec<Told>,
}

impl Health {
    pub(super) async fn of(
        connection: &Connection,
        status: &ConnectionStatus,
        guide: &SetupChecklist,
    ) -> Result<Self, ServiceError> {
        let told = told(connection, status, guide).await?;
        let is_told = |tone| told.iter().any(|told| told.tone == tone);
        // Nothing is well while something is told.
        let (tone, word) = match verdict(status, guide, &connection.troubles()) {
            (Tone::Good | Tone::Busy, _) if is_told(Tone::Problem) => (Tone::Problem, "Last run failed"),
            (Tone::Good | Tone::Busy, _) if is_told(Tone::Warning) => (Tone::Warning, "Needs a look"),
            verdict => verdict,
        };
        Ok(Self { tone, word, told })
    }

    /// In one line what is wrong, for lists.
    pub(super) fn headline(&self) -> Option<String> {
        let of = |tone| self.told.iter().find(|told| told.tone == tone);
        of(Tone::Problem).or_else(|| of(Tone::Warning)).map(|told| capital(&wording::here(&told.what)))
    }

    /// All of it, each with what to do.
    pub(super) fn notices(&self) -> Markup {
        html! { @for told in &self.told { (notice(told.tone, &told.what, told.remedy.as_deref())) } }
    }
}

/// How a connection is doing, in a word.
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
        (Tone::Warning, "Paused")
    } else if is(AlertKind::SafeguardTriggered) || status.event_queue.blocked > 0 {
        (Tone::Problem, "Held back")
    } else if urgent && !is(AlertKind::SyncFailed) {
        (Tone::Problem, "Stuck")
    } else if failed || urgent {
        (Tone::Problem, "Last run failed")
    } else if status.last_full_sync_at.is_none() {
        if guide.steps.iter().any(|step| step.state == StepState::Running) {
            (Tone::Busy, "Being set up")
        } else {
            (Tone::Quiet, "Set-up not finished")
        }
    } else if status.event_queue.rejected_records > 0
        || status.event_queue.failed > 0
        || status.event_queue.withheld > 0
        || status.event_queue.unreadable > 0
        || is(AlertKind::EventHookUnhealthy)
    {
        (Tone::Warning, "Needs a look")
    } else if !troubles.is_empty() {
        (Tone::Warning, "In difficulties")
    } else if status.event_queue.unconfirmed_records > 0 || status.event_queue.doubted > 0 {
        (Tone::Busy, "Sending again")
    } else if status.event_queue.pending > 0 {
        (Tone::Busy, "Catching up")
    } else {
        (Tone::Good, "Current")
    }
}

/// How a run ended, in a word.
pub(super) fn run_badge(run: &RunSummary) -> Markup {
    match (&run.ended, &run.report) {
        (None, _) => badge(Tone::Busy, "Running"),
        (Some(_), None) => badge(Tone::Warning, "Cut off"),
        (Some(_), Some(report)) => match report.state {
            RunState::Failed => badge(Tone::Problem, "Failed"),
            RunState::Partial => badge(Tone::Warning, "Incomplete"),
            RunState::Succeeded => badge(Tone::Good, "Done"),
        },
    }
}

/// Something that somebody has to know.
struct Told {
    tone: Tone,
    what: String,
    remedy: Option<String>,
}

impl Told {
    fn new(tone: Tone, what: impl Into<String>, remedy: impl Into<Option<String>>) -> Self {
        Self { tone, what: what.into(), remedy: remedy.into() }
    }
}

/// What goes wrong now.
fn open(troubles: &[AlertEntry]) -> impl Iterator<Item = &AlertEntry> {
    troubles.iter().filter(|trouble| trouble.resolved_at.is_none() && matters(trouble))
}

/// What works again as soon as it is tried again is nobody's business.
fn matters(trouble: &AlertEntry) -> bool {
    let rare = matches!(
        trouble.kind,
        AlertKind::SafeguardTriggered | AlertKind::SyncFailed | AlertKind::EventHookUnhealthy
    );
    if trouble.urgent {
        rare || trouble.occurrences > 1
    } else {
        trouble.last_occurred_at.duration_since(trouble.started_at) > SOON
    }
}

fn tone(trouble: &AlertEntry, status: &ConnectionStatus) -> Tone {
    // The log brings what the hook does not.
    let rides =
        trouble.kind == AlertKind::EventHookUnhealthy && status.event_source != EventSource::EventHook;
    if trouble.urgent && !rides { Tone::Problem } else { Tone::Warning }
}

fn of_trouble(trouble: &AlertEntry, status: &ConnectionStatus) -> Told {
    let AlertEntry { message, started_at: since, occurrences: times, .. } = trouble;
    let again =
        if *times > 1 { format!(", {times} times since {since:.0}") } else { format!(", at {since:.0}") };
    let itself =
        "it is tried again by itself, and nothing is lost; see on the Checks page what does not hold";
    let remedy = match &trouble.hint {
        Some(hint) if trouble.urgent => hint.clone(),
        Some(hint) => format!("{hint}; it is tried again by itself"),
        None => itself.to_owned(),
    };
    Told::new(tone(trouble, status), format!("{message}{again}"), Some(remedy))
}

/// Why a run failed, unless what it was to do was done since.
fn failure<'r>(run: &'r RunSummary, status: &ConnectionStatus) -> Option<(&'r RunReport, &'r String)> {
    let report = run.report.as_ref()?;
    let inbox = &status.event_queue;
    let since = match run.kind {
        RunKind::FullSync => status.last_full_sync_at.is_some_and(|at| at > run.started),
        // What it was to apply was found to be there already, which takes no run.
        RunKind::EventSync => {
            inbox.pending + inbox.work_items + inbox.failed + inbox.unconfirmed_records == 0
        }
        _ => false,
    };
    Some((report, report.error.as_ref()?)).filter(|_| !since)
}

/// Requests that wait for their share of Okta's rate limit, once that makes anything late.
fn held_back(connection: &Connection, status: &ConnectionStatus) -> Option<Told> {
    let read = status.system_log.and_then(|log| log.caught_up_at);
    let silent = read.is_some_and(|read| Timestamp::now().duration_since(read) > SILENT);
    let late = status.freshness.oldest_pending_change_seconds.is_some_and(|age| age > LATE) || silent;
    Some(connection.requests_held_back()).filter(|waiting| *waiting > 0 && late).map(|waiting| {
        let waiting = count(waiting as u64, "request");
        Told::new(
            Tone::Busy,
            format!("Okta's rate limit holds {waiting} back; what changes arrives later"),
            Some(
                "nothing has to be done: they go on by themselves; if it happens often, see the rate limits on the \
                 Checks page"
                    .to_owned(),
            ),
        )
    })
}

/// What Assets works on for more than a moment: nothing else can be sent meanwhile.
async fn processing(
    connection: &Connection,
    status: &ConnectionStatus,
) -> Result<Option<Told>, ServiceError> {
    let Some(run) = status.runs.iter().find(|run| run.ended.is_none()) else { return Ok(None) };
    let Some(detail) = connection.run(run.id).await? else { return Ok(None) };
    let under_way = detail.executions.iter().find(|execution| execution.ended.is_none());
    Ok(under_way.and_then(|execution| waiting(execution.id.as_str(), execution.started, Timestamp::now())))
}

fn waiting(execution: &str, since: Timestamp, now: Timestamp) -> Option<Told> {
    let tone = match now.duration_since(since) {
        time if time < SOON => return None,
        time if time < LONG => Tone::Busy,
        _ => Tone::Warning,
    };
    Some(Told::new(
        tone,
        format!("Assets works on what was sent to it at {since:.0}, execution {execution}; what changes waits for that"),
        Some(
            "large imports take minutes; if it does not come to an end, look at it in Assets: object schema, Import \
             tab, the import's history; it is awaited and then sent again by itself"
                .to_owned(),
        ),
    ))
}

/// What went wrong lately, and is over.
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
            section.card aria-labelledby="lately" {
                h2 #lately { "Over by now" }
                ul { @for (trouble, ended) in over {
                    li {
                        (badge(Tone::Good, "Works again")) " " (said(&trouble.message))
                        span.small.muted { " from " (time(trouble.started_at)) " to " (time(ended)) }
                    }
                } }
            }
        }
    }
}

/// Everything that somebody has to do something about.
async fn told(
    connection: &Connection,
    status: &ConnectionStatus,
    guide: &SetupChecklist,
) -> Result<Vec<Told>, ServiceError> {
    let mut all = Vec::new();
    if let Some(pause) = &status.pause {
        let until = pause.until.map(|until| format!(" until {until:.0}")).unwrap_or_default();
        all.push(Told::new(
            Tone::Warning,
            format!("Nothing is sent to Assets{until}: this connection is paused"),
            Some("events are kept meanwhile; press Resume to go on".to_owned()),
        ));
    }
    let is_under_way = guide.steps.iter().any(|step| step.state == StepState::Running);
    if !guide.complete && status.last_full_sync_at.is_none() && !is_under_way {
        all.push(Told::new(
            Tone::Busy,
            "The set-up is not finished",
            Some("go on with it on the Set-up page".to_owned()),
        ));
    }
    let troubles = connection.troubles();
    all.extend(open(&troubles).map(|trouble| of_trouble(trouble, status)));
    for run in [None, Some(RunKind::FullSync)] {
        let filter = RunFilter { kind: run, limit: 1, failed: false };
        let Some(last) = connection.runs(&filter).await?.into_iter().next() else { continue };
        let Some((report, error)) = failure(&last, status) else { continue };
        let what = format!("The last {}run failed: {error}", run.map_or("", |_| "full "));
        // The same is not said twice: by what fails, or as the last of all runs.
        if !all.iter().any(|told| told.what.contains(error)) {
            all.push(Told::new(Tone::Problem, what, report.hint.clone()));
        }
    }
    all.extend(processing(connection, status).await?);
    all.extend(held_back(connection, status));
    for field in &status.withheld {
        let remedy = "correct the attribute in Assets; its values are then sent without being asked for";
        all.push(Told::new(Tone::Warning, field.to_string(), Some(remedy.to_owned())));
    }
    if status.event_queue.unreadable > 0 {
        let unread = count(status.event_queue.unreadable, "object");
        let what = format!("{unread} could not be read in Okta, and may differ in Assets");
        let remedy = "see the messages of the last runs; the objects are read again by ID";
        all.push(Told::new(Tone::Warning, what, Some(remedy.to_owned())));
    }
    if status.event_queue.blocked > 0 {
        all.push(Told::new(
            Tone::Problem,
            format!("A safeguard holds changes of {} back", count(status.event_queue.blocked, "object")),
            Some("look at the plan; if the changes are meant, approve it there".to_owned()),
        ));
    }
    if status.event_queue.failed > 0 {
        all.push(Told::new(
            Tone::Warning,
            format!("{} given up", count(status.event_queue.failed, "event")),
            Some("see why on the Events page, put right what kept them, and replay them there".to_owned()),
        ));
    }
    if status.event_queue.rejected_records > 0 {
        let first = status.unconfirmed.first().map(|u| format!(": {}", u.reason)).unwrap_or_default();
        all.push(Told::new(
            Tone::Warning,
            format!("Assets refuses {}{first}", count(status.event_queue.rejected_records, "record")),
            Some("see them on the Runs page; they are sent again by themselves, rarely".to_owned()),
        ));
    }
    if status.stale_values.values > 0 {
        all.push(Told::new(
            Tone::Warning,
            format!("{} gone in Okta and still in Assets", count(status.stale_values.values, "value")),
            Some(
                "give the connection an account, which clears them, or let the import remove empty values: object \
                 schema, Import tab, Edit mapping, empty values: Remove"
                    .to_owned(),
            ),
        ));
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assets_that_works_for_long_is_told_and_later_warned_of() {
        let since: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        let tone =
            |seconds| waiting("e1", since, since + SignedDuration::from_secs(seconds)).map(|told| told.tone);
        assert_eq!((tone(4), tone(60), tone(3600)), (None, Some(Tone::Busy), Some(Tone::Warning)));
    }
}
