//! Events of the System Log, and which of them hooks may have.

use serde_json::{Value, json};
use uuid::Uuid;

use super::org::now;

/// Event types that a hook can subscribe to, of those that this org produces.
pub(super) const HOOK_ELIGIBLE: [&str; 14] = [
    "user.lifecycle.create",
    "user.lifecycle.activate",
    "user.lifecycle.reactivate",
    "user.lifecycle.deactivate",
    "user.lifecycle.suspend",
    "user.lifecycle.unsuspend",
    "user.lifecycle.delete.initiated",
    "user.account.update_profile",
    "group.lifecycle.create",
    "group.lifecycle.delete",
    "group.profile.update",
    "group.user_membership.add",
    "group.user_membership.remove",
    "system.import.complete",
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
