//! A verdict on a connection, and everything that somebody has to do about it.

use sync_service::engine::{RunFilter, RunResult, RunSummary};
use sync_service::{ConnectionStatus, Guide, Member, ServiceError, StepState};

use maud::Markup;

use super::parts::{Tone, badge, count};

/// How a connection is doing, in a word.
pub(super) fn verdict(status: &ConnectionStatus, guide: &Guide) -> (Tone, &'static str) {
    let failed = status.runs.first().and_then(|run| run.report.as_ref()).is_some_and(|r| r.error.is_some());
    if status.paused.is_some() {
        (Tone::Warning, "Paused")
    } else if failed {
        (Tone::Problem, "Last run failed")
    } else if status.last_full_sync.is_none() {
        if guide.steps.iter().any(|step| step.state == StepState::Running) {
            (Tone::Busy, "Being set up")
        } else {
            (Tone::Quiet, "Set-up not finished")
        }
    } else if status.inbox.failed > 0 || status.inbox.dead > 0 {
        (Tone::Warning, "Needs a look")
    } else if status.inbox.pending > 0 {
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
        (Some(_), Some(report)) => match report.result {
            RunResult::Failed => badge(Tone::Problem, "Failed"),
            RunResult::Incomplete => badge(Tone::Warning, "Incomplete"),
            RunResult::Done => badge(Tone::Good, "Done"),
        },
    }
}

/// Something that somebody has to know.
pub(super) struct Told {
    pub(super) tone: Tone,
    pub(super) what: String,
    pub(super) remedy: Option<String>,
}

impl Told {
    fn new(tone: Tone, what: impl Into<String>, remedy: impl Into<Option<String>>) -> Self {
        Self { tone, what: what.into(), remedy: remedy.into() }
    }
}

/// Everything that somebody has to do something about.
pub(super) async fn told(
    member: &Member,
    status: &ConnectionStatus,
    guide: &Guide,
) -> Result<Vec<Told>, ServiceError> {
    let mut all = Vec::new();
    if let Some(pause) = status.paused {
        let until = pause.until.map(|until| format!(" until {until:.0}")).unwrap_or_default();
        all.push(Told::new(
            Tone::Warning,
            format!("Nothing is sent to Assets{until}: this connection is paused"),
            Some("events are kept meanwhile; press Resume to go on".to_owned()),
        ));
    }
    if !guide.complete && status.last_full_sync.is_none() {
        all.push(Told::new(
            Tone::Busy,
            "The set-up is not finished",
            Some("go on with it on the Set-up page".to_owned()),
        ));
    }
    let filter = RunFilter { limit: 1, ..RunFilter::default() };
    let last = member.working()?.runs(&filter).await?;
    if let Some((report, error)) = last
        .first()
        .and_then(|run| run.report.as_ref())
        .and_then(|report| Some((report, report.error.as_ref()?)))
    {
        all.push(Told::new(Tone::Problem, format!("The last run failed: {error}"), report.hint.clone()));
    }
    if status.inbox.dead > 0 {
        all.push(Told::new(
            Tone::Warning,
            format!("{} given up", count(status.inbox.dead, "event")),
            Some("see why on the Events page, put right what kept them, and replay them there".to_owned()),
        ));
    }
    if status.inbox.failed > 0 {
        let first = status.unconfirmed.first().map(|u| format!(": {}", u.reason)).unwrap_or_default();
        all.push(Told::new(
            Tone::Warning,
            format!("Assets refuses {}{first}", count(status.inbox.failed, "record")),
            Some("see them on the Runs page; they are sent again by themselves, rarely".to_owned()),
        ));
    }
    if status.uncleared.values > 0 {
        all.push(Told::new(
            Tone::Warning,
            format!("{} gone in Okta and still in Assets", count(status.uncleared.values, "value")),
            Some(
                "give the connection an account, which clears them, or let the import remove empty values: object \
                 schema, Import tab, Edit mapping, empty values: Remove"
                    .to_owned(),
            ),
        ));
    }
    Ok(all)
}
