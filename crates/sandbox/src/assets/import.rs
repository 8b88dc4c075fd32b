//! What an execution does once it has everything: upsert by identity, then references.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use jiff::Timestamp;
use serde_json::{Value, json};
use url::Url;

use super::Settings;
use super::aql::{Comparison, Condition, texts};
use super::document::{Attribute, Mapping, Structure};

/// Text of a text attribute may be this long.
const TEXT_LIMIT: usize = 255;

#[derive(Debug, Default)]
struct Object {
    object_type: usize,
    /// Values by attribute; references are ids of objects.
    values: HashMap<usize, Vec<String>>,
}

/// Every object of the site.
#[derive(Debug, Default)]
pub(super) struct Objects {
    all: BTreeMap<u64, Object>,
    /// Objects by type, attribute and value.
    index: HashMap<(usize, usize), HashMap<String, BTreeSet<u64>>>,
    /// Which attributes of which types are references.
    references: HashSet<(usize, usize)>,
    last: u64,
}

#[derive(Debug, Default)]
struct Counters {
    entries: u64,
    created: u64,
    updated: u64,
    identical: u64,
    duplicates: u64,
    empty_labels: u64,
    empty_ids: u64,
    messages: BTreeSet<String>,
}

/// What became of one entry.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Created,
    Updated,
    Identical,
}

impl Objects {
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// Applies the chunks of an execution. Gives its result as the status shows it.
    pub(super) fn import(&mut self, structure: &Structure, chunks: &[Value], settings: Settings) -> Value {
        let ignore_empty = settings.ignore_empty;
        let started = Timestamp::now();
        self.references = structure.references();
        let mut results = serde_json::Map::new();
        let mut references: Vec<(u64, &Mapping, &Value)> = Vec::new();
        let mut fates: HashMap<u64, Fate> = HashMap::new();
        let mut counters: Vec<Counters> = structure.mappings.iter().map(|_| Counters::default()).collect();
        for (mapping, counters) in structure.mappings.iter().zip(&mut counters) {
            let entries = chunks
                .iter()
                .filter_map(|chunk| chunk["data"][mapping.selector.as_str()].as_array())
                .flatten();
            let mut seen = HashSet::new();
            for entry in entries {
                counters.entries += 1;
                if let Some((id, fate)) =
                    self.upsert(structure, mapping, entry, ignore_empty, &mut seen, counters)
                {
                    fates.insert(id, fate);
                    references.push((id, mapping, entry));
                }
            }
        }
        // All objects exist now, whatever order their records came in.
        for (id, mapping, entry) in references {
            if self.refer(structure, mapping, id, entry, ignore_empty)
                && fates.get(&id) == Some(&Fate::Identical)
            {
                fates.insert(id, Fate::Updated);
            }
        }
        let mut removed: HashMap<usize, u64> = HashMap::new();
        if settings.remove_missing {
            let missing: Vec<u64> = self.all.keys().filter(|id| !fates.contains_key(*id)).copied().collect();
            for id in missing {
                *removed.entry(self.all[&id].object_type).or_default() += 1;
                self.remove(id);
            }
        }
        for (id, fate) in &fates {
            let object_type = self.all[id].object_type;
            let Some(at) = structure.mappings.iter().position(|m| m.object_type == object_type) else {
                continue;
            };
            match fate {
                Fate::Created => counters[at].created += 1,
                Fate::Updated => counters[at].updated += 1,
                Fate::Identical => counters[at].identical += 1,
            }
        }
        for (mapping, counters) in structure.mappings.iter().zip(counters) {
            let number = 101 + mapping.object_type;
            results.insert(
                number.to_string(),
                counters.show(
                    &structure.types[mapping.object_type].name,
                    number,
                    removed.get(&mapping.object_type).copied().unwrap_or_default(),
                ),
            );
        }
        let total: u64 = results.values().filter_map(|r| r["entriesInSource"].as_u64()).sum();
        json!({
            "type": "IMPORT", "started": started.to_string(), "ended": Timestamp::now().to_string(), "result": "OK",
            "status": "FINISHED", "infoMessage": "No data to import", "objectTypeResultMap": results,
            "errorMessages": null, "totalNumberEntriesInImport": total,
        })
    }

    fn upsert(
        &mut self,
        structure: &Structure,
        mapping: &Mapping,
        entry: &Value,
        ignore_empty: bool,
        seen: &mut HashSet<Vec<String>>,
        counters: &mut Counters,
    ) -> Option<(u64, Fate)> {
        let object_type = mapping.object_type;
        let attributes = &structure.types[object_type].attributes;
        let identity: Vec<(usize, String)> = mapping
            .fields
            .iter()
            .filter(|f| f.identity)
            .map(|f| {
                (
                    f.attribute,
                    f.locators.iter().flat_map(|l| texts(&entry[l.as_str()])).collect::<Vec<_>>().join(" "),
                )
            })
            .collect();
        if identity.iter().any(|(_, value)| value.is_empty()) {
            counters.empty_ids += 1;
            return None;
        }
        if !seen.insert(identity.iter().map(|(_, value)| value.clone()).collect()) {
            counters.duplicates += 1;
            return None;
        }
        let existing = self.find_identical(object_type, &identity);
        let label = mapping.fields.iter().find(|f| attributes[f.attribute].label);
        let label_given =
            label.is_some_and(|f| f.locators.iter().any(|l| !texts(&entry[l.as_str()]).is_empty()));
        let label_sent = label.is_some_and(|f| f.locators.iter().any(|l| entry.get(l).is_some()));
        if !label_given && (existing.is_none() || label_sent) {
            counters.empty_labels += 1;
            return None;
        }
        let id = existing.unwrap_or_else(|| {
            self.last += 1;
            self.all.insert(self.last, Object { object_type, values: HashMap::new() });
            self.last
        });
        let mut changed = false;
        for field in mapping.fields.iter().filter(|f| f.reference.is_none()) {
            // An absent key leaves the value alone.
            if field.locators.iter().all(|l| entry.get(l).is_none()) {
                continue;
            }
            let attribute = &attributes[field.attribute];
            let given: Vec<String> = field.locators.iter().flat_map(|l| texts(&entry[l.as_str()])).collect();
            let given_any = !given.is_empty();
            let mut values: Vec<String> =
                given.into_iter().filter(|v| fits(v, attribute, &mut counters.messages)).collect();
            cap(&mut values, attribute.maximum);
            if values.is_empty() && (given_any || ignore_empty) {
                continue;
            }
            changed |= self.set(id, object_type, field.attribute, values);
        }
        let fate = match (existing, changed) {
            (None, _) => Fate::Created,
            (Some(_), true) => Fate::Updated,
            (Some(_), false) => Fate::Identical,
        };
        Some((id, fate))
    }

    fn find_identical(&self, object_type: usize, identity: &[(usize, String)]) -> Option<u64> {
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

    /// Resolves the references of an entry. Gives whether any changed.
    fn refer(
        &mut self,
        structure: &Structure,
        mapping: &Mapping,
        id: u64,
        entry: &Value,
        ignore_empty: bool,
    ) -> bool {
        let attributes = &structure.types[mapping.object_type].attributes;
        let mut changed = false;
        for field in &mapping.fields {
            let Some(condition) = &field.reference else { continue };
            if field.locators.iter().all(|l| entry.get(l).is_none()) {
                continue;
            }
            let given = field.locators.iter().any(|l| !texts(&entry[l.as_str()]).is_empty());
            if !given && ignore_empty {
                continue;
            }
            let attribute = &attributes[field.attribute];
            let target = attribute.target.as_deref();
            let Some(target) = structure.types.iter().position(|t| Some(t.external_id.as_str()) == target)
            else {
                continue;
            };
            let found =
                if given { self.evaluate(structure, target, condition, entry) } else { BTreeSet::new() };
            let mut values: Vec<String> = found.iter().map(u64::to_string).collect();
            cap(&mut values, attribute.maximum);
            changed |= self.set(id, mapping.object_type, field.attribute, values);
        }
        changed
    }

    /// The objects of a type that a condition holds for, with placeholders filled from a record.
    fn evaluate(
        &self,
        structure: &Structure,
        object_type: usize,
        condition: &Condition,
        record: &Value,
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
                let wanted: Vec<String> = operands.iter().flat_map(|o| o.values(record)).collect();
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
                let wanted: Vec<String> = operands.iter().flat_map(|o| o.values(&Value::Null)).collect();
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

    /// Gives an attribute its values. Gives whether they changed.
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

    /// Objects of a type after one, with values by external id and references by the identity of what they lead to.
    pub(super) fn page(
        &self,
        structure: &Structure,
        object_type: &str,
        only: Option<&str>,
        after: u64,
        limit: usize,
    ) -> Vec<Value> {
        let Some(at) = structure.types.iter().position(|t| t.external_id.ends_with(object_type)) else {
            return Vec::new();
        };
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
                for (n, attribute) in structure.types[at].attributes.iter().enumerate() {
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

impl Counters {
    fn show(&self, name: &str, number: usize, removed: u64) -> Value {
        let messages = if self.messages.is_empty() {
            Value::Null
        } else {
            self.messages.iter().cloned().collect::<Vec<_>>().into()
        };
        json!({
            "objectTypeName": name, "objectTypeId": number, "entriesInSource": self.entries,
            "objectsCreated": self.created, "objectsUpdated": self.updated, "objectsIdentical": self.identical,
            "objectsMissingUpdated": 0, "objectsMissingDeleted": removed, "duplicateEnries": self.duplicates,
            "emptyLabelEntries": self.empty_labels, "emptyExternalIdEntries": self.empty_ids,
            "objectsFilteredWithQlQuery": 0, "errorCount": self.messages.len(), "errorMessages": messages,
        })
    }
}

fn cap(values: &mut Vec<String>, maximum: i64) {
    if let Ok(maximum) = usize::try_from(maximum) {
        values.truncate(maximum);
    }
}

/// Whether Assets would take a value. What does not fit is dropped with a word about it.
fn fits(value: &str, attribute: &Attribute, messages: &mut BTreeSet<String>) -> bool {
    let fits = match attribute.kind.as_str() {
        "text" => value.chars().count() <= TEXT_LIMIT && !value.contains(['\n', '\r']),
        "integer" => value.parse::<i32>().is_ok(),
        "double" => value.parse::<f64>().is_ok(),
        "boolean" => matches!(value, "true" | "false"),
        "date_time" => value.parse::<Timestamp>().is_ok(),
        "url" => Url::parse(value).is_ok(),
        "email" => value.split('@').count() == 2 && !value.contains(' '),
        "status" => attribute.statuses.as_ref().is_none_or(|known| known.iter().any(|s| s == value)),
        _ => true,
    };
    if !fits {
        messages.insert(format!("{}: a value is no {}", attribute.name, attribute.kind));
    }
    fits
}
