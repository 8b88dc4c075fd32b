//! Results of setup steps.

use diagnostics::StepDetail;
use maud::{Markup, html};
use sync_engine::{Finding, HookChange};

use super::findings::finding;
use super::setup;
use super::text::count;
use super::values::time;

/// A result of a step as a line of a list.
pub(crate) fn detail(detail: &StepDetail) -> Markup {
    match detail {
        StepDetail::Saved { saved_at } => html! { "Saved on " (time(*saved_at)) },
        StepDetail::ManagedByFile { path } => html! { "Managed by the configuration file " code { (path) } },
        StepDetail::OktaOrg { url } => html! { "Okta org " (url) },
        StepDetail::DeliversTo { url } => html! { "Okta delivers to " (url) },
        StepDetail::SystemLogOnly => html! { "No event hook: changes come from the System Log" },
        StepDetail::Running { activity } => html! { (setup::job(*activity)) },
        StepDetail::WillCreateSchema => html! {
            "Creates the object types, attributes, and mapping in Assets from the org's schemas"
        },
        StepDetail::WillCreateEventHook => html! { "Creates the event hook in Okta" },
        StepDetail::WillCreateNoEventHook => {
            html! { "Creates no event hook, because none is configured" }
        }
        StepDetail::SchemaMissing => html! { "The import source has no schema and mapping yet" },
        StepDetail::AttributesMissing { attributes } => html! {
            "Missing attributes in Assets: " (attributes.join(", "))
        },
        StepDetail::EventHookMissing => html! { "Okta has no event hook for this connection yet" },
        StepDetail::SchemaExists { object_types, attributes, mapping_version } => html! {
            (count(*object_types, "object type")) " with " (count(*attributes, "attribute"))
            " in Assets, mapping " (mapping_version)
        },
        StepDetail::EventHookExists { url, changes } => html! {
            "Event hook to " (url)
            @for (n, change) in changes.iter().enumerate() {
                (if n == 0 { ": " } else { ", " }) (hook_change(change))
            }
        },
        StepDetail::WillVerify => html! { "Checks the schema, mapping, and event hook" },
        StepDetail::Verified { verified_at } => html! { "Verified on " (time(*verified_at)) },
        StepDetail::EventHookVerified { url } => html! {
            "Event hook to " (url) ": active, verified, and subscribed to all required event types"
        },
        StepDetail::SchemaVerified => html! { "No event hook is configured; schema and mapping match" },
        StepDetail::CardinalityUnlimited => html! { "References accept any number of values" },
        StepDetail::CardinalityCorrected { attributes } => html! {
            "Set to unlimited with the Atlassian account: " (attributes.join(", "))
        },
        StepDetail::WillSync => html! { "Reads all users, groups, and memberships" },
        StepDetail::Syncing => html! { "Reading users, groups, and memberships" },
        StepDetail::SyncRequested => html! { "Requested; starts when the active run ends" },
        StepDetail::LastFullSync { synced_at } => html! { "Last full sync on " (time(*synced_at)) },
        StepDetail::Objects { current } => html! {
            @for (n, (kind, objects)) in current.iter().enumerate() {
                @if n > 0 { ", " }
                (count(*objects, kind.as_str()))
            }
        },
    }
}

fn hook_change(change: &HookChange) -> Markup {
    match change {
        HookChange::Created => html! { "created" },
        HookChange::Replaced { reasons } => html! {
            "updated ("
            @for (n, reason) in reasons.iter().enumerate() {
                @if n > 0 { " " }
                (finding(&Finding::info(reason.clone())))
            }
            ")"
        },
        HookChange::Activated => html! { "activated" },
        HookChange::Verified => html! { "verified" },
    }
}
