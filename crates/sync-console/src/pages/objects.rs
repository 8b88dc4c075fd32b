//! Users and groups: found by login, name or id, and looked at on both sides.

mod detail;
mod values;

use std::collections::HashMap;

use axum::Router;
use axum::extract::Query;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use maud::{Markup, html};
use sync_service::model::{ConnectionName, ObjectKind};
use sync_service::{ObjectMatch, ObjectMatches};

use super::components::{Tone, badge, capital, empty, notice, scroll, time};
use super::links;
use super::{Chosen, PageError, layout};
use crate::access::Identity;
use crate::app::App;

/// How many objects are shown.
const SHOWN: u32 = 100;

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/connections/{name}/objects", get(list))
        .route("/connections/{name}/objects/{kind}/{id}", get(detail::page))
        .route("/connections/{name}/objects/{kind}/{id}/resend", post(detail::resend))
}

/// The kinds that people look for.
const KINDS: [ObjectKind; 2] = [ObjectKind::User, ObjectKind::Group];

async fn list(
    identity: Identity,
    Chosen(member): Chosen,
    Query(asked): Query<HashMap<String, String>>,
) -> Result<Response, PageError> {
    let _name = member.name();
    let text = asked.get("q").map_or("", |q| q.trim());
    let kind = match asked.get("kind").map_or("", String::as_str) {
        "" => None,
        word => Some(word.parse().map_err(|_| PageError::Bad("There is no such kind of object".into()))?),
    };
    let found = member.working()?.find_objects(text, kind, SHOWN).await?;
    let body = html! {
        div.head { h1 { "Objects" } p.muted { "Users and groups, as Okta has them, as they were sent, and as Assets has them." } }
        form.filters method="get" role="search" aria-label="Objects" {
            div.field {
                label for="q" { "Search" }
                input type="search" name="q" id="q" value=(text) placeholder="Login, name or id" spellcheck="false" autocapitalize="none";
            }
            div.field {
                label for="kind" { "Kind" }
                select name="kind" id="kind" {
                    option value="" { "Users and groups" }
                    @for choice in KINDS { option value=(choice.as_str()) selected[kind == Some(choice)] { (capital(choice.as_str())) "s" } }
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
                th scope="col" { "Name" } th scope="col" { "Kind" } th scope="col" { "Okta id" }
                th scope="col" { "State" } th scope="col" { "Confirmed by Assets" }
            } }
            tbody { @for object in &found.objects { (row(connection, object)) } }
        }
    };
    html! {
        @if let Some(reason) = &found.okta_error {
            (notice(Tone::Warning, &format!("Okta could not be asked: {reason}"), None))
        }
        @if !found.objects.is_empty() {
            (scroll("Objects", &rows))
            @if found.has_more { p.muted { "There are more; search for more of the name to see them." } }
        } @else if text.is_empty() {
            (empty("No object yet", "Objects come with the first synchronisation. Until then an object of Okta's is found by its login, name or id.", None))
        } @else if found.okta_error.is_some() {
            (empty("Nothing known here matches; Okta could not be asked", "Nothing that was sent has this in its name or as its id. Whether Okta has it is not known.", None))
        } @else {
            (empty("No such object", "Nothing that was sent has this in its name or as its id, and Okta has no such login, name or id.", None))
        }
    }
}

fn row(connection: &ConnectionName, object: &ObjectMatch) -> Markup {
    let (tone, word) = match object {
        ObjectMatch { synced: false, .. } => (Tone::Quiet, "In Okta only"),
        ObjectMatch { unconfirmed: true, .. } => (Tone::Warning, "Not confirmed"),
        ObjectMatch { retired: true, .. } => (Tone::Quiet, "Marked as gone"),
        _ => (Tone::Good, "Sent"),
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
            td.nowrap { @match object.confirmed { Some(at) => (time(at)), None => "–" } }
        }
    }
}
