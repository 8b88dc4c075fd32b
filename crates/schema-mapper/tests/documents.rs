//! Documents of orgs of different shape.

mod support;

use schema_mapper::Mapping;
use serde_json::json;
use support::orgs::{all, mapping, mapping_by, options, org};
use support::{conforms, keeps_the_rules, recorded};

#[test]
fn documents_of_all_shapes_match_snapshots() {
    for (name, org, toml) in all() {
        let mapping = mapping_by(&org, toml);
        keeps_the_rules(mapping.document());
        // The statuses are the same everywhere.
        let mut shown = json!(mapping.document());
        shown["schema"].as_object_mut().unwrap().remove("statusSchema");
        insta::assert_json_snapshot!(name, shown);
    }
}

#[test]
fn documents_validate_against_atlassian_s_schema() {
    for (_, org, toml) in all() {
        conforms(mapping_by(&org, toml).document());
        // Every org with every strategy, too.
        for strategy in ["on_users", "on_groups", "objects"] {
            let mut options = options(toml);
            options.membership_strategy =
                self::options(&format!("membership_strategy = '{strategy}'")).membership_strategy;
            conforms(Mapping::new(&org, &options).unwrap().document());
        }
    }
}

#[test]
fn user_type_order_leaves_document_unchanged() {
    let one = org(
        &[recorded("user_schema-1.json"), recorded("user_schema-2.json")],
        &recorded("group_schema-1.json"),
    );
    let mut other = one.clone();
    other.user_types.reverse();
    let bytes = |org| serde_json::to_string(mapping(org).document()).unwrap();
    assert_eq!(bytes(&one), bytes(&other));
    assert_eq!(mapping(&one).version(), mapping(&other).version());
}
