//! The subjects of Okta's events.

use okta_client::model::LogEvent;
use sync_engine::{HookNotice, NewEvent, Subject};
use sync_model::{EventId, GroupId, UserId};

/// The subjects of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum About {
    /// The users that it names.
    Users,
    /// The groups that it names.
    Groups,
    /// Each user's membership of each group.
    Memberships,
    /// More than it names, changed just now.
    Many,
    /// Unnamed objects, just deleted: only a full sync detects them.
    Endings,
    /// The schema of the org.
    Schema,
    /// No effect on Assets.
    Nothing,
}

/// The delivery of an event type by the event hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hook {
    /// Eligible for hooks, and subscribed.
    Yes,
    /// Not eligible, or not useful: only the System Log has it.
    No,
}

/// Event types, their meaning, and their source. A name that ends with a dot stands for all types with this prefix that
/// no earlier row contains, including types that Okta adds later.
/// <https://developer.okta.com/docs/reference/api/event-types/>
const TYPES: [(&str, About, Hook); 53] = {
    use About::{Endings, Groups, Many, Memberships, Nothing, Schema, Users};
    use Hook::{No, Yes};
    [
        ("user.lifecycle.create", Users, Yes),
        ("user.lifecycle.activate", Users, Yes),
        ("user.lifecycle.reactivate", Users, Yes),
        ("user.lifecycle.deactivate", Users, Yes),
        ("user.lifecycle.suspend", Users, Yes),
        ("user.lifecycle.unsuspend", Users, Yes),
        ("user.lifecycle.delete.initiated", Users, Yes),
        ("user.lifecycle.password_mass_expiry", Many, No),
        ("user.lifecycle.", Users, No),
        ("user.account.update_profile", Users, Yes),
        // A new password ends the status PASSWORD_EXPIRED.
        ("user.account.update_password", Users, Yes),
        ("user.account.lock", Users, Yes),
        ("user.account.unlock", Users, Yes),
        ("user.account.unlock_by_admin", Users, Yes),
        ("user.account.reset_password", Users, Yes),
        ("user.account.privilege.", Nothing, No),
        ("user.account.", Users, No),
        ("user.realm.", Users, No),
        ("group.lifecycle.create", Groups, Yes),
        ("group.lifecycle.delete", Groups, Yes),
        ("group.lifecycle.", Groups, No),
        ("group.profile.update", Groups, Yes),
        ("group.profile.", Groups, No),
        ("group.user_membership.add", Memberships, Yes),
        ("group.user_membership.remove", Memberships, Yes),
        // Rules, assignments, and roles; memberships that a rule creates have their own events.
        ("group.", Nothing, No),
        ("application.provision.user.import_profile", Users, Yes),
        ("app.user_management.user_group_import.upsert_success", Groups, Yes),
        ("app.user_management.user_group_import.delete_success", Groups, No),
        ("app.user_management.user_group_import.", Nothing, No),
        ("app.realtimesync.import.details.", Users, No),
        ("app.realtimesync.import.", Nothing, No),
        ("system.agent.ldap.realtimesync", Users, No),
        ("system.import.complete", Many, Yes),
        ("system.import.group_membership.complete", Many, No),
        ("system.import.user_csv.complete", Many, No),
        ("system.import.user.", Users, No),
        ("system.import.group.create", Groups, Yes),
        ("system.import.group.update", Groups, No),
        ("system.import.group.delete", Groups, Yes),
        // Starts, batches, and failures of imports; their ends are above.
        ("system.import.", Nothing, No),
        // Anything-as-a-Source. A user that a source removes is deactivated, which an incremental sync detects.
        ("system.identity_sources.user.", Users, No),
        ("system.identity_sources.group.user.", Memberships, No),
        ("system.identity_sources.group.", Groups, No),
        ("system.identity_sources.bulk_group_delete", Endings, No),
        ("system.identity_sources.bulk_", Many, No),
        ("system.identity_sources.", Nothing, No),
        ("directory.user_profile.update", Schema, No),
        ("directory.user_profile.bootstrap", Schema, No),
        ("directory.non_default_user_profile.create", Schema, No),
        ("directory.realm.assignment.execution_completed", Many, No),
        // Schemas of applications, mappings, and realms.
        ("directory.", Nothing, No),
        ("event_hook.", Nothing, No),
    ]
};

/// The System Log's part of the table: prefixes of names, and names. Most other events are sign-ins. The health of the
/// event hook is included.
const LOG: [&str; 12] = [
    "user.lifecycle.",
    "user.account.",
    "user.realm.",
    "group.",
    "system.import.",
    "system.identity_sources.",
    "directory.",
    "event_hook.",
    "app.realtimesync.import.",
    "app.user_management.user_group_import.",
    "application.provision.user.import_profile",
    "system.agent.ldap.realtimesync",
];

/// The event types that the hook subscribes to: every eligible one that can change what Assets holds.
pub fn subscription() -> impl Iterator<Item = &'static str> {
    TYPES.iter().filter(|(_, _, hook)| *hook == Hook::Yes).map(|(name, ..)| *name)
}

/// The filter of the System Log.
pub fn log_filter() -> String {
    let term = |name: &&str| {
        let operator = if name.ends_with('.') { "sw" } else { "eq" };
        format!("eventType {operator} \"{name}\"")
    };
    LOG.iter().map(term).collect::<Vec<_>>().join(" or ")
}

/// True if a filter accepts everything that the required filter accepts, however it is written.
pub(crate) fn filters_all(filter: &str) -> bool {
    LOG.iter().all(|name| filter.contains(&format!("\"{name}\"")))
}

/// True if a row of the table, or an entry of the filter, matches an event type.
fn covers(row: &str, event_type: &str) -> bool {
    let is_beginning = row.ends_with(['.', '_']);
    if is_beginning { event_type.starts_with(row) } else { event_type == row }
}

fn about(event_type: &str) -> About {
    TYPES.iter().find(|(row, ..)| covers(row, event_type)).map_or(About::Nothing, |(_, about, _)| *about)
}

/// True if the object or the membership is expected to be deleted.
fn is_end(event_type: &str) -> bool {
    matches!(
        event_type,
        "user.lifecycle.delete.initiated"
            | "user.lifecycle.delete.completed"
            | "group.lifecycle.delete"
            | "system.import.group.delete"
            | "system.identity_sources.group.delete"
            | "app.user_management.user_group_import.delete_success"
    )
}

fn ends_membership(event_type: &str) -> bool {
    matches!(event_type, "group.user_membership.remove" | "system.identity_sources.group.user.revoke")
}

/// The event in the engine's form. A failed or irrelevant event has no subjects.
pub fn inbox_event(event: &LogEvent) -> NewEvent {
    let kind = event.event_type.as_str();
    let about = if event.succeeded() { about(kind) } else { About::Nothing };
    let users = || event.users().map(UserId::new);
    let groups = || event.groups().map(GroupId::new);
    let is_end = is_end(kind);
    let mut subjects: Vec<Subject> = match about {
        About::Nothing => Vec::new(),
        About::Many => vec![Subject::RecentChanges],
        About::Endings => vec![Subject::EntireDirectory],
        About::Schema => vec![Subject::Schema],
        About::Users => users().map(Subject::User).collect(),
        About::Groups => groups().map(Subject::Group).collect(),
        About::Memberships => groups()
            .flat_map(|group| users().map(move |user| Subject::Membership { group: group.clone(), user }))
            .collect(),
    };
    // The event names no object. Only a full sync detects deletions.
    if subjects.is_empty() && about != About::Nothing {
        subjects.push(if is_end { Subject::EntireDirectory } else { Subject::RecentChanges });
    }
    NewEvent {
        id: EventId::new(&event.uuid),
        event_type: event.event_type.clone(),
        published_at: event.published,
        subjects,
        requires_newer_object: matches!(about, About::Users | About::Groups | About::Memberships),
        expect_deleted: is_end || ends_membership(kind),
        hook_notice: kind.starts_with("event_hook.").then(|| HookNotice {
            targets: event
                .target
                .iter()
                .map(|target| target.id.clone())
                .filter(|id| !id.is_empty())
                .collect(),
            is_failure: matches!(
                kind,
                "event_hook.delivery" | "event_hook.deactivated" | "event_hook.deleted"
            ) || (kind == "event_hook.verified" && !event.succeeded()),
        }),
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
    fn targets_are_matched_by_type() {
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
    fn event_without_target_widens_subjects() {
        for target in [json!(null), json!([])] {
            assert_eq!(subjects("group.user_membership.add", &target, "Success"), [Subject::RecentChanges]);
            assert_eq!(subjects("group.lifecycle.delete", &target, "Success"), [Subject::EntireDirectory]);
        }
        assert_eq!(subjects("system.import.complete", &json!(null), "SUCCESS"), [Subject::RecentChanges]);
    }

    #[test]
    fn log_only_events_have_subjects() {
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
    fn identity_source_events_have_subjects() {
        let (user, group) =
            (json!({"id": "00u1", "type": "User"}), json!({"id": "00g1", "type": "UserGroup"}));
        let ada = || vec![Subject::User(UserId::new("00u1"))];
        let staff = || vec![Subject::Group(GroupId::new("00g1"))];
        let membership = Subject::Membership { group: GroupId::new("00g1"), user: UserId::new("00u1") };
        for (kind, expected) in [
            ("system.identity_sources.user.update", ada()),
            ("system.identity_sources.group.delete", staff()),
            ("system.identity_sources.group.user.revoke", vec![membership]),
            ("system.identity_sources.bulk_upsert", vec![Subject::RecentChanges]),
            ("system.identity_sources.bulk_group_delete", vec![Subject::EntireDirectory]),
            ("app.realtimesync.import.details.update_user", ada()),
            ("app.user_management.user_group_import.delete_success", staff()),
            ("system.agent.ldap.realtimesync", ada()),
            ("directory.realm.assignment.execution_completed", vec![Subject::RecentChanges]),
        ] {
            assert_eq!(subjects(kind, &json!([user, group]), "SUCCESS"), expected, "{kind}");
        }
    }

    #[test]
    fn subscription_and_filter_follow_the_table() {
        for (row, about, hook) in TYPES {
            assert!(hook == Hook::No || (about != About::Nothing && !row.ends_with(['.', '_'])), "{row}");
            assert!(LOG.iter().any(|entry| row.starts_with(entry)), "the log would not bring {row}");
            let first = TYPES.iter().find(|(other, ..)| covers(other, row)).unwrap();
            assert_eq!(first.0, row, "{row} is never reached");
        }
        assert!(log_filter().contains("eventType sw \"user.lifecycle.\" or "), "{}", log_filter());
        assert!(
            log_filter().ends_with(" or eventType eq \"system.agent.ldap.realtimesync\""),
            "{}",
            log_filter()
        );
    }

    /// Okta's catalog, as far as it concerns a sync: type, eligibility, object, and advice.
    fn catalog() -> Option<Vec<[String; 4]>> {
        let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../../shared/reference/data/okta-event-types-sync.csv");
        let Ok(text) = std::fs::read_to_string(&file) else {
            assert!(std::env::var_os("REQUIRE_CONFORMANCE").is_none(), "{} is not there", file.display());
            eprintln!(
                "SKIPPED: event types were NOT compared with Okta's catalog, which is not part of this repository"
            );
            return None;
        };
        let row = |line: &str| {
            // The advice alone may hold commas; the columns before it hold none, but for quoted ones.
            let mut columns = Vec::new();
            let (mut column, mut quoted) = (String::new(), false);
            for c in line.chars() {
                match c {
                    '"' => quoted = !quoted,
                    ',' if !quoted => columns.push(std::mem::take(&mut column)),
                    _ => column.push(c),
                }
            }
            [0, 1, 3, 5].map(|n| columns[n].clone())
        };
        Some(text.lines().skip(1).map(row).collect())
    }

    #[test]
    fn every_cataloged_type_is_handled() {
        for [kind, eligible, object, advice] in catalog().into_iter().flatten() {
            let ours = about(&kind);
            let ignored = ["ignore", "none", "monitor", "alert", "hint", "expect", "only if"];
            let expected: &[About] = if ignored.iter().any(|word| advice.starts_with(word)) {
                &[About::Nothing]
            } else if advice.starts_with("delta") || advice.starts_with("reconcile") {
                &[About::Many]
            } else if advice.starts_with("full comparison") {
                &[About::Endings]
            } else {
                match object.as_str() {
                    "user" => &[About::Users],
                    "group" => &[About::Groups],
                    "membership" => &[About::Memberships],
                    "schema" => &[About::Schema],
                    "hook" => &[About::Nothing],
                    _ => &[About::Many],
                }
            };
            assert!(expected.contains(&ours), "{kind}: {ours:?}, and the catalog says {advice}");
            let subscribed = subscription().any(|name| name == kind);
            assert_eq!(subscribed, eligible == "true" && ours != About::Nothing, "{kind} in the hook");
            let sent = object == "user" && !advice.starts_with("ignore")
                || ours != About::Nothing
                || object == "hook";
            assert!(!sent || LOG.iter().any(|entry| covers(entry, &kind)), "the log would not bring {kind}");
        }
        assert!(catalog().is_none_or(|rows| rows.len() == 93));
    }
}
