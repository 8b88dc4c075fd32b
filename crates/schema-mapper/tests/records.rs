//! Records of users, groups and memberships, and what is said about values.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use okta_client::model::{Group, User};
use schema_mapper::{EmptyValues, Mapping};
use serde_json::json;
use support::orgs::{mapping, mapping_by, org, user, with};
use support::recorded;
use sync_model::{
    GroupId, ObjectKind, Record, RecordKey, Reference, RetireReason, UserId, ValueProblem, ValueProblemKind,
};

fn group(id: &str, name: &str) -> Group {
    serde_json::from_value(json!({"id": id, "type": "OKTA_GROUP", "profile": {"name": name}})).unwrap()
}

fn to(kind: ObjectKind, value: &str) -> Reference {
    Reference { kind, reference_key: value.to_owned() }
}

#[test]
fn recorded_users_and_groups_become_records() {
    let mapping = mapping(&org(&[recorded("user_schema-1.json")], &recorded("group_schema-1.json")));
    let users: Vec<User> = serde_json::from_value(recorded("users-page-3.json")).unwrap();
    let groups: Vec<Group> = serde_json::from_value(recorded("groups-page-1.json")).unwrap();
    for user in &users {
        let mapped = mapping.user(user);
        assert!(mapped.problems.is_empty() && mapped.unmapped.is_empty(), "{:?}", mapped.problems);
        assert_eq!(mapped.record.fields["profile_login"], json!(user.profile.text("login")));
    }
    let record = mapping.with_groups(
        mapping.user(&users[0]).record,
        &[GroupId::new("00g2"), GroupId::new("00g1"), GroupId::new("00g2")],
    );
    assert_eq!(record.fields["groups"], json!(["00g1", "00g2"]));
    insta::assert_json_snapshot!("recorded_user", record);
    insta::assert_json_snapshot!("recorded_group", mapping.group(&groups[0]).record);
    let retired = mapping.retire(&record, RetireReason::Deleted);
    assert_eq!((&retired.fields["status"], &retired.fields["groups"]), (&json!("Okta Deleted"), &json!([])));
    assert!(retired.references.is_empty());
}

#[test]
fn unknown_attribute_is_reported_not_sent() {
    let user: User = serde_json::from_value(
        json!({"id": "00u1", "status": "NEWER", "profile": {"login": "a", "shoeSize": 42, "nothing": null}}),
    )
    .unwrap();
    let mapped = mapping(&with(&json!({}))).user(&user);
    assert_eq!(mapped.unmapped, ["shoeSize"]);
    assert_eq!(mapped.record.fields["status"], "Okta Other");
    let problem = |attribute: &str, problem| ValueProblem {
        kind: ObjectKind::User,
        attribute: attribute.into(),
        problem,
    };
    assert_eq!(
        mapped.problems,
        [
            problem("shoeSize", ValueProblemKind::OutsideSchema),
            problem("status", ValueProblemKind::UnknownStatus),
        ]
    );
    let chosen = mapping_by(&with(&json!({})), "user.exclude = ['shoeSize']").user(&user);
    assert_eq!(chosen.problems.len(), 1, "left out on purpose");
}

#[test]
fn missing_label_falls_back_to_id() {
    let mapping = mapping_by(&with(&json!({})), "user_label = 'employeeNumber'");
    let mapped = mapping.user(&user("00u1", &json!({"login": "ada", "employeeNumber": "  "})));
    assert_eq!(mapped.record.fields["profile_employeeNumber"], "00u1");
    assert_eq!(mapped.problems.len(), 1);
    let nameless: Group = serde_json::from_value(json!({"id": "00g1", "type": "OKTA_GROUP"})).unwrap();
    assert_eq!(mapping.group(&nameless).record.fields["profile_name"], "00g1");
}

#[test]
fn manager_is_matched_ignoring_case() {
    let ada = user("00u1", &json!({"login": "ada", "email": " Ada@Example.com ", "employeeNumber": 7}));
    let manager = |mapping: &Mapping| {
        let fields = &mapping.document().mapping.object_type_mappings[1].attributes_mapping;
        let field = fields.iter().find(|f| f.attribute_name == "Okta Manager").unwrap();
        field.object_mapping_iql.clone().unwrap()
    };
    for (by, spelled, folded) in [
        ("login", "ADA", "ada"),
        ("email", "ada@EXAMPLE.com", "ada@example.com"),
        ("employee_number", " 7", "7"),
    ] {
        // What managers are named by need not be in Assets.
        let mapping = mapping_by(
            &with(&json!({})),
            &format!("manager.match_by = '{by}'\nuser.exclude = ['email', 'employeeNumber', 'managerId']"),
        );
        let grace = mapping.user(&user("00u2", &json!({"login": "grace", "managerId": spelled}))).record;
        let ada = mapping.user(&ada).record;
        assert_eq!((ada.reference_key.as_str(), ada.alias.unwrap().value.as_str()), ("00u1", folded), "{by}");
        let named = grace.alias_reference.clone().unwrap();
        assert_eq!((named.field.as_str(), named.alias.as_str(), named.id), ("manager", folded, None), "{by}");
        assert!(grace.references.is_empty() && grace.fields["manager"] == "", "resolved later: {by}");
        assert_eq!(manager(&mapping), "\"Okta User ID\" = ${manager}");
        let mut resolved = grace;
        resolved.resolve(Some("00u1".into()));
        let joined = mapping.with_groups(resolved, &[GroupId::new("00g1")]);
        assert_eq!(joined.references, [to(ObjectKind::Group, "00g1"), to(ObjectKind::User, "00u1")]);
        assert_eq!(mapping.retire(&joined, RetireReason::Deleted).alias_reference, None);
    }
    let by_id = mapping(&with(&json!({})));
    let grace = by_id.user(&user("00u2", &json!({"login": "grace", "managerId": " 00u1 "}))).record;
    assert_eq!((&grace.references[..], &grace.alias_reference), (&[to(ObjectKind::User, "00u1")][..], &None));
    assert_eq!(manager(&by_id), "\"Okta User ID\" = ${manager}");
    let off = mapping_by(&with(&json!({})), "manager.match_by = 'off'").user(&ada).record;
    assert!(off.references.is_empty() && !off.fields.contains_key("manager"));
}

#[test]
fn deactivated_user_yields_its_alias() {
    let mapping = mapping_by(&with(&json!({})), "manager.match_by = 'login'");
    let left: User =
        serde_json::from_value(json!({"id": "00u1", "status": "DEPROVISIONED", "profile": {"login": "ada"}}))
            .unwrap();
    assert!(mapping.user(&left).record.alias.unwrap().yields);
    assert!(!mapping.user(&user("00u2", &json!({"login": "ada"}))).record.alias.unwrap().yields);
}

#[test]
fn directory_groups_keep_identifying_attributes() {
    let sales: Group = serde_json::from_value(json!({"id": "00g1", "type": "APP_GROUP", "profile": {
        "name": "Sales", "samAccountName": "Sales", "dn": "CN=Sales,DC=corp", "externalId": "AbCd==",
        "windowsDomainQualifiedName": "CORP\\Sales", "objectSid": "S-1-5"}}))
    .unwrap();
    let mapped = mapping(&with(&json!({}))).group(&sales);
    for (field, value) in [("dn", "CN=Sales,DC=corp"), ("samAccountName", "Sales"), ("externalId", "AbCd==")]
    {
        assert_eq!(mapped.record.fields[&format!("profile_{field}")], value);
    }
    assert_eq!(mapped.unmapped, ["objectSid"]);
    assert_eq!(mapped.problems[0].attribute, "objectSid");
}

#[test]
fn user_memberships_keep_manager_reference() {
    let mapping = mapping(&with(&json!({})));
    let record = mapping.user(&user("00u1", &json!({"login": "ada", "managerId": "00u9"}))).record;
    assert_eq!(record.fields["groups"], json!([]));
    let record =
        mapping.with_groups(record, &[GroupId::new("00g2"), GroupId::new("00g1"), GroupId::new("00g2")]);
    assert_eq!(record.fields["groups"], json!(["00g1", "00g2"]));
    let expected =
        [to(ObjectKind::Group, "00g1"), to(ObjectKind::Group, "00g2"), to(ObjectKind::User, "00u9")];
    assert_eq!(record.references, expected);
    let staff = mapping.group(&group("00g1", "Staff")).record;
    assert_eq!(mapping.with_members(staff.clone(), &[UserId::new("00u1")]), staff, "not by this strategy");
}

#[test]
fn memberships_are_members_on_the_group() {
    let mapping = mapping_by(&with(&json!({})), "membership_strategy = 'on_groups'");
    let staff = mapping.group(&group("00g1", "Staff")).record;
    assert_eq!(staff.fields["members"], json!([]));
    let staff = mapping.with_members(staff, &[UserId::new("00u2"), UserId::new("00u1"), UserId::new("00u2")]);
    assert_eq!(staff.fields["members"], json!(["00u1", "00u2"]));
    assert_eq!(staff.references, [to(ObjectKind::User, "00u1"), to(ObjectKind::User, "00u2")]);
    let retired = mapping.retire(&staff, RetireReason::Deleted);
    assert_eq!((&retired.fields["members"], retired.references.len()), (&json!([]), 0));
    let ada = mapping.user(&user("00u1", &json!({"login": "ada", "managerId": "00u9"}))).record;
    assert_eq!(mapping.with_groups(ada.clone(), &[GroupId::new("00g1")]), ada, "not by this strategy");
}

#[test]
fn ended_membership_object_is_retired() {
    let mapping = mapping_by(&with(&json!({})), "membership_strategy = 'objects'");
    let ada = mapping.user(&user("00u1", &json!({"login": "ada"}))).record;
    let staff = mapping.group(&group("00g1", "Staff")).record;
    let record = mapping.membership(&ada, &staff);
    insta::assert_json_snapshot!("membership", record);
    assert_eq!(record.key, Mapping::membership_key(&UserId::new("00u1"), &GroupId::new("00g1")));
    let ended = mapping.retire(&record, RetireReason::Deleted);
    assert_eq!(ended.fields["status"], "Okta Deleted");
    assert_eq!((&ended.fields["user"], &ended.references), (&json!("00u1"), &record.references));
    assert_eq!(mapping.retire(&ended, RetireReason::Deleted), ended);
    // Of whom nothing but the key is known.
    let key = |kind, id: &str| Record {
        key: RecordKey { kind, id: id.to_owned() },
        fields: std::collections::BTreeMap::new(),
        reference_key: id.to_owned(),
        references: Vec::new(),
        alias: None,
        alias_reference: None,
    };
    let bare = mapping.membership(&key(ObjectKind::User, "00u1"), &key(ObjectKind::Group, "00g1"));
    assert_eq!(bare.fields["name"], "00u1 in 00g1");
    assert_eq!(mapping.kind_of("Okta Membership"), Some(ObjectKind::Membership));
    assert_eq!(self::mapping(&with(&json!({}))).kind_of("Okta Membership"), None);
}

#[test]
fn account_link_requires_option_and_email() {
    let ada = user("00u1", &json!({"login": "ada", "email": "ada@example.com", "secondEmail": "nobody"}));
    let org = with(
        &json!({"secondEmail": {"title": "Second", "type": "string"}, "x": {"title": "Atlassian account", "type": "string"}}),
    );
    assert_eq!(mapping(&org).account_link(&ada), None);
    let linked = mapping_by(&org, "account = {}");
    let link = linked.account_link(&ada).unwrap();
    assert_eq!(
        (link.user.id.as_str(), link.email.as_str(), link.attribute.as_str()),
        ("00u1", "ada@example.com", "Atlassian account")
    );
    assert!(!format!("{link:?}").contains("ada@"), "the address is not for logs");
    assert_eq!(mapping_by(&org, "account.email = 'secondEmail'").account_link(&ada), None);
    // The name is kept free for the attribute that is made by hand.
    assert!(linked.attributes(ObjectKind::User).iter().any(|a| a.name == "Atlassian account (x)"));
}

#[test]
fn values_kept_by_assets_are_listed() {
    let mapping =
        mapping_by(&with(&json!({"a": {"title": "A", "type": "string"}})), "array_format = 'select'");
    let before = mapping.user(&user("00u1", &json!({"login": "ada", "a": "x", "managerId": "00u9"}))).record;
    let before = mapping.with_groups(before, &[GroupId::new("00g1")]);
    let after = mapping.user(&user("00u1", &json!({"login": "eva"}))).record;
    assert_eq!(
        before.fields.keys().collect::<Vec<_>>(),
        after.fields.keys().collect::<Vec<_>>(),
        "empties are explicit"
    );
    let kept = |setting| -> Vec<String> {
        let kept = mapping.dropped_values(setting, &before, &after);
        assert!(kept.iter().all(|k| k.key == after.key && k.object_type == "Okta User"));
        kept.into_iter().map(|k| k.attribute).collect()
    };
    assert_eq!(
        kept(EmptyValues::from_setting(Some(true))),
        ["Okta Groups", "Okta Manager", "A", "ManagerId"]
    );
    assert_eq!(kept(EmptyValues::from_setting(None)).len(), 4, "the default of Assets is to ignore them");
    assert!(kept(EmptyValues::from_setting(Some(false))).is_empty());
    assert!(mapping.dropped_values(EmptyValues::Ignored, &after, &before).is_empty(), "nothing went away");
    assert_eq!(
        mapping
            .dropped_values(EmptyValues::Ignored, &before, &mapping.retire(&before, RetireReason::Deleted))
            .len(),
        1,
        "the groups"
    );
}
