//! What an operator can choose, what is refused, and what is only said.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use schema_mapper::{Mapping, MappingOptions, OrgSchemas};
use serde_json::{Value, json};
use support::orgs::{group_schema, mapping, mapping_by, options, org, schema, text, user, with};
use sync_model::ObjectKind;

fn refused(org: &OrgSchemas, toml: &str) -> String {
    Mapping::new(org, &options(toml)).unwrap_err().to_string()
}

/// Name and type in Assets of a profile attribute of users.
fn attribute(mapping: &Mapping, name: &str) -> Option<(String, String, bool)> {
    let id = format!("okta-sync/user/profile/{name}");
    let found = mapping.attributes(ObjectKind::User).iter().find(|a| a.external_id == id)?;
    Some((found.name.clone(), found.kind.as_str().to_owned(), found.many))
}

#[test]
fn options_parse_and_reject_unknown_keys() {
    let read = options(
        "external_id_prefix = 'eu'\nobject_schema_name = 'People'\nattribute_names = 'name'\nuser_label = 'email'\ngroup_label = 'description'\n\
         include_last_login = true\narray_format = 'select'\narray_separator = '; '\nenum_format = 'select'\nmembership_strategy = 'on_groups'\n\
         [manager]\nattribute = 'boss'\nmatch_by = 'employee_number'\n[account]\nemail = 'secondEmail'\nattribute = 'Account'\n\
         [user]\ninclude = ['a']\nexclude = ['b']\n[user.rename]\na = 'A'\n[user.types]\na = 'date_time'\n\
         [group]\nexclude = ['c']",
    );
    insta::assert_debug_snapshot!("every_option", read);
    for unknown in
        ["array_format = 'both'", "user_labl = 'x'", "user.type = {}", "manager.id = 1", "account.name = 'x'"]
    {
        assert!(toml::from_str::<MappingOptions>(unknown).is_err(), "{unknown}");
    }
}

#[test]
fn list_format_is_set_per_attribute() {
    let org = with(&json!({
        "sites": {"title": "Sites", "type": "array"}, "codes": {"title": "Codes", "type": "array"}}));
    let shape = |toml: &str, name: &str| {
        let (_, kind, many) = attribute(&mapping_by(&org, toml), name).unwrap();
        (kind, many)
    };
    assert_eq!(shape("", "sites"), ("textarea".into(), false));
    assert_eq!(shape("array_format = 'select'", "sites"), ("select".into(), true));
    assert_eq!(
        shape("array_format = 'select'\nuser.types.sites = 'textarea'", "sites"),
        ("textarea".into(), false)
    );
    assert_eq!(shape("user.types.sites = 'select'", "sites"), ("select".into(), true));
    assert_eq!(shape("user.types.sites = 'select'", "codes"), ("textarea".into(), false));
    let ada = user("00u1", &json!({"login": "ada", "sites": ["b", "a", "b"], "codes": ["2", "1"]}));
    let record = mapping_by(&org, "user.types.sites = 'select'\narray_separator = ' / '").user(&ada).record;
    assert_eq!(record.fields["profile_sites"], json!(["a", "b"]));
    assert_eq!(record.fields["profile_codes"], "2 / 1");
}

#[test]
fn enum_is_text_unless_select_configured() {
    let org = with(&json!({"size": {"title": "Size", "type": "string", "enum": ["S", "M"]}}));
    let kind = |toml: &str| attribute(&mapping_by(&org, toml), "size").unwrap().1;
    assert_eq!(kind(""), "text");
    assert_eq!(kind("enum_format = 'select'"), "select");
    assert_eq!(kind("user.types.size = 'select'"), "select");
}

#[test]
fn unsupported_attribute_type_is_rejected() {
    let org = with(&json!({"size": text("Size")}));
    for wrong in ["status", "referenced_object", "colour"] {
        insta::allow_duplicates! {
            let message = refused(&org, &format!("user.types.size = '{wrong}'")).replace(wrong, "WRONG");
            insta::assert_snapshot!(message, @r#"mapping.user.types: the type of "size" must be one of text, textarea, integer, double, boolean, date, time, date_time, url, email, select, ipaddress; got "WRONG""#);
        }
    }
    insta::assert_snapshot!(refused(&org, "user.types.login = 'select'"), @r#"mapping.user.types: the type of "login" must be one of text; got "select""#);
    insta::assert_snapshot!(refused(&org, "group.types.name = 'url'"), @r#"mapping.group.types: the type of "name" must be one of text; got "url""#);
}

#[test]
fn unsatisfiable_options_are_rejected_by_name() {
    let org = with(&json!({}));
    let no_types = OrgSchemas { user_types: Vec::new(), ..org.clone() };
    insta::assert_snapshot!(refused(&no_types, ""), @"the org has no user types; the app may lack the API scopes okta.userTypes.read and okta.schemas.read");
    insta::assert_snapshot!(refused(&org, "user_label = 'nick'"), @r#"mapping.user_label: no user type of the org has the attribute "nick""#);
    insta::assert_snapshot!(refused(&org, "group_label = 'nick'"), @r#"mapping.group_label: groups of the org don't have the attribute "nick""#);
    insta::assert_snapshot!(refused(&org, "external_id_prefix = 'a/b'"), @r#"mapping.external_id_prefix: must be letters, digits, and hyphens, at least one; got "a/b""#);
    insta::assert_snapshot!(refused(&org, "object_schema_name = 'Who?'"), @r#"mapping.object_schema_name: must be a name without = ; : ? . or "; got "Who?""#);
    let mut bare = schema(&json!({}));
    bare["definitions"]["base"]["properties"].as_object_mut().unwrap().remove("employeeNumber");
    let bare = self::org(&[bare], &group_schema(&json!({})));
    insta::assert_snapshot!(refused(&bare, "manager.match_by = 'employee_number'"), @r#"mapping.manager.match_by: no user type of the org has the attribute employeeNumber; set "off" or another value"#);
}

#[test]
fn options_for_unknown_attributes_only_warn() {
    let types = [
        schema(&json!({"n": {"title": "N", "type": "integer"}})),
        schema(
            &json!({"n": {"title": "N", "type": "boolean"}, "pin": {"title": "PIN", "type": "string", "format": "hashed"}}),
        ),
    ];
    let org = org(&types, &group_schema(&json!({})));
    let mapping = mapping_by(
        &org,
        "user = { exclude = ['shoeSize', 'login'], rename = { email = 'Key', gone = 'X' }, types = { other = 'text' } }\n\
         group.include = ['name', 'nope']\nmanager.attribute = 'boss'\naccount.email = 'mail'",
    );
    let said: Vec<String> = mapping.warnings().iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(said.join("\n"), @r#"
    mapping.account.email: no Okta schema defines "mail"
    mapping.group.include: no Okta schema defines "nope"
    mapping.manager.attribute: no Okta schema defines "boss"
    mapping.user.exclude: no Okta schema defines "shoeSize"
    mapping.user.rename: no Okta schema defines "gone"
    mapping.user.types: no Okta schema defines "other"
    "login" is excluded but mapped, because it is the label
    "email": the name "Key" is reserved, taken, or unreadable; using "Key (email)"
    user types define "n" differently; mapping it to text
    "pin" is encrypted, hashed, or write-only in Okta; excluding it
    "#);
    assert!(attribute(&mapping, "login").is_some() && attribute(&mapping, "pin").is_none());
    assert!(self::mapping(&with(&json!({}))).warnings().is_empty());
}

#[test]
fn name_source_is_configurable() {
    let org = with(&json!({"costCentre": text("Cost centre")}));
    let name = |toml: &str| attribute(&mapping_by(&org, toml), "costCentre").unwrap().0;
    assert_eq!(name(""), "Cost centre");
    assert_eq!(name("attribute_names = 'name'"), "costCentre");
    assert_eq!(name("user.rename.costCentre = 'Kostenstelle'"), "Kostenstelle");
    // Who is named by the operator comes before everyone else.
    assert_eq!(name("user.rename.costCentre = 'Username'"), "Username");
    let mapping = mapping_by(&org, "user.rename.costCentre = 'Username'");
    assert_eq!(attribute(&mapping, "login").unwrap().0, "Username (login)");
}

#[test]
fn base_attribute_keeps_its_name() {
    let mapping = mapping(&with(&json!({"a": text("Username"), "z": text("USERNAME")})));
    let name = |name: &str| attribute(&mapping, name).unwrap().0;
    assert_eq!(
        (name("login"), name("a"), name("z")),
        ("Username".into(), "Username (a)".into(), "USERNAME (z)".into())
    );
}

#[test]
fn long_or_unlimited_text_becomes_textarea() {
    let kind = |property: Value| attribute(&mapping(&with(&json!({"x": property}))), "x").unwrap().1;
    assert_eq!(kind(text("X")), "textarea");
    assert_eq!(kind(json!({"title": "X", "type": "string", "maxLength": 255})), "text");
    assert_eq!(kind(json!({"title": "X", "type": "string", "maxLength": 256})), "textarea");
    assert_eq!(kind(json!({"title": "X", "type": "string", "format": "locale"})), "text");
    assert_eq!(kind(json!({"title": "X", "type": "array", "items": {"type": "string"}})), "textarea");
    // A base attribute is short by nature.
    assert_eq!(attribute(&mapping(&with(&json!({}))), "employeeNumber").unwrap().1, "text");
    let types = [json!({"title": "X", "type": "string", "maxLength": 50}), text("X")]
        .map(|x| schema(&json!({"x": x})));
    let widened = mapping(&org(&types, &group_schema(&json!({}))));
    assert_eq!(attribute(&widened, "x").unwrap().1, "textarea");
    assert!(widened.warnings().is_empty(), "a longer text holds a shorter one");
}

#[test]
fn conflicting_user_types_widen_to_text() {
    let kinds = |one: Value, other: Value| {
        let types = |a: &Value, b: &Value| [schema(&json!({"x": a})), schema(&json!({"x": b}))];
        let kind =
            |types: [Value; 2]| attribute(&mapping(&org(&types, &group_schema(&json!({})))), "x").unwrap().1;
        let both = kind(types(&one, &other));
        assert_eq!(both, kind(types(&other, &one)), "whichever type is the default");
        both
    };
    let integer = json!({"title": "X", "type": "integer"});
    let mail = json!({"title": "X", "type": "string", "format": "email"});
    let long = json!({"title": "X", "type": "string", "maxLength": 4000});
    let list = json!({"title": "X", "type": "array"});
    assert_eq!(kinds(integer.clone(), integer.clone()), "integer");
    assert_eq!(kinds(integer.clone(), mail.clone()), "text");
    assert_eq!(kinds(list, mail.clone()), "textarea");
    assert_eq!(kinds(integer, long.clone()), "textarea");
    assert_eq!(kinds(mail, long), "textarea");
}
