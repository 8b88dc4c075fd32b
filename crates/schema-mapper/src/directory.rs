//! Attributes of groups that Okta's group schema leaves out.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use okta_client::model::{PropertyType, Schema, SchemaProperty};
use serde_json::Map;

/// The attributes of groups from Active Directory and LDAP (object class `okta:windows_security_principal`), by which
/// administrators identify such groups: name, title, and maximum length. No response of `/meta/schemas/group/default`
/// contains them. <https://developer.okta.com/docs/api/openapi/okta-management/management/tag/Group/>
const DIRECTORY: [(&str, &str, Option<u64>); 4] = [
    ("dn", "Distinguished Name", None),
    ("externalId", "External ID", Some(255)),
    ("samAccountName", "SAM Account Name", Some(255)),
    ("windowsDomainQualifiedName", "Windows Domain Qualified Name", None),
];

static PROPERTIES: LazyLock<BTreeMap<&'static str, SchemaProperty>> = LazyLock::new(|| {
    let property = |title: &str, max_length| SchemaProperty {
        title: title.to_owned(),
        description: Some("Set for groups from Active Directory or LDAP".to_owned()),
        kind: PropertyType::String,
        format: None,
        items: None,
        max_length,
        enum_values: Vec::new(),
        one_of: Vec::new(),
        unique: None,
        rest: Map::new(),
    };
    DIRECTORY.into_iter().map(|(name, title, longest)| (name, property(title, longest))).collect()
});

/// The directory attributes that a group schema does not define itself.
pub(crate) fn beside(schema: &Schema) -> impl Iterator<Item = (&'static str, &'static SchemaProperty)> {
    let defined = |name: &str| schema.properties().any(|(own, _)| own == name);
    PROPERTIES.iter().filter(move |(name, _)| !defined(name)).map(|(name, property)| (*name, property))
}
