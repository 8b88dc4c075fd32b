//! The import of a complete execution: upsert by identity, then references.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::aql::texts;
use super::document::{Attribute, Field, Mapping, Structure};
use super::objects::{Objects, Record};
use super::refusal;
use super::settings::{Repeated, Settings};
use super::values::{cap, fits};
use crate::clock::now;

/// The configured result of an execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Fine,
    /// Nothing is written, and the result reports that.
    Fails,
    /// Every third entry is lost, without a word.
    Drops,
    /// Every third entry is lost, with messages at its type.
    DropsWithMessages,
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
    references: u64,
    removed: u64,
    messages: BTreeSet<String>,
}

/// The result of one entry.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Created,
    Updated,
    Identical,
}

/// One execution at work.
struct Run<'r> {
    objects: &'r mut Objects,
    structure: &'r Structure,
    settings: &'r Settings,
}

impl Objects {
    /// Applies the chunks of an execution, and returns its result in the form of the status.
    pub(super) fn import(
        &mut self,
        structure: &Structure,
        chunks: &[Value],
        settings: &Settings,
        fate: Fate,
    ) -> Value {
        let started = now();
        self.references = structure.references();
        let counters = Run { objects: self, structure, settings }.apply(chunks, fate);
        let shown = structure.mappings.iter().zip(&counters).map(|(mapping, counters)| {
            let number = 101 + mapping.object_type;
            (number.to_string(), counters.show(&structure.types[mapping.object_type].name, number))
        });
        let results: Map<String, Value> = shown.collect();
        let total: u64 = counters.iter().map(|counters| counters.entries).sum();
        let populated = structure.mappings.iter().map(|m| structure.types[m.object_type].name.as_str());
        let failed = fate == Fate::Fails;
        json!({
            "type": "IMPORT", "id": 1, "started": moment(started), "ended": moment(now()),
            "result": if failed { "ERROR" } else { "OK" }, "status": "FINISHED", "infoMessage": "No data to import",
            "populatedObjectTypes": populated.collect::<Vec<_>>(), "onlyExecutedForObjectTypes": [],
            "objectTypeResultMap": results, "totalNumberEntriesInImport": total,
            "errorMessages": if failed { json!("The import could not be written.") } else { Value::Null },
        })
    }
}

fn moment(time: Timestamp) -> String {
    format!("{time:.3}").replace('Z', "+00:00")
}

impl Fate {
    /// True if the entry at a place is dropped.
    fn drops(self, place: usize, counters: &mut Counters) -> bool {
        let is_hit = place.is_multiple_of(3);
        if is_hit && self == Self::DropsWithMessages {
            counters.messages.insert("An object could not be written.".into());
        }
        self == Self::Fails || is_hit && matches!(self, Self::Drops | Self::DropsWithMessages)
    }
}

impl Run<'_> {
    fn apply(&mut self, chunks: &[Value], fate: Fate) -> Vec<Counters> {
        let structure = self.structure;
        let mut references: BTreeMap<(usize, u64), Vec<&Value>> = BTreeMap::new();
        let mut outcomes: HashMap<u64, (usize, Outcome)> = HashMap::new();
        let mut counters: Vec<Counters> = structure.mappings.iter().map(|_| Counters::default()).collect();
        for (n, mapping) in structure.mappings.iter().enumerate() {
            let counters = &mut counters[n];
            let mut seen = HashMap::new();
            for (place, entry) in
                chunks.iter().flat_map(|c| entries(&c["data"], &mapping.selector)).enumerate()
            {
                counters.entries += 1;
                if fate.drops(place, counters) {
                    continue;
                }
                let Some(identity) = self.identity(mapping, entry, counters) else { continue };
                if let Some(&id) = seen.get(&identity) {
                    counters.duplicates += 1;
                    match self.settings.repeated {
                        Repeated::First => {}
                        Repeated::Merged => references.entry((n, id)).or_default().push(entry),
                        Repeated::Last => {
                            self.upsert(mapping, entry, &identity, counters);
                            references.insert((n, id), vec![entry]);
                        }
                    }
                } else if let Some((id, outcome)) = self.upsert(mapping, entry, &identity, counters) {
                    seen.insert(identity, id);
                    outcomes.insert(id, (n, outcome));
                    references.insert((n, id), vec![entry]);
                }
            }
        }
        // All objects exist now, regardless of the order of their records.
        for ((n, id), entries) in references {
            if self.refer(&structure.mappings[n], id, &entries) {
                counters[n].references += 1;
                if let Some((_, outcome @ Outcome::Identical)) = outcomes.get_mut(&id) {
                    *outcome = Outcome::Updated;
                }
            }
        }
        if self.settings.remove_missing && fate != Fate::Fails {
            self.remove_missing(&outcomes, &mut counters);
        }
        for (n, outcome) in outcomes.values() {
            match outcome {
                Outcome::Created => counters[*n].created += 1,
                Outcome::Updated => counters[*n].updated += 1,
                Outcome::Identical => counters[*n].identical += 1,
            }
        }
        counters
    }

    /// Removes the objects of the mapped types that the import didn't contain, including manually created ones.
    fn remove_missing(&mut self, present: &HashMap<u64, (usize, Outcome)>, counters: &mut [Counters]) {
        for (mapping, counters) in self.structure.mappings.iter().zip(counters) {
            let of_type = self.objects.all.iter().filter(|(_, o)| o.object_type == mapping.object_type);
            let missing: Vec<u64> =
                of_type.map(|(id, _)| *id).filter(|id| !present.contains_key(id)).collect();
            for id in missing {
                counters.removed += 1;
                self.objects.remove(id);
            }
        }
    }

    fn upsert(
        &mut self,
        mapping: &Mapping,
        entry: &Value,
        identity: &[(usize, String)],
        counters: &mut Counters,
    ) -> Option<(u64, Outcome)> {
        let object_type = mapping.object_type;
        let attributes = &self.structure.types[object_type].attributes;
        let existing = self.objects.find_identical(object_type, identity);
        let label = mapping.fields.iter().find(|f| attributes[f.attribute].label);
        let label_given = label.is_some_and(|f| !given(f, entry).is_empty());
        if !label_given && (existing.is_none() || label.is_some_and(|f| is_sent(f, entry))) {
            counters.empty_labels += 1;
            return None;
        }
        let mut written = Vec::new();
        for field in mapping.fields.iter().filter(|f| f.reference.is_none() && is_sent(f, entry)) {
            let attribute = &attributes[field.attribute];
            let Some(values) = self.values(object_type, field, attribute, entry, counters) else { continue };
            if attribute.unique && self.objects.holder(existing, object_type, field.attribute, &values) {
                counters.messages.insert(format!("{}: a value is taken", attribute.name));
                return None;
            }
            written.push((field.attribute, values));
        }
        if existing.is_none() && self.settings.object_limit.is_some_and(|limit| self.objects.len() >= limit) {
            counters.messages.insert("The site holds as many objects as it may.".into());
            return None;
        }
        let id = existing.unwrap_or_else(|| self.objects.add(object_type));
        let mut changed = false;
        for (attribute, values) in written {
            changed |= self.objects.set(id, object_type, attribute, values);
        }
        let outcome = match (existing, changed) {
            (None, _) => Outcome::Created,
            (Some(_), true) => Outcome::Updated,
            (Some(_), false) => Outcome::Identical,
        };
        Some((id, outcome))
    }

    /// The attributes that identify an entry, with their values; `None` if the entry is rejected.
    fn identity(
        &self,
        mapping: &Mapping,
        entry: &Value,
        counters: &mut Counters,
    ) -> Option<Vec<(usize, String)>> {
        let fields = mapping.fields.iter().filter(|f| f.identity);
        let identity: Vec<(usize, String)> =
            fields.map(|f| (f.attribute, given(f, entry).join(" "))).collect();
        if self.settings.reject_marked && refusal::of_entry(entry) {
            counters.messages.insert(match identity.first().filter(|_| refusal::is_named(entry)) {
                Some((_, id)) => format!("{id} is refused for what it says."),
                None => "An entry is refused for what it says.".into(),
            });
            return None;
        }
        if identity.iter().any(|(_, value)| value.is_empty()) {
            counters.empty_ids += 1;
            return None;
        }
        Some(identity)
    }

    /// The new values of an attribute; `None` leaves it unchanged.
    fn values(
        &mut self,
        object_type: usize,
        field: &Field,
        attribute: &Attribute,
        entry: &Value,
        counters: &mut Counters,
    ) -> Option<Vec<String>> {
        let given = given(field, entry);
        let given_any = !given.is_empty();
        let mut values: Vec<String> =
            given.into_iter().filter(|value| fits(value, attribute, self.structure)).collect();
        if attribute.kind == "select" {
            let options = self.objects.options.entry((object_type, field.attribute)).or_default();
            if self.settings.ignore_unknown {
                values.retain(|value| options.contains(value));
            } else {
                options.extend(values.iter().cloned());
            }
        } else if given_any && values.is_empty() {
            counters.messages.insert(format!("{}: a value is no {}", attribute.name, attribute.kind));
        }
        cap(&mut values, attribute.maximum);
        let ignored = values.is_empty() && (given_any || self.settings.ignore_empty);
        (!ignored).then_some(values)
    }

    /// Resolves the references of an object's entries, and returns true if any changed.
    fn refer(&mut self, mapping: &Mapping, id: u64, entries: &[&Value]) -> bool {
        let attributes = &self.structure.types[mapping.object_type].attributes;
        let mut changed = false;
        for field in &mapping.fields {
            let Some(condition) = &field.reference else { continue };
            let any = entries.iter().any(|entry| !given(field, entry).is_empty());
            let is_sent = entries.iter().any(|entry| is_sent(field, entry));
            if !is_sent || (!any && self.settings.ignore_empty) {
                continue;
            }
            let attribute = &attributes[field.attribute];
            let target = attribute.target.as_deref();
            let target = self.structure.types.iter().position(|t| Some(t.external_id.as_str()) == target);
            let Some(target) = target else { continue };
            let placeholders = self.settings.placeholders;
            let filled = entries.iter().filter(|entry| !given(field, entry).is_empty());
            let found: BTreeSet<u64> = filled
                .flat_map(|entry| {
                    self.objects.evaluate(self.structure, target, condition, Record { entry, placeholders })
                })
                .collect();
            let mut values: Vec<String> = found.iter().map(u64::to_string).collect();
            cap(&mut values, attribute.maximum);
            changed |= self.objects.set(id, mapping.object_type, field.attribute, values);
        }
        changed
    }
}

/// The entries that a selector leads to; dots descend into nested arrays.
fn entries<'v>(data: &'v Value, selector: &str) -> Vec<&'v Value> {
    let whole = data[selector].as_array();
    if whole.is_some() {
        return whole.into_iter().flatten().collect();
    }
    selector.split('.').fold(vec![data], |at, name| {
        at.into_iter().filter_map(|value| value[name].as_array()).flatten().collect()
    })
}

/// True if any of the keys is present. An absent key leaves the value unchanged.
fn is_sent(field: &Field, entry: &Value) -> bool {
    field.locators.iter().any(|locator| entry.get(locator).is_some())
}

/// The nonempty values of a field. The values of several locators are joined, not used as fallbacks.
fn given(field: &Field, entry: &Value) -> Vec<String> {
    let mut values: Vec<String> = field.locators.iter().flat_map(|l| texts(&entry[l.as_str()])).collect();
    if field.locators.len() > 1 && !values.is_empty() {
        values = vec![values.join(" ")];
    }
    values
}

impl Counters {
    fn show(&self, name: &str, number: usize) -> Value {
        let messages = if self.messages.is_empty() {
            Value::Null
        } else {
            self.messages.iter().cloned().collect::<Vec<_>>().into()
        };
        json!({
            "id": null, "objectTypeName": name, "objectTypeId": number, "entriesInSource": self.entries,
            "objectsCreated": self.created, "objectsUpdated": self.updated, "objectsIdentical": self.identical,
            "objectsMissingUpdated": 0, "objectsMissingDeleted": self.removed, "duplicateEnries": self.duplicates,
            "emptyLabelEntries": self.empty_labels, "emptyExternalIdEntries": self.empty_ids,
            "objectsFilteredWithQlQuery": 0, "objectsWithUpdatedReferences": self.references,
            "errorCount": self.messages.len(), "errorMessages": messages, "executionTimeInMs": 0,
        })
    }
}
