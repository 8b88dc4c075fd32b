//! Every object of the site: found by value, by condition, by identity.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde_json::{Value, json};

use super::aql::{Comparison, Condition, Placeholders};
use super::document::Structure;

#[derive(Debug, Default)]
pub(super) struct Object {
    pub(super) object_type: usize,
    /// Values by attribute; references are ids of objects.
    pub(super) values: HashMap<usize, Vec<String>>,
}

/// An entry of an import, and the placeholders that work.
#[derive(Debug, Clone, Copy)]
pub(super) struct Record<'e> {
    pub(super) entry: &'e Value,
    pub(super) placeholders: Placeholders,
}

/// Every object of the site.
#[derive(Debug, Default)]
pub(super) struct Objects {
    pub(super) all: BTreeMap<u64, Object>,
    /// Objects by type, attribute and value.
    pub(super) index: HashMap<(usize, usize), HashMap<String, BTreeSet<u64>>>,
    /// The reference attributes of each type.
    pub(super) references: HashSet<(usize, usize)>,
    /// The options of select attributes.
    pub(super) options: HashMap<(usize, usize), BTreeSet<String>>,
    last: u64,
}

impl Objects {
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// A new object without values.
    pub(super) fn add(&mut self, object_type: usize) -> u64 {
        self.last += 1;
        self.all.insert(self.last, Object { object_type, values: HashMap::new() });
        self.last
    }

    /// Another object of the type that has one of the values.
    pub(super) fn holder(
        &self,
        id: Option<u64>,
        object_type: usize,
        attribute: usize,
        values: &[String],
    ) -> bool {
        let index = self.index.get(&(object_type, attribute));
        values.iter().any(|value| {
            let holders = index.and_then(|index| index.get(value));
            holders.into_iter().flatten().any(|holder| Some(*holder) != id)
        })
    }

    pub(super) fn find_identical(&self, object_type: usize, identity: &[(usize, String)]) -> Option<u64> {
        let mut candidates = identity.iter().map(|(attribute, value)| {
            self.index
                .get(&(object_type, *attribute))
                .and_then(|values| values.get(value))
                .cloned()
                .unwrap_or_default()
        });
        let first = candidates.next()?;
        candidates.fold(first, |found, next| found.intersection(&next).copied().collect()).first().copied()
    }

    /// The objects of a type that a condition holds for, with placeholders filled from a record.
    pub(super) fn evaluate(
        &self,
        structure: &Structure,
        object_type: usize,
        condition: &Condition,
        record: Record<'_>,
    ) -> BTreeSet<u64> {
        let everything = || -> BTreeSet<u64> {
            self.all.iter().filter(|(_, o)| o.object_type == object_type).map(|(id, _)| *id).collect()
        };
        match condition {
            Condition::Any(parts) => {
                parts.iter().flat_map(|p| self.evaluate(structure, object_type, p, record)).collect()
            }
            Condition::All(parts) => {
                let mut sets = parts.iter().map(|p| self.evaluate(structure, object_type, p, record));
                let first = sets.next().unwrap_or_default();
                sets.fold(first, |a, b| a.intersection(&b).copied().collect())
            }
            Condition::Not(inner) => {
                let held = self.evaluate(structure, object_type, inner, record);
                everything().difference(&held).copied().collect()
            }
            Condition::Is { attribute, comparison, operands } => {
                // Attribute names are compared exactly.
                let attributes = &structure.types[object_type].attributes;
                let Some(at) = attributes.iter().position(|a| a.name == *attribute) else {
                    return BTreeSet::new();
                };
                let wanted: Vec<String> =
                    operands.iter().flat_map(|o| o.values(record.entry, record.placeholders)).collect();
                let index = self.index.get(&(object_type, at));
                let equal = || -> BTreeSet<u64> {
                    wanted.iter().filter_map(|v| index.and_then(|i| i.get(v))).flatten().copied().collect()
                };
                match comparison {
                    Comparison::Equal | Comparison::In => equal(),
                    Comparison::NotEqual | Comparison::NotIn => {
                        everything().difference(&equal()).copied().collect()
                    }
                    Comparison::Like => index
                        .into_iter()
                        .flatten()
                        .filter(|(value, _)| {
                            wanted.iter().any(|w| value.to_lowercase().contains(&w.to_lowercase()))
                        })
                        .flat_map(|(_, ids)| ids)
                        .copied()
                        .collect(),
                }
            }
        }
    }

    /// The type and the values of an object.
    pub(super) fn object(&self, id: u64) -> Option<(usize, &HashMap<usize, Vec<String>>)> {
        self.all.get(&id).map(|object| (object.object_type, &object.values))
    }

    /// Removes an object, and every reference to it.
    pub(super) fn remove(&mut self, id: u64) -> bool {
        let Some(object) = self.all.get(&id) else { return false };
        let (object_type, known) = (object.object_type, object.values.keys().copied().collect::<Vec<_>>());
        for attribute in known {
            self.set(id, object_type, attribute, Vec::new());
        }
        self.all.remove(&id);
        let gone = id.to_string();
        let referring: Vec<(u64, usize, usize, Vec<String>)> = self
            .all
            .iter()
            .flat_map(|(other, object)| {
                object.values.iter().map(move |(at, values)| (*other, object.object_type, *at, values))
            })
            .filter(|(.., values)| values.contains(&gone))
            .map(|(other, kind, at, values)| {
                (other, kind, at, values.iter().filter(|value| **value != gone).cloned().collect())
            })
            .collect();
        for (other, kind, at, values) in referring {
            // Only a reference holds the number of an object that exists.
            if self.references.contains(&(kind, at)) {
                self.set(other, kind, at, values);
            }
        }
        true
    }

    /// The objects that a search finds.
    pub(super) fn search(&self, structure: &Structure, condition: &Condition) -> Vec<u64> {
        self.all.keys().copied().filter(|id| self.fulfils(structure, *id, condition)).collect()
    }

    fn fulfils(&self, structure: &Structure, id: u64, condition: &Condition) -> bool {
        let object = &self.all[&id];
        let object_type = &structure.types[object.object_type];
        match condition {
            Condition::Any(parts) => parts.iter().any(|part| self.fulfils(structure, id, part)),
            Condition::All(parts) => parts.iter().all(|part| self.fulfils(structure, id, part)),
            Condition::Not(inner) => !self.fulfils(structure, id, inner),
            Condition::Is { attribute, comparison, operands } => {
                let held = match attribute.to_lowercase().as_str() {
                    "objecttype" => vec![object_type.name.clone()],
                    "objectschema" => vec![structure.schema_name().to_owned()],
                    "objectid" => vec![id.to_string()],
                    "key" => vec![format!("OKTA-{id}")],
                    _ => {
                        let at = object_type.attributes.iter().position(|a| a.name == *attribute);
                        at.and_then(|at| object.values.get(&at)).cloned().unwrap_or_default()
                    }
                };
                let wanted: Vec<String> =
                    operands.iter().flat_map(|o| o.values(&Value::Null, Placeholders::default())).collect();
                let equal = held.iter().any(|value| wanted.contains(value));
                match comparison {
                    Comparison::Equal | Comparison::In => equal,
                    Comparison::NotEqual | Comparison::NotIn => !equal,
                    Comparison::Like => held
                        .iter()
                        .any(|v| wanted.iter().any(|w| v.to_lowercase().contains(&w.to_lowercase()))),
                }
            }
        }
    }

    /// Sets the values of an attribute, and returns true if they changed.
    pub(super) fn set(&mut self, id: u64, object_type: usize, attribute: usize, values: Vec<String>) -> bool {
        let Some(object) = self.all.get_mut(&id) else { return false };
        let before = object.values.get(&attribute).map(Vec::as_slice).unwrap_or_default();
        if before == values {
            return false;
        }
        let index = self.index.entry((object_type, attribute)).or_default();
        for value in before {
            if let Some(ids) = index.get_mut(value) {
                ids.remove(&id);
                if ids.is_empty() {
                    index.remove(value);
                }
            }
        }
        for value in &values {
            index.entry(value.clone()).or_default().insert(id);
        }
        object.values.insert(attribute, values);
        true
    }

    /// Objects of a type after the given one, with values by external ID and references by the identity of their
    /// targets.
    pub(super) fn page(
        &self,
        structure: &Structure,
        object_type: &str,
        only: Option<&str>,
        after: u64,
        limit: usize,
    ) -> Vec<Value> {
        let Some(at) = structure.type_named(object_type) else { return Vec::new() };
        let identity = |target: usize| {
            structure
                .mappings
                .iter()
                .find(|m| m.object_type == target)?
                .fields
                .iter()
                .find(|f| f.identity)
                .map(|f| f.attribute)
        };
        let chosen: Box<dyn Iterator<Item = (&u64, &Object)>> = match only {
            None => Box::new(self.all.range(after + 1..).filter(|(_, object)| object.object_type == at)),
            Some(value) => {
                let ids = identity(at).and_then(|attribute| self.index.get(&(at, attribute))?.get(value));
                Box::new(ids.into_iter().flatten().filter_map(|id| self.all.get_key_value(id)))
            }
        };
        chosen
            .take(limit)
            .map(|(id, object)| {
                let mut values = serde_json::Map::new();
                let mut references = serde_json::Map::new();
                let attributes = structure.types[at].attributes.iter().enumerate();
                for (n, attribute) in attributes.filter(|(_, a)| !a.deleted) {
                    let held = object.values.get(&n).map(Vec::as_slice).unwrap_or_default();
                    if attribute.target.is_some() {
                        let named = held.iter().filter_map(|id| {
                            let object = self.all.get(&id.parse().ok()?)?;
                            object.values.get(&identity(object.object_type)?)?.first()
                        });
                        references.insert(attribute.external_id.clone(), named.map(String::as_str).collect());
                    } else {
                        values.insert(attribute.external_id.clone(), held.into());
                    }
                }
                json!({ "id": id, "attributes": values, "references": references })
            })
            .collect()
    }
}
