//! Which users and groups are chosen, and which choices nobody could meet.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used)]

mod support;

use okta_client::model::{Group, User};
use schema_mapper::{Patterns, SyncScope, UserScope};
use serde_json::{Value, json};
use support::orgs::{mapping, with};
use sync_model::GroupId;

fn patterns(texts: &[&str]) -> Patterns {
    texts.iter().copied().collect()
}

fn users(toml: &str) -> SyncScope {
    SyncScope { users: toml::from_str(toml).unwrap(), ..SyncScope::default() }
}

fn groups(toml: &str) -> SyncScope {
    SyncScope { groups: toml::from_str(toml).unwrap(), ..SyncScope::default() }
}

fn user(status: &str, user_type: &str, profile: &Value) -> User {
    let user = json!({ "id": "00u1", "status": status, "type": { "id": user_type }, "profile": profile });
    serde_json::from_value(user).unwrap()
}

fn group(id: &str, kind: &str, name: &str) -> Group {
    serde_json::from_value(json!({ "id": id, "type": kind, "profile": { "name": name } })).unwrap()
}

#[test]
fn patterns_match_wildcards_and_exclusions() {
    let fits = |texts: &[&str], text| patterns(texts).matches(text);
    assert!(fits(&[], "anything") && fits(&[], ""));
    assert!(fits(&["Sales"], "sales") && !fits(&["Sales"], "Presales"));
    assert!(fits(&["*sales", "R?D"], "Presales") && fits(&["*sales", "R?D"], "r&d"));
    assert!(!fits(&["?*"], "") && fits(&["?*"], "x"), "one character at least");
    assert!(fits(&["!temp-*"], "team-a") && !fits(&["!temp-*"], "TEMP-a"));
    assert!(!fits(&["team-*", "!*-old"], "team-old") && !fits(&["team-*", "!*-old"], "else"));
    assert!(fits(&["!*-old", "team-*"], "team-new"), "in whatever order");
    assert!(fits(&["Zürich"], "ZÜRICH"));
}

#[test]
fn user_must_match_every_condition() {
    let mapping = mapping(&with(&json!({})));
    let ada = user("ACTIVE", "oty0", &json!({ "department": "Sales", "tags": ["a", "b"], "level": 3 }));
    let covers = |toml: &str| users(toml).includes_user(&ada, &mapping);
    assert!(covers(""));
    assert!(covers("status = ['ACTIVE', 'STAGED']") && !covers("status = ['SUSPENDED']"));
    assert!(covers("types = ['t0']") && covers("types = ['Type 0']") && !covers("types = ['Type 1']"));
    assert!(covers("profile = { department = ['sales'] }") && !covers("profile = { department = ['R&D'] }"));
    assert!(covers("profile = { tags = ['b'] }") && !covers("profile = { tags = ['c'] }"), "one of a list");
    assert!(covers("profile = { level = ['3'] }"), "as text");
    assert!(
        covers("profile = { city = [''] }") && !covers("profile = { city = ['?*'] }"),
        "no value is empty"
    );
    assert!(!covers("status = ['ACTIVE']\nprofile = { department = ['R&D'] }"), "both");
}

#[test]
fn unusable_condition_value_is_reported() {
    let odd = |toml: &str, user: &User| users(toml).odd_of_user(user).map(|odd| odd.member.as_str());
    for status in ["", "active", "GONE"] {
        let ada = user(status, "oty0", &json!({}));
        assert_eq!(odd("status = ['ACTIVE']", &ada), Some("status"), "{status}");
        assert_eq!(odd("types = ['t0']", &ada), None);
    }
    for value in [json!(null), json!({}), json!("oty0"), json!({ "id": "" })] {
        let ada = json!({ "id": "00u1", "status": "ACTIVE", "type": value, "profile": {} });
        let ada = serde_json::from_value(ada).unwrap();
        assert_eq!(odd("types = ['t0']", &ada), Some("type"), "{value}");
        assert_eq!(odd("status = ['ACTIVE']", &ada), None);
    }
    assert_eq!(odd("status = ['ACTIVE']\ntypes = ['t0']", &user("STAGED", "oty9", &json!({}))), None);
    let odd = |kind: &str| groups("types = ['APP_GROUP']").odd_of_group(&group("00g1", kind, "a")).is_some();
    assert!(odd("") && odd("okta_group") && !odd("OKTA_GROUP"));
    assert!(SyncScope::default().odd_of_group(&group("00g1", "", "a")).is_none());
}

#[test]
fn required_member_groups_are_in_scope() {
    let selection = SyncScope {
        users: toml::from_str("member_of = ['00gSTAFF']").unwrap(),
        groups: toml::from_str("types = ['OKTA_GROUP']\nnames = ['team-*']").unwrap(),
    };
    assert!(selection.includes_group(&group("00g1", "OKTA_GROUP", "team-a")));
    assert!(!selection.includes_group(&group("00g1", "APP_GROUP", "team-a")));
    assert!(!selection.includes_group(&group("00g1", "OKTA_GROUP", "else")));
    assert!(selection.includes_group(&group("00gSTAFF", "APP_GROUP", "Staff")));
    let [staff, other] = ["00gSTAFF", "00g1"].map(GroupId::new);
    assert!(selection.includes_member_of(&[other.clone(), staff.clone()]));
    assert!(
        !selection.includes_member_of(std::slice::from_ref(&other)) && !selection.includes_member_of(&[])
    );
    assert!(selection.may_include(&staff) && !selection.may_include(&other));
    assert!(SyncScope::default().includes_member_of(&[]) && SyncScope::default().may_include(&other));
    assert!(!users("status = ['ACTIVE']").may_include(&other), "no membership changes a status");
}

#[test]
fn unsatisfiable_conditions_are_rejected() {
    let refused = |selection: SyncScope| {
        let error = selection.check().unwrap_err();
        (error.setting(), error.to_string())
    };
    insta::assert_debug_snapshot!([
        refused(users("status = ['active']")),
        refused(users("member_of = ['Employees']")),
        refused(groups("types = ['OKTA']")),
    ]);
    assert!(users("status = ['LOCKED_OUT']\nmember_of = ['00g1emaKYZTWRYYRRTSK']").check().is_ok());
    assert!(toml::from_str::<UserScope>("statuses = []").is_err());
}

#[test]
fn another_choice_has_another_version() {
    assert_eq!(SyncScope::default().version(), "");
    let one = users("status = ['ACTIVE', 'STAGED']").version();
    assert_eq!(one, users("status = ['STAGED', 'ACTIVE']").version(), "the order says nothing");
    assert_ne!(one, users("status = ['ACTIVE']").version());
    assert_ne!(one, "");
}
