//! Active runs: the progress, rate, and remaining time of each phase.

use admin_api::{ActiveRun, ActiveRuns, RunPhase};
use maud::{Markup, html};
use sync_engine::RunSummary;
use sync_model::ConnectionName;

use super::super::components::{Tone, aged, badge, empty, number, scroll, span, time};
use super::super::runs::length;
use super::super::{findings, health, links};
use crate::words::{activity as words, labels};

pub(super) fn section(connection: &ConnectionName, view: &ActiveRuns, last: Option<&RunSummary>) -> Markup {
    html! {
        @for run in &view.active { (one(connection, run)) }
        @if view.active.is_empty() {
            @match (view.recent.first(), last) {
                (Some(run), None) => (one(connection, run)),
                // The process that works may be another one.
                (Some(run), Some(last)) if run.run == Some(last.id) || last.started_at < run.started_at => (one(connection, run)),
                (_, Some(run)) => {
                    section.card aria-label="Last run" {
                        // Only the store has an active run of another process.
                        h2 { @if is_active(run) { (words::ACTIVE_RUN) } @else { (words::NO_ACTIVE_RUN) } }
                        p { @if !is_active(run) { "Last run: " } (links::run(connection, run.id)) ", " (labels::run_kind(run.kind)) ", " (time(run.started_at)) " " (health::run_badge(run)) }
                    }
                },
                (None, None) => (empty(words::NO_RUNS, words::NO_RUNS_TEXT, None)),
            }
        }
    }
}

fn is_active(run: &RunSummary) -> bool {
    run.ended_at.is_none()
}

fn one(connection: &ConnectionName, run: &ActiveRun) -> Markup {
    let (tone, word) = match (run.ended_at, run.state) {
        (None, _) => (Tone::Busy, labels::RUNNING),
        (Some(_), Some(state)) => (health::run_tone(state), labels::run_state(state)),
        (Some(_), None) => (Tone::Warning, labels::INTERRUPTED),
    };
    html! {
        section.card aria-label=(labels::run_kind(run.kind)) {
            div.head {
                h2 {
                    @if run.ended_at.is_some() { "Last run: " }
                    (labels::run_kind(run.kind))
                }
                (badge(tone, word))
                span.muted {
                    @match run.ended_at {
                        None => { "Started " (aged(run.started_at)) },
                        Some(ended) => { "Ended " (aged(ended)) " (after " (length(run.duration_seconds)) ")" },
                    }
                }
                @if let Some(id) = run.run { div.actions { (links::run(connection, id)) } }
            }
            @if let Some(failure) = &run.failure { (findings::linked(connection, failure)) }
            @if !run.phases.is_empty() { (phases(&run.phases)) }
        }
    }
}

pub(in super::super) fn phases(phases: &[RunPhase]) -> Markup {
    let rows = html! {
        table {
            thead { tr {
                th scope="col" { "Phase" }
                th scope="col" { "Progress" }
                th.number scope="col" { "Processed" }
                th.number scope="col" { "Per second" }
                th.number scope="col" { "Remaining" }
            } }
            tbody { @for phase in phases { (line(phase)) } }
        }
    };
    scroll("Phases", &rows)
}

fn line(phase: &RunPhase) -> Markup {
    let RunPhase { label, done, total, ended_at: ended, .. } = phase;
    html! {
        tr {
            th scope="row" { (label) }
            td.wide {
                @match (ended, total) {
                    (Some(_), _) => (badge(Tone::Good, "Complete")),
                    (None, Some(total)) => progress value=(done) max=((*total).max(1)) aria-label=(label) {},
                    (None, None) => progress aria-label=(label) {},
                }
            }
            td.number { @match total { Some(total) => { (number(*done)) " of " (number(*total)) }, None if *done == 0 => "–", None => (number(*done)) } }
            td.number { (rate(phase.items_per_second)) }
            td.number { @match phase.remaining_seconds { Some(seconds) => { "about " (span(jiff::SignedDuration::from_secs_f64(seconds.min(1e9)))) }, None => "–" } }
        }
    }
}

/// A rate; slow ones have a decimal.
fn rate(per_second: f64) -> String {
    match per_second {
        none if none <= 0.0 => "–".to_owned(),
        slow if slow < 10.0 => format!("{slow:.1}"),
        fast => format!("{fast:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use sync_engine::{Fact, Finding, Phase, Remedy, RunKind, RunState};
    use sync_model::RunId;

    use super::*;

    fn phase(phase: Phase, done: u64, total: Option<u64>, rest: Option<f64>, ended: bool) -> RunPhase {
        let began = Timestamp::constant(1_772_000_000, 0);
        RunPhase {
            phase,
            label: plain_text::phase(phase).to_owned(),
            started_at: began,
            ended_at: ended.then_some(began),
            duration_seconds: 12.0,
            done,
            total,
            items_per_second: 41.7,
            remaining_seconds: rest,
        }
    }

    fn failed_run(error: &str) -> Finding {
        let fact = Fact::SyncRunFailed { kind: RunKind::FullSync, error: error.to_owned() };
        Finding::error(fact).with_remedy(Remedy::RunChecks)
    }

    #[test]
    fn active_run_shows_progress() {
        let began = Timestamp::constant(1_772_000_000, 0);
        let run = ActiveRun {
            run: Some(RunId::new(3)),
            kind: RunKind::FullSync,
            started_at: began,
            ended_at: None,
            duration_seconds: 12.0,
            state: None,
            failure: None,
            phases: vec![
                phase(Phase::Groups, 12, Some(12), None, true),
                phase(Phase::Users, 500, Some(12_000), Some(276.0), false),
                phase(Phase::Unlisted, 0, None, None, false),
            ],
        };
        let failed = ActiveRun {
            ended_at: Some(began),
            state: Some(RunState::Failed),
            failure: Some(failed_run("Okta answers 500 <b>")),
            phases: Vec::new(),
            ..run.clone()
        };
        let main = ConnectionName::try_from("main".to_owned()).unwrap();
        let running = ActiveRuns { active: vec![run], recent: vec![failed.clone()] };
        let ended = ActiveRuns { active: Vec::new(), recent: vec![failed] };
        let shown = [&running, &ended].map(|view| section(&main, view, None).into_string());
        insta::assert_snapshot!(shown.join("\n\n").replace("><", ">\n<"));
    }

    #[test]
    fn run_of_another_process_is_active() {
        let main = ConnectionName::try_from("main".to_owned()).unwrap();
        let began = Timestamp::constant(1_772_000_000, 0);
        let stored = |ended_at| RunSummary {
            id: RunId::new(3),
            kind: RunKind::EventSync,
            started_at: began,
            ended_at,
            report: None,
        };
        let shown = |ended_at| {
            section(&main, &ActiveRuns { active: Vec::new(), recent: Vec::new() }, Some(&stored(ended_at)))
                .into_string()
        };
        let (running, ended) = (shown(None), shown(Some(began)));
        assert!(running.contains("<h2>Active run</h2>") && !running.contains("Last run: "), "{running}");
        assert!(ended.contains("<h2>No active run</h2>") && ended.contains("Last run: "), "{ended}");
    }
}
