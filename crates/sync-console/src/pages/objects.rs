//! Users and groups: search, and comparison of Okta and Assets.

mod detail;
mod values;

use std::collections::HashMap;

use admin_api::{ObjectMatch, ObjectMatches, ObjectState};
use axum::Router;
use axum::extract::Query;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use maud::{Markup, html};
use sync_model::{ConnectionName, ObjectKind};

use super::components::{Tone, badge, empty, notice, scroll, time};
use super::links;
use super::scope::Chosen;
use super::{PageError, layout};
use crate::access::Identity;
use crate::app::App;
use crate::words::{labels, objects as words};

/// The maximum number of objects on the page.
const SHOWN: u32 = 100;

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/connections/{name}/objects", get(list))
        .route("/connections/{name}/objects/{kind}/{id}", get(detail::page))
        .route("/connections/{name}/objects/{kind}/{id}/resend", post(detail::resend))
}

/// The kinds to filter by.
const KINDS: [ObjectKind; 2] = [ObjectKind::User, ObjectKind::Group];

async fn list(
    identity: Identity,
    Chosen(member): Chosen,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Response, PageError> {
    let _name = member.name();
    let text = query.get("q").map_or("", |q| q.trim());
    let kind = match query.get("kind").map_or("", String::as_str) {
        "" => None,
        word => Some(word.parse().map_err(|_| PageError::Bad(format!("{word} isn't an object kind")))?),
    };
    let found = member.working()?.find_objects(text, kind, SHOWN).await?;
    let body = html! {
        div.head { h1 { "Objects" } p.muted { (words::OBJECTS) } }
        form.filters method="get" role="search" aria-label="Objects" {
            div.field {
                label for="q" { "Search" }
                input type="search" name="q" id="q" value=(text) placeholder="Name, username, or Okta ID" spellcheck="false" autocapitalize="none";
            }
            div.field {
                label for="kind" { "Kind" }
                select name="kind" id="kind" {
                    option value="" { "Users and groups" }
                    @for choice in KINDS { option value=(choice.as_str()) selected[kind == Some(choice)] { (labels::objects(choice)) } }
                }
            }
            button type="submit" { "Search" }
        }
        (results(member.name(), &found, text))
    };
    Ok(layout::connection_page(&identity, &member, "/objects", &body).into_response())
}

fn results(connection: &ConnectionName, found: &ObjectMatches, text: &str) -> Markup {
    let rows = html! {
        table {
            thead { tr {
                th scope="col" { "Name" } th scope="col" { "Kind" } th scope="col" { "Okta ID" }
                th scope="col" { "State" } th scope="col" { "Confirmed" }
            } }
            tbody { @for object in &found.objects { (row(connection, object)) } }
        }
    };
    html! {
        @if let Some(reason) = &found.okta_error {
            (notice(Tone::Warning, &words::okta_unavailable(reason), None))
        }
        @if !found.objects.is_empty() {
            (scroll("Objects", &rows))
            @if found.has_more { p.muted { (words::MORE) } }
        } @else if text.is_empty() {
            (empty(words::NO_OBJECTS, words::NO_OBJECTS_TEXT, None))
        } @else if found.okta_error.is_some() {
            (empty(words::NO_SYNCED_MATCH, words::NO_SYNCED_MATCH_TEXT, None))
        } @else {
            (empty(words::NO_MATCH, words::NO_MATCH_TEXT, None))
        }
    }
}

fn row(connection: &ConnectionName, object: &ObjectMatch) -> Markup {
    let (tone, word) = match object {
        ObjectMatch { synced: false, .. } => (Tone::Quiet, labels::object_state(ObjectState::NotSynced)),
        ObjectMatch { unconfirmed: true, .. } => {
            (Tone::Warning, labels::object_state(ObjectState::Unconfirmed))
        }
        ObjectMatch { retired: true, .. } => (Tone::Quiet, labels::object_state(ObjectState::Retired)),
        _ => (Tone::Good, "Synced"),
    };
    html! {
        tr {
            th.wide scope="row" {
                (links::object(connection, &object.key, object.name.as_deref()))
                @if let Some(also) = &object.matched_name { div.small.muted { (also) } }
            }
            td { (object.key.kind) }
            td { code { (object.key.id) } }
            td.nowrap { (badge(tone, word)) }
            td.nowrap { @match object.confirmed_at { Some(at) => (time(at)), None => "–" } }
        }
    }
}
