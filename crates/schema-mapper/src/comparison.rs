//! A comparison of Okta's and Assets' attributes, for display.

use std::collections::{BTreeMap, BTreeSet};

use insight_import_client::document::{Attribute, ObjectType, SchemaAndMapping};
use okta_client::model::SchemaProperty;
use serde::{Deserialize, Serialize};
use sync_model::ObjectKind;

use crate::attribute::Source;
use crate::directory;
use crate::document::type_id;
use crate::evolution::{self, Drift, all_types};
use crate::mapping::{Mapping, OrgSchemas};

/// The state of an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum AttributeState {
    /// It is there, as it should be.
    Matched,
    /// Assets does not have it yet.
    New,
    /// Assets has it, and it differs.
    Drifted,
    /// The operator, or its kind, leaves it out.
    Excluded,
}

/// The attribute in Okta.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OktaAttribute {
    /// The variable name.
    pub name: String,
    /// The display name.
    pub title: String,
    /// The type; several types if user types differ.
    #[serde(rename = "type")]
    pub kind: String,
}

/// The attribute in Assets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AssetsAttribute {
    /// The name.
    pub name: String,
    /// The type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The cardinality; -1 for unlimited.
    pub maximum_cardinality: i32,
}

/// An attribute in Okta and Assets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributeComparison {
    /// In Okta; `None` for what is no part of a profile, such as the status.
    pub okta: Option<OktaAttribute>,
    /// The attribute in Assets, as it is or will be created; `None` if it is excluded.
    pub assets: Option<AssetsAttribute>,
    /// The state.
    pub state: AttributeState,
    /// Its schema drift.
    pub differences: Vec<Drift>,
}

/// An object type in Okta and Assets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeComparison {
    /// The kind of its objects.
    pub kind: ObjectKind,
    /// Its name in Assets.
    pub name: String,
    /// True if it exists in Assets.
    pub exists: bool,
    /// The attributes: ours first, then those of the profile, then those that are left out.
    pub attributes: Vec<AttributeComparison>,
    /// Schema drift of the object type, and of attributes that aren't listed.
    pub differences: Vec<Drift>,
}

impl Mapping {
    /// Both sides of every object type; `current` is what Assets has, if it has anything.
    pub fn compare_attributes(
        &self,
        org: &OrgSchemas,
        current: Option<&SchemaAndMapping>,
    ) -> Vec<TypeComparison> {
        let drift =
            current.map(|current| evolution::plan(current, self.document()).drift).unwrap_or_default();
        let types = current.map(|c| all_types(&c.schema.object_schema.object_types)).unwrap_or_default();
        let wanted = all_types(&self.document().schema.object_schema.object_types);
        let kinds = ObjectKind::ALL.into_iter().filter(|kind| !self.attributes(*kind).is_empty());
        kinds
            .map(|kind| {
                let id = type_id(self.options(), kind);
                let is_it = |t: &&&ObjectType| t.external_id.as_ref() == Some(&id);
                let (wanted, present) = (wanted.iter().find(is_it), types.iter().find(is_it));
                self.type_view(kind, &properties(org, kind), wanted.copied(), present.copied(), &drift)
            })
            .collect()
    }

    fn type_view(
        &self,
        kind: ObjectKind,
        properties: &BTreeMap<&str, Vec<&SchemaProperty>>,
        wanted: Option<&ObjectType>,
        present: Option<&ObjectType>,
        drift: &[Drift],
    ) -> TypeComparison {
        let name = present.map_or(self.type_name(kind), |t| t.name.as_str()).to_owned();
        let drift: Vec<&Drift> = drift.iter().filter(|drift| drift.object_type == name).collect();
        let find = |object_type: Option<&ObjectType>, id: &str| -> Option<Attribute> {
            object_type?.attributes.iter().find(|a| a.external_id.as_deref() == Some(id)).cloned()
        };
        let mut mapped = BTreeSet::new();
        let mut attributes: Vec<AttributeComparison> = Vec::new();
        for attribute in self.attributes(kind) {
            let okta = match &attribute.source {
                Source::Profile(name) => {
                    mapped.insert(name.as_str());
                    properties.get(name.as_str()).map(|definitions| okta_side(name, definitions))
                }
                _ => None,
            };
            let there = find(present, &attribute.external_id);
            let of_it = |d: &&&Drift| there.as_ref().is_some_and(|a| d.attribute.as_ref() == Some(&a.name));
            let differences: Vec<Drift> = drift.iter().filter(of_it).copied().cloned().collect();
            let state = match (&there, differences.is_empty()) {
                (None, _) => AttributeState::New,
                (Some(_), true) => AttributeState::Matched,
                (Some(_), false) => AttributeState::Drifted,
            };
            let shown = there.or_else(|| find(wanted, &attribute.external_id));
            attributes.push(AttributeComparison { okta, assets: shown.map(assets_side), state, differences });
        }
        let left_out = properties.iter().filter(|(name, _)| !mapped.contains(*name));
        attributes.extend(left_out.map(|(name, definitions)| AttributeComparison {
            okta: Some(okta_side(name, definitions)),
            assets: None,
            state: AttributeState::Excluded,
            differences: Vec::new(),
        }));
        let listed = |d: &Drift| attributes.iter().any(|attribute| attribute.differences.contains(d));
        let differences = drift.into_iter().filter(|d| !listed(d)).cloned().collect();
        TypeComparison { kind, name, exists: present.is_some(), attributes, differences }
    }
}

fn properties(org: &OrgSchemas, kind: ObjectKind) -> BTreeMap<&str, Vec<&SchemaProperty>> {
    let mut all: BTreeMap<&str, Vec<&SchemaProperty>> = BTreeMap::new();
    let schemas: Vec<_> = match kind {
        ObjectKind::User => org.user_types.iter().map(|t| &t.schema).collect(),
        ObjectKind::Group => vec![&org.group],
        ObjectKind::Membership => Vec::new(),
    };
    for (name, property) in schemas.into_iter().flat_map(okta_client::model::Schema::properties) {
        all.entry(name).or_default().push(property);
    }
    if kind == ObjectKind::Group {
        all.extend(directory::beside(&org.group).map(|(name, property)| (name, vec![property])));
    }
    all
}

fn okta_side(name: &str, definitions: &[&SchemaProperty]) -> OktaAttribute {
    let kinds: BTreeSet<String> = definitions
        .iter()
        .map(|definition| match &definition.format {
            Some(format) => format!("{} ({format})", definition.kind.as_str()),
            None => definition.kind.as_str().to_owned(),
        })
        .collect();
    OktaAttribute {
        name: name.to_owned(),
        title: definitions.first().map(|definition| definition.title.clone()).unwrap_or_default(),
        kind: kinds.into_iter().collect::<Vec<_>>().join(" or "),
    }
}

fn assets_side(attribute: Attribute) -> AssetsAttribute {
    AssetsAttribute {
        name: attribute.name,
        kind: attribute.kind.as_str().to_owned(),
        maximum_cardinality: attribute.maximum_cardinality.unwrap_or(1),
    }
}
