//! One object: what Okta says now, what was sent, what Assets has, when, and by which run and event.

use std::collections::HashMap;

use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use sync_service::engine::OriginRun;
use sync_service::model::{ConnectionName, ObjectKind, RecordKey};
use sync_service::{
    AssetsLookup, ConfirmedRecordView, ManagedConnection, ObjectState, ObjectView, OktaLookup, OktaObject,
    UnconfirmedRecordView,
};

use super::super::components::{Tone, badge, capital, count, notice, said, time};
use super::super::links::{self, Names, address, asking, object_address};
use super::super::prose::prose;
use super::super::{Chosen, PageError, events, layout};
use super::values;
use crate::access::{Identity, Role};
use crate::wording;

fn key(kind: &str, id: String) -> Result<RecordKey, PageError> {
    Ok(RecordKey { kind: kind.parse().map_err(|_| PageError::Missing("kind of object"))?, id })
}

pub(super) async fn page(
    identity: Identity,
    Chosen(member): Chosen,
    Path((_, kind, id)): Path<(String, String, String)>,
    Query(asked): Query<HashMap<String, String>>,
) -> Result<Response, PageError> {
    let key = key(&kind, id)?;
    let connection = member.working()?;
    let view = connection.object(&key).await?;
    if view.state == ObjectState::NotFound {
        return Err(PageError::Missing("object"));
    }
    if view.key != key {
        // It was named by its login or name.
        return Ok(Redirect::to(&object_address(member.name(), &view.key)).into_response());
    }
    let names = Names::of(connection, &values::referred(&view.fields)).await?;
    let events = events::of(connection, &view.events).await?;
    let body = html! {
        p.crumbs { a href=(address(member.name(), &["objects"])) { "All objects" } }
        (all(&member, &identity, &view, &names, &events, asked.contains_key("asked")))
    };
    Ok(layout::connection_page(&identity, &member, "/objects", &body).into_response())
}

/// Has the object read again by whoever works on the connection, and sent whether or not it has changed.
pub(super) async fn resend(
    Chosen(member): Chosen,
    Path((_, kind, id)): Path<(String, String, String)>,
) -> Result<Redirect, PageError> {
    let key = key(&kind, id)?;
    if !member.working()?.resend(&key).await? {
        return Err(PageError::Missing("object"));
    }
    Ok(Redirect::to(&asking(&object_address(member.name(), &key), &[("asked", "yes")])))
}

const fn verdict(verdict: ObjectState) -> (Tone, &'static str) {
    match verdict {
        ObjectState::InSync => (Tone::Good, "Current"),
        ObjectState::Pending => (Tone::Busy, "On its way"),
        ObjectState::Unconfirmed => (Tone::Warning, "Not confirmed"),
        ObjectState::Outdated => (Tone::Warning, "Behind Okta"),
        ObjectState::ModifiedInAssets => (Tone::Warning, "Differs in Assets"),
        ObjectState::MissingInAssets => (Tone::Problem, "Missing in Assets"),
        ObjectState::Retired => (Tone::Quiet, "Marked as gone"),
        ObjectState::OutOfScope => (Tone::Quiet, "Not selected"),
        ObjectState::NeverSynced | ObjectState::NotSynced => (Tone::Quiet, "Not sent yet"),
        ObjectState::NotFound => (Tone::Quiet, "Unknown"),
        ObjectState::Unknown => (Tone::Warning, "Not clear"),
    }
}

fn all(
    member: &ManagedConnection,
    identity: &Identity,
    view: &ObjectView,
    names: &Names,
    events: &Markup,
    asked: bool,
) -> Markup {
    let connection = member.name();
    let (tone, word) = verdict(view.state);
    let at = object_address(connection, &view.key);
    html! {
        div.head {
            h1 { (view.name.as_deref().unwrap_or(&view.key.id)) }
            (badge(tone, word))
            span.muted { (view.key.kind) " " code { (view.key.id) } }
            @if identity.role == Role::Admin {
                div.actions {
                    form method="post" action={ (at) "/resend" } { (layout::csrf(identity)) button type="submit" { "Send it again" } }
                }
            }
        }
        @if asked { (notice(Tone::Busy, "It is read from Okta again, and sent", Some("open this page again in a moment"))) a.button.below href=(at) { "Look again" } }
        p { (prose(&view.message)) }
        div.grid { (okta(&view.okta)) (sent(connection, view.confirmed.as_ref(), view.unconfirmed.as_ref())) (assets(member, &view.assets)) }
        (values::table(connection, &view.fields, &view.assets, names))
        @for value in &view.stale_values {
            (notice(
                Tone::Warning,
                &format!("{} is empty in Okta and still in Assets", value.attribute),
                Some(if value.reason.is_empty() { "it is cleared with the account, where the connection has one" } else { &value.reason }),
            ))
        }
        (named_by(connection, view, events))
        @if let OktaLookup::Found(object) = &view.okta { (profile(connection, object)) }
    }
}

fn okta(side: &OktaLookup) -> Markup {
    let fact = |name: &str, value: Option<Markup>| html! { @if let Some(value) = value { dt { (name) } dd { (value) } } };
    html! {
        section.card aria-labelledby="okta" {
            h2 #okta { "Okta, now" }
            @match side {
                OktaLookup::Found(object) => dl.facts {
                    (fact("Status", object.status.as_ref().map(|status| html! { (status) })))
                    (fact("Type", object.kind.as_ref().map(|kind| html! { (kind) })))
                    (fact("Selected", object.in_scope.map(|selected| html! { (if selected { "yes" } else { "no: the selection leaves it out" }) })))
                    (fact("Created", object.created.map(time)))
                    (fact("Activated", object.activated.map(time)))
                    (fact("Status changed", object.status_changed.map(time)))
                    (fact("Last updated", object.last_updated.map(time)))
                    (fact("Members changed", object.last_membership_updated.map(time)))
                    (fact("Last sign-in", object.last_login.map(time)))
                    (fact("Members", object.members.map(|n| html! { (count(n, "user")) })))
                },
                OktaLookup::NotFound => p { "Okta does not have it: it was deleted, or never existed." },
                OktaLookup::NotRequested => p { "Okta has no such objects: a membership is a user in a group." },
                OktaLookup::Error { reason, hint } => (notice(Tone::Problem, reason, hint.as_deref())),
            }
        }
    }
}

fn origin(connection: &ConnectionName, run: Option<OriginRun>) -> Markup {
    html! { @match run { Some(run) => (links::origin(connection, run)), None => "not known" } }
}

fn sent(
    connection: &ConnectionName,
    confirmed: Option<&ConfirmedRecordView>,
    unconfirmed: Option<&UnconfirmedRecordView>,
) -> Markup {
    html! {
        section.card aria-labelledby="sent" {
            h2 #sent { "Sent to Assets" }
            @if let Some(state) = unconfirmed {
                (notice(Tone::Warning, &state.reason, None))
                h3 { "Waiting to be sent" }
                dl.facts {
                    dt { "Read from Okta" } dd { (time(state.read_at)) }
                    dt { "Sent" } dd { (state.attempts) "×, last by " (origin(connection, state.run)) }
                    dt { "Next try" } dd { (time(state.next_attempt_at)) }
                }
            }
            @if unconfirmed.is_some() && confirmed.is_some() { h3 { "Confirmed" } }
            @match confirmed {
                Some(state) => dl.facts {
                    dt { "Read from Okta" } dd { (time(state.read_at)) }
                    dt { "Confirmed" } dd { (time(state.confirmed_at)) }
                    dt { "Sent by" } dd { (origin(connection, state.run)) }
                    @if let Some(since) = state.retired_at { dt { "Gone since" } dd { (time(since)) } }
                    @if state.resend_pending { dt { "Again" } dd { "It is sent again, because something that it refers to came later." } }
                },
                None => p { "Assets has not confirmed anything of it." },
            }
        }
    }
}

fn assets(member: &ManagedConnection, side: &AssetsLookup) -> Markup {
    html! {
        section.card aria-labelledby="assets" {
            h2 #assets { "Assets, now" }
            @match side {
                AssetsLookup::Found { key, id, label, twins } => {
                    dl.facts {
                        dt { "Object" } dd { (key) }
                        dt { "Label" } dd { (label) }
                        dt { "Id" } dd { code { (id) } }
                    }
                    @if !twins.is_empty() {
                        (notice(Tone::Warning, &format!("There are others with the same Okta id: {}", twins.join(", ")), Some("keep one of them in Assets, and delete the others")))
                    }
                },
                AssetsLookup::NotFound => p { "Assets does not have it, or does not show it to the account." },
                AssetsLookup::Unknown { reason, hint } => {
                    p { (said(&wording::settings(member, reason))) "." }
                    @if let Some(hint) = hint { p.muted { (said(&wording::settings(member, hint))) "." } }
                },
            }
        }
    }
}

fn named_by(connection: &ConnectionName, view: &ObjectView, events: &Markup) -> Markup {
    html! {
        h2 { "Events that named it" }
        @if let Some(id) = &view.last_event_id {
            p { "What Assets has came by the event " a href=(address(connection, &["events", id.as_str()])) { (id) } "." }
        }
        @if view.events.is_empty() { p.muted { "None is remembered." } } @else { (events) }
    }
}

/// Everything that Okta says, mapped or not.
fn profile(connection: &ConnectionName, object: &OktaObject) -> Markup {
    html! {
        details.card id="profile" {
            summary { "The whole profile in Okta" }
            dl.facts { @for (name, value) in &object.profile { dt { code { (name) } } dd { (values::plain(value)) } } }
        }
        @if let Some(groups) = &object.groups {
            details.card id="groups" {
                summary { (capital(&count(groups.len() as u64, "group"))) }
                ul { @for group in groups {
                    li {
                        (links::object(connection, &RecordKey { kind: ObjectKind::Group, id: group.id.clone() }, Some(&group.name)))
                        @if !group.in_scope { span.muted { " not selected" } }
                    }
                } }
            }
        }
    }
}
