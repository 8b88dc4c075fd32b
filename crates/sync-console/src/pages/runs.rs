//! The history of runs, as a list and one by one.

mod detail;
mod duration;

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use maud::{Markup, html};
use sync_daemon::{ManagedConnection, ServiceError};
use sync_engine::{RecordCounts, RunFilter, RunKind, RunSummary};

use super::components::{count, empty, number, scroll, time};
use super::links::{self, address, asking};
use super::scope::Chosen;
use super::stream::{Part, stream_parts};
use super::{PageError, health, layout};
use crate::access::Identity;
use crate::app::App;
use crate::words::{activity as words, findings, labels};
use duration::duration;
pub(super) use duration::length;

/// The default and the maximum number of runs on the page.
const SHOWN: u32 = 50;
const MOST: u32 = 1000;

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/connections/{name}/runs", get(list))
        .route("/connections/{name}/runs/stream", get(list_stream))
        .route("/connections/{name}/runs/{id}", get(detail::page))
        .route("/connections/{name}/runs/{id}/stream", get(detail::stream))
}

/// The run kinds of the history.
fn kinds() -> impl Iterator<Item = RunKind> {
    RunKind::ALL.into_iter().filter(|kind| *kind != RunKind::Plan)
}

fn filter(query: &HashMap<String, String>) -> Result<RunFilter, PageError> {
    let kind = match query.get("kind").map_or("", String::as_str) {
        "" => None,
        word => Some(
            kinds()
                .find(|kind| kind.as_str() == word)
                .ok_or_else(|| PageError::Bad(format!("{word} isn't a run kind")))?,
        ),
    };
    let limit = query.get("limit").and_then(|limit| limit.parse().ok()).unwrap_or(SHOWN);
    Ok(RunFilter { kind, state: None, failed: query.contains_key("failed"), limit: limit.clamp(1, MOST) })
}

/// The address of a list like this one.
fn place(member: &ManagedConnection, end: &str, filter: RunFilter) -> String {
    let path = address(member.name(), &["runs"]) + end;
    let limit = if filter.limit == SHOWN { String::new() } else { filter.limit.to_string() };
    let failed = if filter.failed { "yes" } else { "" };
    asking(&path, &[("kind", filter.kind.map_or("", RunKind::as_str)), ("failed", failed), ("limit", &limit)])
}

async fn list(
    identity: Identity,
    Chosen(member): Chosen,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Response, PageError> {
    let filter = filter(&query)?;
    let body = html! {
        div.head { h1 { "Runs" } p.muted { (words::RUNS) } }
        form.filters method="get" role="search" aria-label="Runs" {
            div.field {
                label for="kind" { "Kind" }
                select name="kind" id="kind" {
                    option value="" { "All kinds" }
                    @for kind in kinds() {
                        option value=(kind.as_str()) selected[filter.kind == Some(kind)] { (labels::run_kind(kind)) }
                    }
                }
            }
            div.check {
                input type="checkbox" name="failed" id="failed" value="yes" checked[filter.failed];
                label for="failed" { "Failed and partial only" }
            }
            button type="submit" { "Show" }
        }
        div data-live=(place(&member, "/stream", filter)) {
            div data-part="runs" { (table(&member, filter).await?) }
        }
    };
    Ok(layout::connection_page(&identity, &member, "/runs", &body).into_response())
}

async fn list_stream(
    State(app): State<App>,
    _: Identity,
    Chosen(member): Chosen,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Response, PageError> {
    let filter = filter(&query)?;
    Ok(stream_parts(&app, move || {
        let member: Arc<ManagedConnection> = member.clone();
        async move { Ok(vec![Part::new("runs", table(&member, filter).await?)]) }
    }))
}

async fn table(member: &ManagedConnection, filter: RunFilter) -> Result<Markup, ServiceError> {
    let runs = member.working()?.runs(&filter).await?;
    if runs.is_empty() {
        let all = filter.kind.is_none() && !filter.failed;
        return Ok(if all {
            empty(words::NO_RUNS, words::NO_RUNS_TEXT, None)
        } else {
            let action = html! { a.button href=(address(member.name(), &["runs"])) { "Show all runs" } };
            empty(words::NO_MATCHING_RUNS, words::NO_MATCHING_RUNS_TEXT, Some(action))
        });
    }
    let more = runs.len() == filter.limit as usize && filter.limit < MOST;
    let rows = html! {
        table {
            thead { tr {
                th scope="col" { "Run" }
                th scope="col" { "Started" }
                th.number scope="col" { "Duration" }
                th scope="col" { "Kind" }
                th scope="col" { "State" }
                th scope="col" { "Sent" }
                th.number scope="col" { "Rejected" }
                th scope="col" { "Mapping" }
            } }
            tbody { @for run in &runs { (row(member, run)) } }
        }
    };
    Ok(html! {
        (scroll("Runs", &rows))
        @if more {
            @let next = RunFilter { limit: filter.limit.saturating_mul(4).min(MOST), ..filter };
            a.button href=(place(member, "", next)) { "Show older runs" }
        }
    })
}

fn row(member: &ManagedConnection, run: &RunSummary) -> Markup {
    let report = run.report.as_ref();
    let rejected = report.map_or(0, |report| report.records.values().map(|counts| counts.rejected).sum());
    html! {
        tr {
            th.nowrap scope="row" { (links::run(member.name(), run.id)) }
            td.nowrap { (time(run.started_at)) }
            td.number { (duration(run)) }
            td.nowrap { (labels::run_kind(run.kind)) }
            td.nowrap { (health::run_badge(run)) }
            td { (sent(run)) }
            td.number { @if report.is_some() { (number(rejected)) } }
            td { @if let Some(mapping) = report.and_then(|report| report.mapping_version.as_ref()) { code { (mapping) } } }
        }
    }
}

/// The sent records by object kind and outcome.
fn sent(run: &RunSummary) -> Markup {
    let Some(report) = &run.report else { return html! {} };
    let parts: Vec<String> = report
        .records
        .iter()
        .filter(|(_, counts)| counts.sent > 0)
        .map(|(kind, counts)| format!("{} ({})", count(counts.sent, kind.as_str()), outcome(counts)))
        .collect();
    html! {
        @if let Some(failure) = report.failure.as_ref().filter(|_| parts.is_empty()) {
            span.small { (findings::finding(failure)) }
        } @else if parts.is_empty() {
            span.muted { "No differences" }
        } @else {
            (parts.join(", "))
        }
    }
}

fn outcome(counts: &RecordCounts) -> String {
    let parts = [
        (counts.created, "created"),
        (counts.updated, "updated"),
        (counts.identical, "identical"),
        (counts.rejected, "rejected"),
    ];
    let parts: Vec<String> =
        parts.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{} {word}", number(*n))).collect();
    if parts.is_empty() { "unconfirmed".to_owned() } else { parts.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn run_filter_validates_kind_and_limit() {
        let query = |pairs: &[(&str, &str)]| {
            filter(&pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect())
        };
        assert!(query(&[("kind", "plan")]).is_err());
        assert_eq!(query(&[("limit", "999999")]).unwrap().limit, MOST);
        assert_eq!(
            query(&[("limit", "x"), ("kind", "")]).unwrap(),
            RunFilter { limit: SHOWN, ..RunFilter::default() }
        );
    }
}
