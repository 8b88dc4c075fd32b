//! The storage of each field in Assets: its shape, and the loss of its values where they cannot be stored.

use std::fmt::Write as _;

use insight_import_client::document::{Attribute, AttributeType, ObjectType, SchemaAndMapping};
use sync_model::{ObjectKind, ReferenceForm};

use crate::attribute::{MappedAttribute, Source};
use crate::document::type_id;
use crate::evolution::{DriftKind, Evolution, all_types, differences};
use crate::mapping::Mapping;

/// The reason why Assets drops the values of a field without a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Loss {
    /// The attribute or its object type doesn't exist.
    Missing,
    /// The mapping in Assets doesn't lead to the attribute, or finds referenced objects by another one: a name changed.
    Unmapped,
    /// The cardinality of the attribute is too low.
    Cardinality {
        /// The present maximum cardinality.
        present: i32,
        /// The required cardinality; -1 for unlimited.
        wanted: i32,
    },
    /// The type of the attribute can't store all values.
    Type {
        /// The type in Assets.
        present: String,
        /// The required type.
        wanted: String,
    },
    /// The attribute refers to another object type.
    Target {
        /// The external ID or name of the type in Assets.
        present: String,
        /// The external ID of the type that it should lead to.
        wanted: String,
    },
}

/// A field of records and its attribute in Assets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Storage {
    /// The kind of the records.
    pub kind: ObjectKind,
    /// The record's field.
    pub field: String,
    /// The attribute, as `type: attribute`.
    pub attribute: String,
    /// True if the attribute identifies objects.
    pub is_identity: bool,
    /// The type, target, and options of the attribute, for comparison. Empty when it is not there.
    pub shape: String,
    /// The reason why values are lost; `None` when they are stored.
    pub loss: Option<Loss>,
    /// True if it is a select attribute that can receive values outside its options.
    pub is_open: bool,
}

impl Mapping {
    /// The storage of every field of this mapping, which is the wanted one. `evolution` separates it from `current`.
    pub fn storage(&self, current: Option<&SchemaAndMapping>, evolution: &Evolution) -> Vec<Storage> {
        let present = current.map(|c| all_types(&c.schema.object_schema.object_types)).unwrap_or_default();
        let wanted = all_types(&self.document().schema.object_schema.object_types);
        let adapted = current.map(|current| self.with_added(current));
        let mut all = Vec::new();
        for kind in ObjectKind::ALL {
            let id = type_id(self.options(), kind);
            let is_it = |t: &&&ObjectType| t.external_id.as_ref() == Some(&id);
            let (have, want) = (present.iter().find(is_it), wanted.iter().find(is_it));
            let attributes = adapted.as_ref().unwrap_or(self).attributes(kind);
            for mapped in attributes {
                let there = have.and_then(|have| attribute(have, &mapped.external_id));
                let wanted = want.and_then(|want| attribute(want, &mapped.external_id));
                let is_astray = evolution.astray.iter().any(|(of, a)| *of == id && *a == mapped.external_id);
                let loss = match (there, wanted) {
                    (Some(there), Some(wanted)) => loss(there, wanted, is_astray, &present),
                    _ => Some(Loss::Missing),
                };
                let type_name = have.map_or(self.type_name(kind), |have| have.name.as_str());
                all.push(Storage {
                    kind,
                    field: mapped.locator.clone(),
                    attribute: format!("{type_name}: {}", mapped.name),
                    is_identity: mapped.source == Source::Id,
                    shape: there.map(|there| self.shape(mapped, there, loss.as_ref())).unwrap_or_default(),
                    loss,
                    is_open: there.zip(wanted).is_some_and(|(there, wanted)| is_open(there, wanted)),
                });
            }
        }
        all
    }

    /// Another shape may have stored other values. Names and limits don't count: their truncation is permanent.
    fn shape(&self, mapped: &MappedAttribute, there: &Attribute, loss: Option<&Loss>) -> String {
        let target = match loss {
            Some(Loss::Target { present, .. }) => present.as_str(),
            _ => there.reference_object_type_external_id.as_deref().unwrap_or_default(),
        };
        let mut options: Vec<&String> = there.type_values.iter().flatten().collect();
        options.sort();
        let mut shape = format!("{} {} {target} {options:?}", there.kind.as_str(), mapped.many);
        // The first form is the one of mappings from before there were others.
        let form = self.reference_form();
        if mapped.many && mapped.source.refers() && form != ReferenceForm::EachValue {
            let _ = write!(shape, " {}", form.as_str());
        }
        shape
    }
}

fn attribute<'t>(object_type: &'t ObjectType, id: &str) -> Option<&'t Attribute> {
    object_type.attributes.iter().find(|a| a.external_id.as_deref() == Some(id))
}

fn is_open(there: &Attribute, wanted: &Attribute) -> bool {
    let known: Vec<&String> = there.type_values.iter().flatten().collect();
    let mut options = wanted.type_values.iter().flatten().peekable();
    there.kind == AttributeType::Select
        && (options.peek().is_none() || !options.all(|option| known.contains(&option)))
}

fn loss(there: &Attribute, wanted: &Attribute, is_astray: bool, types: &[&ObjectType]) -> Option<Loss> {
    if is_astray {
        return Some(Loss::Unmapped);
    }
    differences(there, wanted, types).into_iter().find_map(|difference| match difference {
        DriftKind::Retyped { present, wanted, compatible: false } => {
            Some(Loss::Type { present: present.as_str().to_owned(), wanted: wanted.as_str().to_owned() })
        }
        DriftKind::Retargeted { present, wanted } => Some(Loss::Target { present, wanted }),
        DriftKind::Cardinality { present, wanted } => Some(Loss::Cardinality { present, wanted }),
        _ => None,
    })
}
