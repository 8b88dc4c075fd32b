//! What an event of Okta's says to look at.

use okta_client::model::LogEvent;
use sync_engine::{InboxEvent, Subject};
use sync_model::{EventId, GroupId, UserId};

/// What the hook subscribes to: every eligible event that can change what Assets holds.
/// <https://developer.okta.com/docs/reference/api/event-types/>
pub const SUBSCRIPTION: [&str; 21] = [
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
    "group.lifecycle.create",
    "group.lifecycle.delete",
    "group.profile.update",
    "group.user_membership.add",
    "group.user_membership.remove",
    "system.import.complete",
    "system.import.group.create",
    "system.import.group.delete",
    "application.provision.user.import_profile",
];

/// The event as the engine takes it. An event that failed, or that is none of ours, names nothing.
pub(crate) fn inbox_event(event: &LogEvent) -> InboxEvent {
    let kind = event.event_type.as_str();
    let users = || event.users().map(|id| Subject::User(UserId::new(id)));
    let groups = || event.groups().map(|id| Subject::Group(GroupId::new(id)));
    let subjects: Vec<Subject> = if !event.succeeded() || !SUBSCRIPTION.contains(&kind) {
        Vec::new()
    } else if kind == "system.import.complete" {
        vec![Subject::Directory]
    } else {
        let named: Vec<Subject> = match kind {
            // The group itself does not change with its members.
            "group.user_membership.add" | "group.user_membership.remove" => users().collect(),
            _ if kind.starts_with("group.") || kind.starts_with("system.import.group.") => groups().collect(),
            _ => users().collect(),
        };
        // Something happened, and nobody says to whom.
        if named.is_empty() { vec![Subject::Directory] } else { named }
    };
    InboxEvent {
        id: EventId::new(&event.uuid),
        event_type: event.event_type.clone(),
        published: event.published,
        subjects,
        changes_object: matches!(
            kind,
            "user.account.update_profile" | "group.profile.update" | "user.lifecycle.deactivate"
        ),
        expects_gone: matches!(
            kind,
            "user.lifecycle.delete.initiated" | "group.lifecycle.delete" | "system.import.group.delete"
        ),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn subjects(kind: &str, targets: &serde_json::Value, result: &str) -> Vec<Subject> {
        let event = json!({
            "uuid": "e1", "published": "2026-03-01T12:30:02.345Z", "eventType": kind, "target": targets,
            "outcome": { "result": result },
        });
        inbox_event(&serde_json::from_value(event).unwrap()).subjects
    }

    #[test]
    fn targets_are_found_by_type_whatever_their_order() {
        let (user, group) =
            (json!({"id": "00u1", "type": "User"}), json!({"id": "00g1", "type": "UserGroup"}));
        let ada = vec![Subject::User(UserId::new("00u1"))];
        assert_eq!(subjects("group.user_membership.add", &json!([group, user]), "SUCCESS"), ada);
        assert_eq!(subjects("user.account.update_profile", &json!([user]), "Success"), ada);
        let staff = vec![Subject::Group(GroupId::new("00g1"))];
        assert_eq!(subjects("group.profile.update", &json!([group]), "SUCCESS"), staff);
    }

    #[test]
    fn failures_and_foreign_events_name_nothing() {
        let user = json!([{"id": "00u1", "type": "User"}]);
        assert!(subjects("user.account.update_profile", &user, "FAILURE").is_empty());
        assert!(subjects("application.user_membership.add", &user, "SUCCESS").is_empty());
    }

    #[test]
    fn an_event_that_names_nobody_asks_for_everything() {
        for target in [json!(null), json!([])] {
            assert_eq!(subjects("group.user_membership.add", &target, "Success"), [Subject::Directory]);
        }
        assert_eq!(subjects("system.import.complete", &json!(null), "SUCCESS"), [Subject::Directory]);
    }
}
