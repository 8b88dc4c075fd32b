//! The schema-and-mapping document of a mapping.

use std::collections::BTreeMap;

use insight_import_client::document::{
    Attribute, AttributeMapping, Mapping as MappingPart, ObjectSchema, ObjectType, ObjectTypeMapping,
    SchemaAndMapping, SchemaDefinition, StatusSchema,
};
use serde_json::Map;
use sync_model::{ObjectKind, ReferenceForm};

use crate::attribute::{MappedAttribute, Source};
use crate::names::quoted;
use crate::options::MappingOptions;
use crate::status;

/// The input for a document.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    pub(crate) options: MappingOptions,
    pub(crate) attributes: BTreeMap<ObjectKind, Vec<MappedAttribute>>,
    /// Names of the object types in Assets, where they are not ours.
    pub(crate) type_names: BTreeMap<ObjectKind, String>,
    /// The form of several references.
    pub(crate) reference_form: ReferenceForm,
}

impl Layout {
    pub(crate) fn attributes(&self, kind: ObjectKind) -> &[MappedAttribute] {
        self.attributes.get(&kind).map(Vec::as_slice).unwrap_or_default()
    }

    pub(crate) fn type_name(&self, kind: ObjectKind) -> &str {
        self.type_names.get(&kind).map_or(type_name(kind), String::as_str)
    }

    pub(crate) fn is_label(&self, kind: ObjectKind, attribute: &MappedAttribute) -> bool {
        match kind {
            ObjectKind::User => attribute.is_profile(&self.options.user_label),
            ObjectKind::Group => attribute.is_profile(&self.options.group_label),
            ObjectKind::Membership => attribute.source == Source::MembershipName,
        }
    }
}

/// The version of the document's format.
const FORMAT: &str = "https://api.atlassian.com/jsm/assets/imports/external/schema/versions/2023_10_19";

/// The external id of the object type of a kind of object.
pub(crate) fn type_id(options: &MappingOptions, kind: ObjectKind) -> String {
    format!("{}/type/{kind}", options.external_id_prefix)
}

/// The default name of the object type of a kind of object.
const fn type_name(kind: ObjectKind) -> &'static str {
    match kind {
        ObjectKind::User => "Okta User",
        ObjectKind::Group => "Okta Group",
        ObjectKind::Membership => "Okta Membership",
    }
}

/// The key of a kind of record in the data.
pub(crate) const fn selector(kind: ObjectKind) -> &'static str {
    match kind {
        ObjectKind::User => "users",
        ObjectKind::Group => "groups",
        ObjectKind::Membership => "memberships",
    }
}

const fn description(kind: ObjectKind) -> &'static str {
    match kind {
        ObjectKind::User => "A user of the Okta org",
        ObjectKind::Group => "A group of the Okta org",
        ObjectKind::Membership => "A user's membership in a group",
    }
}

/// The document for Assets.
pub(crate) fn document(layout: &Layout) -> SchemaAndMapping {
    let kinds: Vec<ObjectKind> =
        ObjectKind::ALL.into_iter().filter(|&kind| !layout.attributes(kind).is_empty()).collect();
    let object_type = |&kind: &ObjectKind| ObjectType {
        external_id: Some(type_id(&layout.options, kind)),
        name: layout.type_name(kind).to_owned(),
        description: description(kind).to_owned(),
        attributes: layout.attributes(kind).iter().map(|a| attribute(layout, kind, a)).collect(),
        children: Vec::new(),
        rest: Map::new(),
    };
    let type_mapping = |&kind: &ObjectKind| ObjectTypeMapping {
        object_type_external_id: Some(type_id(&layout.options, kind)),
        object_type_name: layout.type_name(kind).to_owned(),
        selector: selector(kind).to_owned(),
        description: description(kind).to_owned(),
        attributes_mapping: layout.attributes(kind).iter().map(|a| field(layout, a)).collect(),
        rest: Map::new(),
    };
    SchemaAndMapping {
        schema_url: Some(FORMAT.to_owned()),
        schema: SchemaDefinition {
            object_schema: ObjectSchema {
                name: layout.options.object_schema_name.clone(),
                description: "Okta users and groups, synced by okta-insight-sync".to_owned(),
                object_types: kinds.iter().map(object_type).collect(),
            },
            icon_schema: None,
            status_schema: Some(StatusSchema { statuses: status::all() }),
        },
        mapping: MappingPart { object_type_mappings: kinds.iter().map(type_mapping).collect() },
    }
}

fn attribute(layout: &Layout, kind: ObjectKind, mapped: &MappedAttribute) -> Attribute {
    let mut attribute = Attribute::new(&mapped.external_id, &mapped.name, mapped.kind.clone());
    attribute.description.clone_from(&mapped.description);
    if mapped.source == Source::Id {
        attribute.minimum_cardinality = Some(1);
        attribute.maximum_cardinality = Some(1);
        attribute.unique = Some(true);
    }
    if mapped.source == Source::Status {
        attribute.type_values = Some(status::of_kind(kind));
    }
    if let Some(target) = target(&mapped.source) {
        attribute.reference_object_type_external_id = Some(type_id(&layout.options, target));
    }
    if mapped.many {
        attribute.minimum_cardinality = Some(0);
        attribute.maximum_cardinality = Some(-1);
    } else if target(&mapped.source).is_some() {
        attribute.minimum_cardinality = Some(0);
        attribute.maximum_cardinality = Some(1);
    }
    if layout.is_label(kind, mapped) {
        attribute.label = Some(true);
    }
    attribute
}

fn field(layout: &Layout, mapped: &MappedAttribute) -> AttributeMapping {
    let locator = &mapped.locator;
    let iql = target(&mapped.source).map(|target| {
        let by = quoted(identity(layout, target));
        format!("{by} {}", search(layout.reference_form, mapped))
    });
    AttributeMapping {
        attribute_external_id: Some(mapped.external_id.clone()),
        attribute_name: mapped.name.clone(),
        attribute_locators: vec![locator.clone()],
        external_id_part: (mapped.source == Source::Id).then_some(true),
        object_mapping_iql: iql,
        rest: Map::new(),
    }
}

/// The kind of object that a reference leads to.
const fn target(source: &Source) -> Option<ObjectKind> {
    match source {
        Source::Groups | Source::MembershipGroup => Some(ObjectKind::Group),
        Source::Members | Source::MembershipUser | Source::Manager => Some(ObjectKind::User),
        _ => None,
    }
}

/// The name of the attribute by which objects of a kind are found: their id, which nothing else ever has.
fn identity(layout: &Layout, target: ObjectKind) -> &str {
    layout.attributes(target).iter().find(|a| a.source == Source::Id).map_or("", |a| a.name.as_str())
}

/// The condition that finds the referenced objects, without the attribute that identifies them.
pub(crate) fn search(form: ReferenceForm, mapped: &MappedAttribute) -> String {
    let locator = &mapped.locator;
    match form {
        ReferenceForm::EachValue if mapped.many => format!("IN (${{{locator}${{0}}}})"),
        ReferenceForm::JoinedValues if mapped.many => format!("IN (${{{locator}}})"),
        _ => format!("= ${{{locator}}}"),
    }
}
