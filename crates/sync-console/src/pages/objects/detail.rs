//! The page of one object: Okta, the last record sent, and Assets side by side.

use std::collections::HashMap;

use admin_api::{
    AssetsLookup, ConfirmedRecordView, ObjectState, ObjectView, OktaLookup, OktaObject, UnconfirmedRecordView,
};
use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use sync_daemon::ManagedConnection;
use sync_engine::{Fact, Finding, OriginRun};
use sync_model::{ConnectionName, ObjectKind, RecordKey};

use super::super::components::{Tone, action, badge, count, fault, notice, sentence, time};
use super::super::links::{self, Names, address, asking, object_address};
use super::super::scope::Chosen;
use super::super::{PageError, events, findings, layout};
use super::values;
use crate::access::{Identity, Role};
use crate::words::{labels, objects as words};

/// The query parameter of a requested resend.
const RESEND: &str = "resend";

fn key(kind: &str, id: String) -> Result<RecordKey, PageError> {
    Ok(RecordKey { kind: kind.parse().map_err(|_| PageError::Missing("object kind"))?, id })
}

pub(super) async fn page(
    identity: Identity,
    Chosen(member): Chosen,
    Path((_, kind, id)): Path<(String, String, String)>,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Response, PageError> {
    let key = key(&kind, id)?;
    let connection = member.working()?;
    let view = connection.object(&key).await?;
    if view.state == ObjectState::NotFound {
        return Err(PageError::Missing("object"));
    }
    if view.key != key {
        // The address has a username or name.
        return Ok(Redirect::to(&object_address(member.name(), &view.key)).into_response());
    }
    let names = Names::of(connection, &values::referred(&view.fields)).await?;
    let events = events::of(connection, &view.events).await?;
    let body = html! {
        p.crumbs { a href=(address(member.name(), &["objects"])) { "All objects" } }
        (all(&member, &identity, &view, &names, &events, query.contains_key(RESEND)))
    };
    Ok(layout::connection_page(&identity, &member, "/objects", &body).into_response())
}

/// Requests that the object is read again and sent, even if it is unchanged.
pub(super) async fn resend(
    Chosen(member): Chosen,
    Path((_, kind, id)): Path<(String, String, String)>,
) -> Result<Redirect, PageError> {
    let key = key(&kind, id)?;
    if !member.working()?.resend(&key).await? {
        return Err(PageError::Missing("object"));
    }
    Ok(Redirect::to(&asking(&object_address(member.name(), &key), &[(RESEND, "requested")])))
}

const fn tone(state: ObjectState) -> Tone {
    match state {
        ObjectState::InSync => Tone::Good,
        ObjectState::Pending => Tone::Busy,
        ObjectState::Unconfirmed
        | ObjectState::Outdated
        | ObjectState::ModifiedInAssets
        | ObjectState::Unknown => Tone::Warning,
        ObjectState::MissingInAssets => Tone::Problem,
        ObjectState::Retired | ObjectState::OutOfScope | ObjectState::NotSynced | ObjectState::NotFound => {
            Tone::Quiet
        }
    }
}

fn all(
    member: &ManagedConnection,
    identity: &Identity,
    view: &ObjectView,
    names: &Names,
    events: &Markup,
    resend_requested: bool,
) -> Markup {
    let connection = member.name();
    let at = object_address(connection, &view.key);
    html! {
        div.head {
            h1 { (view.name.as_deref().unwrap_or(&view.key.id)) }
            (badge(tone(view.state), labels::object_state(view.state)))
            span.muted { (view.key.kind) " " code { (view.key.id) } }
            @if identity.role == Role::Admin {
                div.actions {
                    form method="post" action={ (at) "/resend" } { (layout::csrf(identity)) button type="submit" { "Resend" } }
                }
            }
        }
        @if resend_requested { (notice(Tone::Busy, words::RESEND_REQUESTED, Some(words::RESEND_REQUESTED_TEXT))) a.button.below href=(at) { "Reload" } }
        p { (sentence(&view.message)) }
        div.grid { (okta(&view.okta)) (sent(connection, view.confirmed.as_ref(), view.unconfirmed.as_ref())) (assets(member, &view.assets)) }
        (values::table(connection, &view.fields, &view.assets, names))
        @for value in &view.stale_values {
            (notice(
                Tone::Warning,
                &words::stale(&value.attribute),
                Some(if value.reason.is_empty() { words::STALE_REMEDY } else { &value.reason }),
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
            h2 #okta { "In Okta" }
            @match side {
                OktaLookup::Found(object) => dl.facts {
                    (fact("Status", object.status.as_ref().map(|status| html! { (status) })))
                    (fact("Type", object.kind.as_ref().map(|kind| html! { (kind) })))
                    (fact("In scope", object.in_scope.map(|in_scope| html! { (if in_scope { "Yes" } else { "No" }) })))
                    (fact("Created", object.created_at.map(time)))
                    (fact("Activated", object.activated.map(time)))
                    (fact("Status changed", object.status_changed.map(time)))
                    (fact("Last updated", object.last_updated.map(time)))
                    (fact("Members changed", object.last_membership_updated.map(time)))
                    (fact("Last sign-in", object.last_login.map(time)))
                    (fact("Members", object.members.map(|n| html! { (count(n, "user")) })))
                },
                OktaLookup::NotFound => p { (words::NOT_IN_OKTA) },
                OktaLookup::NotRequested => p { (words::MEMBERSHIP_IN_OKTA) },
                OktaLookup::Error { reason, remedy } => (fault(reason, remedy.as_ref(), None)),
            }
        }
    }
}

fn origin(connection: &ConnectionName, run: Option<OriginRun>) -> Markup {
    html! { @match run { Some(run) => (links::origin(connection, run)), None => "Unknown" } }
}

fn sent(
    connection: &ConnectionName,
    confirmed: Option<&ConfirmedRecordView>,
    unconfirmed: Option<&UnconfirmedRecordView>,
) -> Markup {
    html! {
        section.card aria-labelledby="sent" {
            h2 #sent { "Last record sent" }
            @if let Some(state) = unconfirmed {
                (findings::notice(&Finding::warning(Fact::RecordUnconfirmed { attempts: state.attempts, error: state.reason.clone() })))
                h3 { "Unconfirmed" }
                dl.facts {
                    dt { "Read from Okta" } dd { (time(state.read_at)) }
                    dt { "Attempts" } dd { (state.attempts) }
                    dt { "Last sent by" } dd { (origin(connection, state.run)) }
                    dt { "Next attempt" } dd { (time(state.next_attempt_at)) }
                }
            }
            @if unconfirmed.is_some() && confirmed.is_some() { h3 { "Confirmed" } }
            @match confirmed {
                Some(state) => dl.facts {
                    dt { "Read from Okta" } dd { (time(state.read_at)) }
                    dt { "Confirmed" } dd { (time(state.confirmed_at)) }
                    dt { "Sent by" } dd { (origin(connection, state.run)) }
                    @if let Some(since) = state.retired_at { dt { "Retired" } dd { (time(since)) } }
                    @if state.resend_pending { dt { "Resend" } dd { (words::RESEND_PENDING) } }
                },
                None => p { (words::NOT_CONFIRMED) },
            }
        }
    }
}

fn assets(member: &ManagedConnection, side: &AssetsLookup) -> Markup {
    html! {
        section.card aria-labelledby="assets" {
            h2 #assets { "In Assets" }
            @match side {
                AssetsLookup::Found { key, id, label, duplicates } => {
                    dl.facts {
                        dt { "Object" } dd { (key) }
                        dt { "Label" } dd { (label) }
                        dt { "ID" } dd { code { (id) } }
                    }
                    @if !duplicates.is_empty() {
                        (notice(Tone::Warning, &words::duplicates(&duplicates.join(", ")), Some(words::DUPLICATES_REMEDY)))
                    }
                },
                AssetsLookup::NotFound => p { (words::NOT_IN_ASSETS) },
                AssetsLookup::Unknown { reason, remedy } => {
                    p { (sentence(reason)) }
                    @if let Some(remedy) = remedy { p.muted { (action(remedy, Some(member.name()))) } }
                },
            }
        }
    }
}

fn named_by(connection: &ConnectionName, view: &ObjectView, events: &Markup) -> Markup {
    html! {
        h2 { "Related events" }
        @if let Some(id) = &view.last_event_id {
            p { "Last event: " a href=(address(connection, &["events", id.as_str()])) { (id) } }
        }
        @if view.events.is_empty() { p.muted { (words::NO_EVENTS) } } @else { (events) }
    }
}

/// The full Okta profile, mapped or not.
fn profile(connection: &ConnectionName, object: &OktaObject) -> Markup {
    html! {
        details.card id="profile" {
            summary { "Full Okta profile" }
            dl.facts { @for (name, value) in &object.profile { dt { code { (name) } } dd { (values::plain(value)) } } }
        }
        @if let Some(groups) = &object.groups {
            details.card id="groups" {
                summary { (count(groups.len() as u64, "group")) }
                ul { @for group in groups {
                    li {
                        (links::object(connection, &RecordKey { kind: ObjectKind::Group, id: group.id.clone() }, Some(&group.name)))
                        @if !group.in_scope { span.muted { " (out of scope)" } }
                    }
                } }
            }
        }
    }
}
