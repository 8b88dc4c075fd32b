//! The page of one run.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use plain_text::unconfirmed_reason;
use sync_daemon::{ManagedConnection, ServiceError};
use sync_engine::{RunDetail, RunExecution, RunReport, UnconfirmedRecord};
use sync_model::{ConnectionName, RunId};

use super::super::components::{Tone, badge, capital, count, number, scroll, time};
use super::super::findings;
use super::super::links;
use super::super::scope::Chosen;
use super::super::stream::{Part, stream_parts};
use super::super::{PageError, health, layout};
use super::duration::duration;
use crate::access::Identity;
use crate::app::App;
use crate::words::{activity as words, labels};

pub(super) async fn page(
    identity: Identity,
    Chosen(member): Chosen,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response, PageError> {
    let id = number_of(&id)?;
    let run = member.working()?.run(id).await?.ok_or(PageError::Missing("run"))?;
    let shown = all(member.name(), &run);
    let stream_path = links::address(member.name(), &["runs", &id.to_string(), "stream"]);
    let body = html! {
        p.crumbs { a href=(links::address(member.name(), &["runs"])) { "All runs" } }
        @if run.summary.ended_at.is_none() {
            div data-live=(stream_path) { div data-part="run" { (shown) } }
        } @else { (shown) }
    };
    Ok(layout::connection_page(&identity, &member, "/runs", &body).into_response())
}

pub(super) async fn stream(
    State(app): State<App>,
    _: Identity,
    Chosen(member): Chosen,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response, PageError> {
    let id = number_of(&id)?;
    member.working()?.run(id).await?.ok_or(PageError::Missing("run"))?;
    Ok(stream_parts(&app, move || {
        let member = member.clone();
        async move { part(&member, id).await }
    }))
}

fn number_of(id: &str) -> Result<RunId, PageError> {
    id.parse().map(RunId::new).map_err(|_| PageError::Missing("run"))
}

async fn part(member: &Arc<ManagedConnection>, id: RunId) -> Result<Vec<Part>, ServiceError> {
    let run = member.working()?.run(id).await?;
    Ok(run.map(|run| Part::new("run", all(member.name(), &run))).into_iter().collect())
}

fn all(connection: &ConnectionName, detail: &RunDetail) -> Markup {
    let run = &detail.summary;
    html! {
        div.head {
            h1 { "Run " (run.id) }
            (health::run_badge(run))
            span.muted { (labels::run_kind(run.kind)) }
        }
        @if let Some(report) = &run.report {
            @if let Some(failure) = &report.failure { (findings::linked(connection, failure)) }
        }
        section.card aria-label="Details" {
            dl.facts {
                dt { "Started" } dd { (time(run.started_at)) }
                dt { "Ended" } dd { @match run.ended_at { Some(ended) => { (time(ended)) " (after " (duration(run)) ")" }, None => { "Not yet" } } }
                @if let Some(report) = &run.report { (facts(report)) }
            }
        }
        @if let Some(report) = &run.report { (counts(report)) (added(report)) }
        (executions(&detail.executions))
        (rejected(connection, detail.rejected_count, &detail.rejected_records))
        @if let Some(report) = &run.report { (drift(connection, report)) (data(connection, report)) }
    }
}

fn facts(report: &RunReport) -> Markup {
    html! {
        dt { "Mapping" } dd { @match &report.mapping_version { Some(mapping) => code { (mapping) }, None => "Not known yet" } }
        dt { "Okta requests" } dd { (number(report.okta_requests)) }
        dt { "Sent to Assets" } dd { (count(report.executions, "execution")) ", " (count(report.chunks, "chunk")) }
        @if report.retired > 0 { dt { "Retired" } dd { (count(report.retired, "object")) } }
        @if report.cleared_values > 0 { dt { "Cleared with the Atlassian account" } dd { (count(report.cleared_values, "value")) } }
        @if report.resumed { dt { "Resumed" } dd { (words::RESUMED) } }
    }
}

fn counts(report: &RunReport) -> Markup {
    if report.records.is_empty() {
        return html! {};
    }
    let table = html! {
        table.compact {
            caption { "Objects" }
            thead { tr {
                th scope="col" { "Kind" }
                @for word in ["Read", "Sent", "Created", "Updated", "Identical", "Rejected"] { th.number scope="col" { (word) } }
            } }
            tbody { @for (kind, n) in &report.records {
                tr {
                    th scope="row" { (labels::objects(*kind)) }
                    @for n in [n.read, n.sent, n.created, n.updated, n.identical, n.rejected] { td.number { (number(n)) } }
                }
            } }
        }
    };
    scroll("Objects of the run", &table)
}

fn added(report: &RunReport) -> Markup {
    html! {
        @if !report.added_attributes.is_empty() {
            section.card aria-label="New attributes" {
                h2 { "New attributes in Assets" }
                ul { @for name in &report.added_attributes { li { (name) } } }
            }
        }
    }
}

fn executions(executions: &[RunExecution]) -> Markup {
    if executions.is_empty() {
        return html! {};
    }
    let table = html! {
        table {
            caption { "Executions in Assets" }
            thead { tr { th scope="col" { "Execution" } th scope="col" { "Started" } th scope="col" { "Ended" } th scope="col" { "Outcome" } } }
            tbody { @for execution in executions {
                tr {
                    th scope="row" { code { (execution.id) } }
                    td.nowrap { (time(execution.started_at)) }
                    td.nowrap { @match execution.ended_at { Some(ended) => (time(ended)), None => "–" } }
                    td.nowrap { @match (execution.ended_at, execution.processed) {
                        (None, _) => (badge(Tone::Busy, "Outcome unknown")),
                        (Some(_), true) => (badge(Tone::Good, "Processed")),
                        (Some(_), false) => (badge(Tone::Problem, "Discarded")),
                    } }
                }
            } }
        }
    };
    scroll("Executions in Assets", &table)
}

fn rejected(connection: &ConnectionName, all: u64, records: &[UnconfirmedRecord]) -> Markup {
    if all == 0 {
        return html! {};
    }
    let table = html! {
        table {
            caption { "Rejected records: " (number(all)) }
            thead { tr {
                th scope="col" { "Object" } th scope="col" { "Reason" } th.number scope="col" { "Attempts" } th scope="col" { "Next attempt" }
            } }
            tbody { @for record in records {
                tr {
                    th scope="row" { (record.key.kind) " " (links::object(connection, &record.key, None)) }
                    td { (capital(unconfirmed_reason(record.attempts, &record.reason))) }
                    td.number { (record.attempts) }
                    td.nowrap { (time(record.next_attempt_at)) }
                }
            } }
        }
    };
    let hidden = all.saturating_sub(records.len() as u64);
    html! {
        (scroll("Rejected records", &table))
        @if hidden > 0 { p.muted { (count(hidden, "more record")) " not shown." } }
    }
}

fn drift(connection: &ConnectionName, report: &RunReport) -> Markup {
    html! {
        @if !report.drift.is_empty() {
            section.card aria-label="Schema drift" {
                h2 { "Schema drift" }
                ul { @for finding in &report.drift { li { (findings::line(connection, finding)) } } }
            }
        }
    }
}

fn data(connection: &ConnectionName, report: &RunReport) -> Markup {
    let found = report.data_findings();
    html! {
        @if !found.is_empty() {
            section.card aria-label="Findings" {
                h2 { "Findings" }
                ul { @for finding in &found { li { (findings::line(connection, finding)) } } }
                @if report.findings.len() == RunReport::MAX_FINDINGS { p.muted { (words::FINDINGS_CUT) } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::Timestamp;
    use sync_engine::{Fact, Finding, RecordCounts, Remedy, RunKind, RunState, RunSummary};
    use sync_model::{ExecutionId, ObjectKind, RecordKey};

    use super::*;

    #[test]
    fn failed_run_shows_rejected_records() {
        let at = |seconds: i64| Timestamp::constant(1_772_000_000 + seconds, 0);
        let counts = RecordCounts { read: 1200, sent: 9, created: 4, updated: 2, identical: 1, rejected: 2 };
        let report = RunReport {
            state: RunState::Failed,
            executions: 1,
            chunks: 3,
            records: BTreeMap::from([(ObjectKind::User, counts)]),
            retired: 1,
            cleared_values: 2,
            okta_requests: 14,
            duration_seconds: 75.0,
            added_attributes: vec!["Okta User: <Team>".into()],
            findings: vec![Finding::warning(Fact::ImportMessage {
                message: "city: <b> is not a city".into(),
            })],
            failure: Some(
                Finding::error(Fact::SyncRunFailed {
                    kind: RunKind::FullSync,
                    error: "Assets answers 500 <b>".into(),
                })
                .with_remedy(Remedy::RunChecks),
            ),
            execution: None,
            resumed: true,
            mapping_version: None,
            ..RunReport::default()
        };
        let summary = RunSummary {
            id: RunId::new(7),
            kind: RunKind::FullSync,
            started_at: at(0),
            ended_at: Some(at(75)),
            report: Some(report),
        };
        let execution = |id: &str, ended, processed| RunExecution {
            id: ExecutionId::new(id),
            started_at: at(60),
            ended_at: ended,
            processed,
        };
        let executions = vec![
            execution("e1", Some(at(70)), true),
            execution("e2", Some(at(71)), false),
            execution("e3", None, false),
        ];
        let refused = UnconfirmedRecord {
            key: RecordKey { kind: ObjectKind::User, id: "00u1".into() },
            attempts: 6,
            reason: "value too long: <script>".into(),
            next_attempt_at: at(3600),
            name: None,
            rejected: true,
        };
        let detail = RunDetail { summary, executions, rejected_count: 3, rejected_records: vec![refused] };
        let main = ConnectionName::try_from("main".to_owned()).unwrap();
        insta::assert_snapshot!(all(&main, &detail).into_string().replace("><", ">\n<"));
    }
}
