//! Manual changes by administrators, outside of every import.

use serde_json::{Value, json};
use uuid::Uuid;

use super::document::Structure;
use super::objects::Objects;
use super::site::Site;
use super::values::fits;

/// An impossible action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused(pub(crate) &'static str);

const NO_ATTRIBUTE: Refused = Refused("there is no such attribute");
const NO_TYPE: Refused = Refused("there is no such object type");
const NO_OBJECT: Refused = Refused("there is no such object");

/// An attribute by its name or the end of its external id.
fn attribute(structure: &Structure, wanted: &Value) -> Result<(usize, usize), Refused> {
    let name = wanted["name"].as_str().filter(|name| !name.is_empty()).ok_or(NO_ATTRIBUTE)?;
    let at = object_type(structure, wanted)?;
    let mut attributes = structure.types[at].attributes.iter();
    let n = attributes.position(|a| !a.deleted && (a.name == name || a.external_id.ends_with(name)));
    Ok((at, n.ok_or(NO_ATTRIBUTE)?))
}

fn object_type(structure: &Structure, wanted: &Value) -> Result<usize, Refused> {
    let name = wanted["type"].as_str().filter(|name| !name.is_empty());
    name.and_then(|name| structure.type_named(name)).ok_or(NO_TYPE)
}

impl Site {
    /// Deletes the object schema with its objects. The import source is created again for another one, and has no
    /// mapping yet.
    pub(crate) fn delete_schema(&self) {
        let mut state = self.state();
        state.structure = None;
        state.deletions += 1;
        drop(state);
        *self.held() = Objects::default();
    }

    /// Adds an attribute: `{"type","name","kind"}`. Assets assigns its external ID.
    pub(crate) fn add_attribute(&self, wanted: &Value) -> Result<Value, Refused> {
        let mut state = self.state();
        let structure = state.structure.as_mut().ok_or(Refused("there is no structure"))?;
        let at = object_type(structure, wanted)?;
        if attribute(structure, wanted).is_ok() {
            return Err(Refused("the name is taken"));
        }
        let external_id = format!("cmdb::externalId/{}", Uuid::new_v4());
        let kind = wanted["kind"].as_str().unwrap_or("text");
        let sent =
            json!({ "externalId": external_id, "name": wanted["name"], "description": "", "type": kind });
        structure.add_attribute(at, &sent);
        Ok(sent)
    }

    /// Renames an attribute, or changes its cardinality, its type, or the options of a select:
    /// `{"type","name","newName","maximumCardinality","kind","options"}`.
    pub(crate) fn change_attribute(&self, wanted: &Value) -> Result<(), Refused> {
        let mut state = self.state();
        let structure = state.structure.as_mut().ok_or(NO_ATTRIBUTE)?;
        let (at, n) = attribute(structure, wanted)?;
        structure.change_attribute(at, n, wanted["newName"].as_str(), wanted["maximumCardinality"].as_i64());
        if let Some(kind) = wanted["kind"].as_str() {
            structure.change_kind(at, n, kind);
            let attribute = structure.types[at].attributes[n].clone();
            self.held().retain_values(at, n, |value| fits(value, &attribute, structure));
        }
        if let Some(options) = wanted["options"].as_array() {
            let options = options.iter().filter_map(Value::as_str).map(str::to_owned).collect();
            self.held().options.insert((at, n), options);
        }
        Ok(())
    }

    /// Deletes an attribute with its values: `{"type","name"}`.
    pub(crate) fn delete_attribute(&self, wanted: &Value) -> Result<(), Refused> {
        let mut state = self.state();
        let structure = state.structure.as_mut().ok_or(NO_ATTRIBUTE)?;
        let (at, n) = attribute(structure, wanted)?;
        structure.delete_attribute(at, n);
        self.held().retain_values(at, n, |_| false);
        Ok(())
    }

    /// Deletes an object type with its objects, its mapping, and the attributes that refer to it: `{"type"}`.
    pub(crate) fn delete_object_type(&self, wanted: &Value) -> Result<(), Refused> {
        let mut state = self.state();
        let structure = state.structure.as_mut().ok_or(NO_TYPE)?;
        let at = object_type(structure, wanted)?;
        structure.delete_type(at);
        let mut held = self.held();
        let of_type = held.all.iter().filter(|(_, object)| object.object_type == at);
        for id in of_type.map(|(id, _)| *id).collect::<Vec<_>>() {
            held.remove(id);
        }
        Ok(())
    }

    /// Changes values of an object by attribute name: `{"Title":["x"]}`. References are ids of objects.
    pub(crate) fn change_values(&self, id: u64, wanted: &Value) -> Result<(), Refused> {
        let structure = self.structure();
        let mut held = self.held();
        let (at, _) = held.object(id).ok_or(NO_OBJECT)?;
        for (name, values) in wanted.as_object().into_iter().flatten() {
            let (_, n) = attribute(&structure, &json!({ "type": structure.types[at].name, "name": name }))?;
            held.set(id, at, n, super::aql::texts(values));
        }
        Ok(())
    }

    /// Deletes an object.
    pub(crate) fn delete_object(&self, id: u64) -> Result<(), Refused> {
        if self.held().remove(id) { Ok(()) } else { Err(NO_OBJECT) }
    }
}

impl Objects {
    /// Removes values of an attribute that are no longer valid.
    fn retain_values(&mut self, object_type: usize, attribute: usize, fits: impl Fn(&String) -> bool) {
        let of_type = self.all.iter().filter(|(_, object)| object.object_type == object_type);
        let values = of_type.filter_map(|(id, object)| {
            let kept: Vec<String> =
                object.values.get(&attribute)?.iter().filter(|v| fits(v)).cloned().collect();
            Some((*id, kept))
        });
        for (id, kept) in values.collect::<Vec<_>>() {
            self.set(id, object_type, attribute, kept);
        }
    }
}
