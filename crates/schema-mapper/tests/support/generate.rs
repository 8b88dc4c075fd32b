//! Schemas, values, options and administrators that nobody would think of.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use schema_mapper::{
    ArrayFormat, AttributeNames, EnumFormat, ManagerMatch, MappingOptions, MembershipStrategy,
};
use serde_json::{Value, json};

use super::assets::AssetsAction;

const HOSTILE: [&str; 16] = [
    "",
    " ",
    "\"",
    "\\\"",
    "${x}",
    "${groups${0}}",
    "\0\u{7}\n",
    "\u{202E}evil",
    "Key",
    "created",
    "Okta User ID",
    "Username",
    "é",
    "é",
    "🦀",
    "a/b~c%20",
];

/// A title or name: ordinary ones that collide, hostile ones, and any.
pub fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[aA]{1,2}[b_]?",
        2 => prop::sample::select(HOSTILE.to_vec()).prop_map(str::to_owned),
        2 => "\\PC{0,12}",
        1 => any::<String>().prop_map(|text| text.chars().take(20).collect()),
        1 => "x{90,300}",
    ]
}

/// Custom attributes by name.
pub fn properties() -> impl Strategy<Value = Value> {
    let kind = prop::sample::select(vec!["string", "integer", "number", "boolean", "array", "newer"]);
    let format =
        prop::option::of(prop::sample::select(vec!["email", "uri", "date-time", "locale", "hashed"]));
    let allowed = prop::option::of(prop::collection::vec("[xy]", 1..3));
    let property = (word(), kind, format, prop::option::of(0_u64..9000), allowed).prop_map(
        |(title, kind, format, longest, allowed)| {
            json!({"title": title, "type": kind, "format": format, "maxLength": longest, "enum": allowed})
        },
    );
    prop::collection::btree_map(word(), property, 0..8).prop_map(|p| json!(p))
}

pub fn value() -> impl Strategy<Value = Value> {
    let one = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_filter("JSON has none", |n| n.is_finite()).prop_map(Value::from),
        word().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        ".{250,300}".prop_map(Value::from),
    ];
    let list = prop::collection::vec(one.clone(), 0..4).prop_map(Value::from);
    prop_oneof![4 => one, 1 => list, 1 => Just(json!({"nested": [1]}))]
}

pub fn options() -> impl Strategy<Value = MappingOptions> {
    let memberships = prop::sample::select(vec![
        MembershipStrategy::OnUsers,
        MembershipStrategy::OnGroups,
        MembershipStrategy::Objects,
    ]);
    let manager = prop::sample::select(vec![
        ManagerMatch::Id,
        ManagerMatch::Login,
        ManagerMatch::Email,
        ManagerMatch::EmployeeNumber,
        ManagerMatch::Off,
    ]);
    let label = prop::sample::select(vec!["login", "email", "employeeNumber"]);
    (
        memberships,
        manager,
        any::<(bool, bool, bool, bool)>(),
        label,
        prop::collection::btree_map(word(), word(), 0..2),
    )
        .prop_map(|(memberships, manager, (by_name, arrays, enums, last_login), label, rename)| {
            let mut options = MappingOptions {
                membership_strategy: memberships,
                include_last_login: last_login,
                user_label: label.into(),
                ..MappingOptions::default()
            };
            options.manager.match_by = manager;
            options.user.rename = rename;
            options.attribute_names = if by_name { AttributeNames::Name } else { AttributeNames::Title };
            options.array_format = if arrays { ArrayFormat::Select } else { ArrayFormat::Joined };
            options.enum_format = if enums { EnumFormat::Select } else { EnumFormat::Text };
            options
        })
}

/// What administrators do to a document.
pub fn assets_actions() -> impl Strategy<Value = Vec<AssetsAction>> {
    let at = || 0_usize..3;
    let name = || prop_oneof![2 => "[aA]{1,2}( \\([aA]\\))?", 1 => Just("Okta User ID".to_owned()), 2 => "\\PC{1,8}"];
    let action = prop_oneof![
        3 => (at(), 0_usize..20, name()).prop_map(|(t, a, name)| AssetsAction::Rename(t, a, name)),
        2 => (at(), 0_usize..20).prop_map(|(t, a)| AssetsAction::Delete(t, a)),
        2 => (at(), 0_usize..20).prop_map(|(t, a)| AssetsAction::Replace(t, a)),
        2 => (at(), 0_usize..20).prop_map(|(t, a)| AssetsAction::Limit(t, a)),
        2 => (at(), name()).prop_map(|(t, name)| AssetsAction::MakeByHand(t, name)),
        1 => at().prop_map(AssetsAction::DeleteType),
        1 => (at(), prop_oneof![Just("Okta Group".to_owned()), name()]).prop_map(|(t, name)| AssetsAction::RenameType(t, name)),
    ];
    prop::collection::vec(action, 0..6)
}

/// The same schemas each time.
pub fn deterministic(count: usize) -> Vec<Value> {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    (0..count).map(|_| properties().new_tree(&mut runner).unwrap().current()).collect()
}
