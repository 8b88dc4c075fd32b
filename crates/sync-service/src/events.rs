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

/// What the log is asked for: everything that the hook subscribes to, what no hook reports, and how the hook does. The
/// rest of a busy log are sign-ins.
pub(crate) const LOG_FILTER: &str = "eventType sw \"user.lifecycle.\" or eventType sw \"user.account.\" \
     or eventType sw \"user.realm.\" or eventType sw \"group.\" or eventType sw \"system.import.\" \
     or eventType sw \"directory.\" or eventType sw \"event_hook.\" \
     or eventType eq \"application.provision.user.import_profile\" \
     or eventType eq \"app.user_management.user_group_import.upsert_success\"";

/// What an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum About {
    /// The users that it names.
    Users,
    /// The groups that it names.
    Groups,
    /// Each user's membership of each group.
    Memberships,
    /// More than it names.
    Many,
    /// The schema of the org.
    Schema,
    /// Nothing that Assets holds.
    Nothing,
}

fn about(event_type: &str) -> About {
    match event_type {
        "group.user_membership.add" | "group.user_membership.remove" => About::Memberships,
        // Rules and assignments; the memberships that a rule makes have events of their own.
        _ if event_type.starts_with("group.user_membership.rule.")
            || event_type.starts_with("group.application_assignment.")
            || event_type.starts_with("group.privilege.") =>
        {
            About::Nothing
        }
        "system.import.complete"
        | "system.import.group_membership.complete"
        | "system.import.user_csv.complete"
        | "user.lifecycle.password_mass_expiry" => About::Many,
        "directory.user_profile.update"
        | "directory.user_profile.bootstrap"
        | "directory.non_default_user_profile.create" => About::Schema,
        "system.import.group.create"
        | "system.import.group.update"
        | "system.import.group.delete"
        | "app.user_management.user_group_import.upsert_success"
        | "group.lifecycle.create"
        | "group.lifecycle.delete"
        | "group.profile.update" => About::Groups,
        "user.account.privilege.grant" | "user.account.privilege.revoke" => About::Nothing,
        "user.realm.update" | "application.provision.user.import_profile" => About::Users,
        _ if event_type.starts_with("user.lifecycle.")
            || event_type.starts_with("user.account.")
            || event_type.starts_with("system.import.user.") =>
        {
            About::Users
        }
        _ => About::Nothing,
    }
}

/// Whether the object is to vanish.
fn is_end(event_type: &str) -> bool {
    matches!(
        event_type,
        "user.lifecycle.delete.initiated"
            | "user.lifecycle.delete.completed"
            | "group.lifecycle.delete"
            | "system.import.group.delete"
    )
}

/// The event as the engine takes it. An event that failed, or that is none of ours, names nothing.
pub(crate) fn inbox_event(event: &LogEvent) -> InboxEvent {
    let kind = event.event_type.as_str();
    let about = if event.succeeded() { about(kind) } else { About::Nothing };
    let users = || event.users().map(UserId::new);
    let groups = || event.groups().map(GroupId::new);
    let is_end = is_end(kind);
    let mut subjects: Vec<Subject> = match about {
        About::Nothing => Vec::new(),
        About::Many => vec![Subject::Recent],
        About::Schema => vec![Subject::Schema],
        About::Users => users().map(Subject::User).collect(),
        About::Groups => groups().map(Subject::Group).collect(),
        About::Memberships => groups()
            .flat_map(|group| users().map(move |user| Subject::Membership { group: group.clone(), user }))
            .collect(),
    };
    // Something happened, and nobody says to whom. What is gone shows only when everything is read.
    if subjects.is_empty() && about != About::Nothing {
        subjects.push(if is_end { Subject::Directory } else { Subject::Recent });
    }
    InboxEvent {
        id: EventId::new(&event.uuid),
        event_type: event.event_type.clone(),
        published: event.published,
        subjects,
        changes_object: matches!(about, About::Users | About::Groups | About::Memberships),
        expects_gone: is_end || kind == "group.user_membership.remove",
        is_hook_failure: kind == "event_hook.delivery"
            || kind == "event_hook.deactivated"
            || kind == "event_hook.deleted"
            || (kind == "event_hook.verified" && !event.succeeded()),
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
        let membership = Subject::Membership { group: GroupId::new("00g1"), user: UserId::new("00u1") };
        assert_eq!(subjects("group.user_membership.add", &json!([group, user]), "SUCCESS"), [membership]);
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
    fn an_event_that_names_nobody_asks_for_what_changed_lately_or_for_everything_when_something_ended() {
        for target in [json!(null), json!([])] {
            assert_eq!(subjects("group.user_membership.add", &target, "Success"), [Subject::Recent]);
            assert_eq!(subjects("group.lifecycle.delete", &target, "Success"), [Subject::Directory]);
        }
        assert_eq!(subjects("system.import.complete", &json!(null), "SUCCESS"), [Subject::Recent]);
    }

    #[test]
    fn what_no_hook_reports_is_understood_from_the_log() {
        let user = json!([{"id": "00u1", "type": "User"}]);
        let ada = [Subject::User(UserId::new("00u1"))];
        for kind in
            ["user.account.update_user_type", "user.lifecycle.delete.completed", "system.import.user.update"]
        {
            assert_eq!(subjects(kind, &user, "SUCCESS"), ada, "{kind}");
        }
        assert_eq!(subjects("directory.user_profile.update", &json!([]), "SUCCESS"), [Subject::Schema]);
        assert!(subjects("group.user_membership.rule.trigger", &user, "SUCCESS").is_empty());
    }

    #[test]
    fn everything_that_the_hook_subscribes_to_is_about_something() {
        for kind in SUBSCRIPTION {
            assert_ne!(about(kind), About::Nothing, "{kind}");
            let in_filter = LOG_FILTER.split('"').skip(1).step_by(2).any(|prefix| kind.starts_with(prefix));
            assert!(in_filter, "the log would not bring {kind}");
        }
    }
}
