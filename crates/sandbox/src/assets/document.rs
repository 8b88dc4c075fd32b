//! The schema and mapping of the import source: validation and the resulting structure.

use std::collections::{BTreeSet, HashSet};

use serde_json::{Value, json};

use super::aql::Condition;
use super::validation::{Invalid, check_shape, flatten, list, text};

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Attribute {
    pub(super) external_id: String,
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) label: bool,
    pub(super) maximum: i64,
    pub(super) target: Option<String>,
    pub(super) statuses: Option<Vec<String>>,
    /// No two objects of the type may have the same value.
    pub(super) unique: bool,
    /// An administrator deleted it; its position is kept, so that the other positions don't change.
    pub(super) deleted: bool,
    pub(super) raw: Value,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct ObjectType {
    pub(super) external_id: String,
    pub(super) name: String,
    pub(super) attributes: Vec<Attribute>,
    /// An administrator deleted it; its position is kept, so that the other positions don't change.
    pub(super) deleted: bool,
    raw: Value,
}

#[derive(Debug, Clone)]
pub(super) struct Field {
    /// The position in the object type.
    pub(super) attribute: usize,
    pub(super) locators: Vec<String>,
    pub(super) identity: bool,
    pub(super) reference: Option<Condition>,
}

#[derive(Debug, Clone)]
pub(super) struct Mapping {
    /// The position in the object types.
    pub(super) object_type: usize,
    pub(super) selector: String,
    pub(super) fields: Vec<Field>,
    raw: Value,
}

/// Object types, and how records become objects of them.
#[derive(Debug, Clone, Default)]
pub(super) struct Structure {
    pub(super) types: Vec<ObjectType>,
    pub(super) mappings: Vec<Mapping>,
    schema: Value,
    /// Declared statuses, in the order of their ids.
    pub(super) statuses: Vec<Value>,
}

impl Attribute {
    /// An attribute as a document describes it.
    pub(super) fn read(sent: &Value) -> Self {
        Self {
            external_id: text(sent, "externalId").to_owned(),
            name: text(sent, "name").to_owned(),
            kind: text(sent, "type").to_owned(),
            label: sent["label"] == true,
            maximum: sent["maximumCardinality"].as_i64().unwrap_or(1),
            target: sent["referenceObjectTypeExternalId"].as_str().map(str::to_owned),
            statuses: sent["typeValues"]
                .as_array()
                .map(|v| v.iter().filter_map(Value::as_str).map(str::to_owned).collect()),
            unique: sent["unique"] == true,
            deleted: false,
            raw: sent.clone(),
        }
    }

    /// True if a cardinality other than one is documented for its type.
    pub(super) fn may_be_many(&self) -> bool {
        matches!(self.kind.as_str(), "email" | "select" | "referenced_object")
    }
}

impl Structure {
    /// The structure of a document alone.
    pub(super) fn create(document: &Value, elsewhere: &BTreeSet<String>) -> Result<Self, Vec<Invalid>> {
        let schema = document["schema"]["objectSchema"].clone();
        Self { schema, ..Self::default() }.extended(document, elsewhere)
    }

    /// This structure with the additions of a document. `elsewhere` are external IDs of other object schemas.
    pub(super) fn extended(
        &self,
        document: &Value,
        elsewhere: &BTreeSet<String>,
    ) -> Result<Self, Vec<Invalid>> {
        check_shape(document).map_err(|e| vec![e])?;
        let mut next = self.clone();
        let mut errors = Vec::new();
        for status in list(&document["schema"]["statusSchema"]["statuses"]) {
            if next.status_id(text(status, "name")).is_none() {
                next.statuses.push(status.clone());
            }
        }
        let mut types = Vec::new();
        flatten(&document["schema"]["objectSchema"]["objectTypes"], &mut types);
        for object_type in &types {
            let ids =
                list(&object_type["attributes"]).iter().chain([*object_type]).map(|t| text(t, "externalId"));
            for id in ids.filter(|id| elsewhere.contains(*id)) {
                errors.push(Invalid("SCHEMA_INVALID_EXTERNAL_ID", id.to_owned()));
            }
        }
        let mentioned: BTreeSet<&str> = types.iter().map(|t| text(t, "externalId")).collect();
        if mentioned.len() != types.len() {
            errors.push(Invalid("DUPLICATE_EXTERNAL_ID_ILLEGAL", "objectTypes".into()));
        }
        for object_type in &types {
            next.add_type(object_type, &mentioned, &mut errors);
        }
        for mapping in list(&document["mapping"]["objectTypeMappings"]) {
            next.add_mapping(mapping, &mut errors);
        }
        if errors.is_empty() { Ok(next) } else { Err(errors) }
    }

    fn add_type(&mut self, sent: &Value, mentioned: &BTreeSet<&str>, errors: &mut Vec<Invalid>) {
        let id = text(sent, "externalId").to_owned();
        if self.types.iter().any(|t| t.name == text(sent, "name") && t.external_id != id) {
            errors.push(Invalid("EXTERNAL_ID_MISMATCH", id.clone()));
            return;
        }
        let at = if let Some(at) = self.types.iter().position(|t| t.external_id == id) {
            if self.types[at].name != text(sent, "name") {
                errors
                    .push(Invalid("EXTERNAL_ID_MISMATCH", format!("{id}: an object type cannot be renamed")));
            }
            at
        } else {
            let mut raw = sent.clone();
            raw["attributes"] = json!([]);
            let name = text(sent, "name").to_owned();
            let attributes = Vec::new();
            self.types.push(ObjectType { external_id: id.clone(), name, attributes, deleted: false, raw });
            self.types.len() - 1
        };
        let mut seen = BTreeSet::new();
        for sent in list(&sent["attributes"]) {
            let attribute = Attribute::read(sent);
            let place = format!("{id}: {}", attribute.external_id);
            let elsewhere =
                self.types.iter().enumerate().any(|(n, t)| {
                    n != at && t.attributes.iter().any(|a| a.external_id == attribute.external_id)
                });
            if !seen.insert(attribute.external_id.clone()) || elsewhere {
                errors.push(Invalid("DUPLICATE_EXTERNAL_ID_ILLEGAL", place));
                continue;
            }
            if attribute.target.as_deref().is_some_and(|target| !mentioned.contains(target)) {
                errors.push(Invalid("UNKNOWN_REFERENCE", place));
                continue;
            }
            if let Some(unknown) = attribute.statuses.iter().flatten().find(|s| self.status_id(s).is_none()) {
                errors.push(Invalid("SCHEMA_INVALID", format!("{place}: status {unknown} is not declared")));
            }
            let known = &mut self.types[at].attributes;
            if let Some(have) = known.iter().find(|a| a.external_id == attribute.external_id) {
                if have.name != attribute.name || have.kind != attribute.kind {
                    errors.push(Invalid(
                        "SCHEMA_INVALID",
                        format!("{place}: an attribute cannot be renamed or retyped"),
                    ));
                } else if have.target.is_some() {
                    errors.push(Invalid("REFERENCED_OBJECT_TYPE_CHANGED", place));
                }
            } else if known.iter().any(|a| a.name.eq_ignore_ascii_case(&attribute.name)) {
                errors.push(Invalid("SCHEMA_INVALID", format!("{place}: the name is taken")));
            } else {
                known.push(attribute);
            }
        }
        if self.types[at].attributes.iter().filter(|a| a.label).count() != 1 {
            errors.push(Invalid("SCHEMA_INVALID", format!("{id}: exactly one attribute must be the label")));
        }
    }

    fn add_mapping(&mut self, sent: &Value, errors: &mut Vec<Invalid>) {
        let id = text(sent, "objectTypeExternalId");
        let Some(object_type) = self.types.iter().position(|t| t.external_id == id) else {
            errors.push(Invalid("MAPPING_INVALID_EXTERNAL_ID", id.to_owned()));
            return;
        };
        let mut fields = Vec::new();
        for sent in list(&sent["attributesMapping"]) {
            let attribute_id = text(sent, "attributeExternalId");
            let attributes = &self.types[object_type].attributes;
            let Some(attribute) = attributes.iter().position(|a| a.external_id == attribute_id) else {
                errors.push(Invalid("UNKNOWN_EXTERNAL_ID_MAPPING", attribute_id.to_owned()));
                continue;
            };
            if attributes[attribute].name != text(sent, "attributeName") {
                errors.push(Invalid(
                    "SCHEMA_INVALID",
                    format!("{attribute_id}: the name in the mapping differs"),
                ));
            }
            let query = sent["objectMappingIQL"].as_str().map(Condition::parse);
            if matches!(query, Some(None)) || (attributes[attribute].target.is_some() && query.is_none()) {
                errors.push(Invalid("SCHEMA_INVALID", format!("{attribute_id}: objectMappingIQL")));
                continue;
            }
            fields.push(Field {
                attribute,
                locators: list(&sent["attributeLocators"])
                    .iter()
                    .filter_map(Value::as_str)
                    .map(str::to_owned)
                    .collect(),
                identity: sent["externalIdPart"] == true,
                reference: query.flatten(),
            });
        }
        if !fields.iter().any(|f| f.identity) {
            errors.push(Invalid("SCHEMA_INVALID", format!("{id}: nothing identifies an object")));
        }
        let mapping =
            Mapping { object_type, selector: text(sent, "selector").to_owned(), fields, raw: sent.clone() };
        match self.mappings.iter_mut().find(|m| m.object_type == object_type) {
            // The new part replaces the mapping of the object type.
            Some(present) => *present = mapping,
            None => self.mappings.push(mapping),
        }
    }

    /// The type whose external id ends like this, or that has this name.
    pub(super) fn type_named(&self, name: &str) -> Option<usize> {
        self.types.iter().position(|t| t.external_id.ends_with(name) || t.name == name)
    }

    /// The id of a declared status.
    pub(super) fn status_id(&self, name: &str) -> Option<usize> {
        self.statuses.iter().position(|status| status["name"] == name).map(|at| at + 1)
    }

    /// The name of the object schema.
    pub(super) fn schema_name(&self) -> &str {
        self.schema["name"].as_str().unwrap_or_default()
    }

    /// The reference attributes of each type.
    pub(super) fn references(&self) -> HashSet<(usize, usize)> {
        let of = |(n, t): (usize, &ObjectType)| {
            let references = t.attributes.iter().enumerate().filter(|(_, a)| a.target.is_some());
            references.map(|(at, _)| (n, at)).collect::<Vec<_>>()
        };
        self.types.iter().enumerate().flat_map(of).collect()
    }

    /// The structure that results if cardinalities are ignored.
    pub(super) fn with_one_value_each(mut self) -> Self {
        for at in 0..self.types.len() {
            for n in 0..self.types[at].attributes.len() {
                self.change_attribute(at, n, None, Some(1));
            }
        }
        self
    }

    /// Renames an attribute, or changes how many values it may have.
    pub(super) fn change_attribute(&mut self, at: usize, n: usize, name: Option<&str>, maximum: Option<i64>) {
        let attribute = &mut self.types[at].attributes[n];
        if let Some(name) = name {
            name.clone_into(&mut attribute.name);
            attribute.raw["name"] = name.into();
            for mapping in self.mappings.iter_mut().filter(|m| m.object_type == at) {
                if let Some(fields) = mapping.raw["attributesMapping"].as_array_mut() {
                    let id = attribute.external_id.as_str();
                    for field in fields.iter_mut().filter(|f| f["attributeExternalId"] == id) {
                        field["attributeName"] = name.into();
                    }
                }
            }
        }
        if let Some(maximum) = maximum {
            attribute.maximum = maximum;
            attribute.raw["maximumCardinality"] = maximum.into();
        }
    }

    /// Changes the type of an attribute.
    pub(super) fn change_kind(&mut self, at: usize, n: usize, kind: &str) {
        let attribute = &mut self.types[at].attributes[n];
        kind.clone_into(&mut attribute.kind);
        attribute.raw["type"] = kind.into();
    }

    /// Adds an attribute that is in no document.
    pub(super) fn add_attribute(&mut self, at: usize, sent: &Value) {
        self.types[at].attributes.push(Attribute::read(sent));
    }

    /// Removes an attribute. The mapping still names it until another one is sent.
    pub(super) fn delete_attribute(&mut self, at: usize, n: usize) {
        let attribute = &mut self.types[at].attributes[n];
        attribute.deleted = true;
        attribute.external_id.clear();
        attribute.name.clear();
        for mapping in self.mappings.iter_mut().filter(|m| m.object_type == at) {
            mapping.fields.retain(|field| field.attribute != n);
        }
    }

    /// Removes an object type, with its mapping and the attributes that refer to it.
    pub(super) fn delete_type(&mut self, at: usize) {
        let id = self.types[at].external_id.clone();
        let all = self.types.iter().enumerate();
        let mut gone = Vec::new();
        for (of, object_type) in all {
            let attributes = object_type.attributes.iter().enumerate().filter(|(_, a)| !a.deleted);
            let leaves = |a: &Attribute| of == at || a.target.as_deref() == Some(id.as_str());
            gone.extend(attributes.filter(|(_, a)| leaves(a)).map(|(n, _)| (of, n)));
        }
        for (of, n) in gone {
            self.delete_attribute(of, n);
        }
        self.mappings.retain(|mapping| mapping.object_type != at);
        let object_type = &mut self.types[at];
        object_type.deleted = true;
        object_type.external_id.clear();
        object_type.name.clear();
    }

    /// The document as Assets shows it: with the system attribute, and an icon schema that it would not accept.
    pub(super) fn document(&self) -> Value {
        let types: Vec<Value> = self
            .types
            .iter()
            .filter(|t| !t.deleted)
            .map(|t| {
                let key = json!({ "name": "Key", "description": "", "type": "text", "label": false });
                let mut shown = t.raw.clone();
                shown["attributes"] = std::iter::once(key)
                    .chain(t.attributes.iter().filter(|a| !a.deleted).map(|a| a.raw.clone()))
                    .collect();
                shown["inheritance"] = false.into();
                shown
            })
            .collect();
        let mut schema = self.schema.clone();
        schema["objectTypes"] = types.into();
        let mappings: Vec<Value> = self.mappings.iter().map(|m| m.raw.clone()).collect();
        json!({
            "schema": { "objectSchema": schema, "iconSchema": { "icons": [] } },
            "mapping": { "objectTypeMappings": mappings },
        })
    }
}
