//! Events of the System Log, and which of them hooks may have.

use serde_json::{Value, json};
use uuid::Uuid;

use super::org::now;

/// Event types that a hook can subscribe to, of those that a directory is concerned with.
pub(super) const HOOK_ELIGIBLE: [&str; 24] = [
    "user.lifecycle.create",
    "user.lifecycle.activate",
    "user.lifecycle.reactivate",
    "user.lifecycle.deactivate",
    "user.lifecycle.suspend",
    "user.lifecycle.unsuspend",
    "user.lifecycle.delete.initiated",
    "user.account.update_profile",
    "user.account.lock",
    "user.account.unlock",
    "user.account.unlock_by_admin",
    "user.account.reset_password",
    "user.session.start",
    "group.lifecycle.create",
    "group.lifecycle.delete",
    "group.profile.update",
    "group.user_membership.add",
    "group.user_membership.remove",
    "system.import.start",
    "system.import.complete",
    "system.import.roadblock",
    "system.import.group.create",
    "system.import.group.delete",
    "application.provision.user.import_profile",
];

/// An event that just happened.
pub(super) fn event(event_type: &str, targets: &[(&str, &str)]) -> Value {
    let target: Vec<Value> = targets
        .iter()
        .map(|(kind, id)| {
            json!({ "id": id, "type": kind, "alternateId": "unknown", "displayName": null, "detailEntry": null })
        })
        .collect();
    json!({
        "uuid": Uuid::new_v4(), "published": now(), "eventType": event_type, "version": "0", "severity": "INFO",
        "displayMessage": event_type, "actor": { "id": "00uadmin000000000d7", "type": "User", "detailEntry": null },
        "outcome": { "result": "SUCCESS", "reason": null }, "target": target,
        "debugContext": { "debugData": {} }, "transaction": { "type": "WEB", "id": null, "detail": {} },
        "insertionTimestamp": null,
    })
}

/// An event that names the attributes that changed, without their values.
pub(super) fn event_about<'n>(
    event_type: &str,
    targets: &[(&str, &str)],
    attributes: impl Iterator<Item = &'n String>,
) -> Value {
    let mut event = event(event_type, targets);
    let names: Vec<&str> = attributes.map(String::as_str).collect();
    event["debugContext"]["debugData"]["changedAttributes"] = names.join(",").into();
    event
}

/// An event that did not end well.
pub(super) fn failed(event_type: &str, targets: &[(&str, &str)], reason: &str) -> Value {
    let mut event = event(event_type, targets);
    event["outcome"] = json!({ "result": "FAILURE", "reason": reason });
    event
}

/// An event as a delivery may contain it: without its targets.
pub(super) fn without_actor(event: &Value) -> Value {
    let mut bare = event.clone();
    for member in ["actor", "target", "debugContext"] {
        bare[member] = Value::Null;
    }
    bare["outcome"]["result"] = "Success".into();
    bare
}
