//! The REST API for accounts: read and change the structure, search and change objects, read the import source.

use std::collections::HashMap;
use std::sync::Arc;

use axum::response::Response;
use http::Method;
use serde_json::{Value, json};

use super::aql::Condition;
use super::document::{Attribute, Structure};
use super::ids::{Ids, SOURCE, WORKSPACE, schema_id};
use super::reply::{not_found, problem, reply};
use super::site::Site;
use super::validation::PLAIN_TYPES;
use super::values::fits;

/// The response to a call below the workspace.
pub(super) fn handle(
    site: &Arc<Site>,
    method: &Method,
    path: &[&str],
    query: &HashMap<String, String>,
    body: &[u8],
) -> Response {
    let sent: Value = serde_json::from_slice(body).unwrap_or_default();
    match (method.as_str(), path) {
        (method, ["object", path @ ..]) => handle_object(site, method, path, query, &sent),
        ("GET", ["objectschema", "list"]) => {
            let values = json!([schema(site)]);
            reply(
                200,
                &json!({ "startAt": 0, "maxResults": 25, "total": 1, "isLast": true, "values": values }),
            )
        }
        ("GET", ["objectschema", id, "objecttypes", "flat"]) if *id == site.schema_id() => {
            reply(200, &types(site))
        }
        ("GET", ["objectschema", id, "attributes"]) if *id == site.schema_id() => {
            let structure = site.structure();
            let all = (0..structure.types.len()).flat_map(|n| attributes(&structure, n)).collect();
            reply(200, &all)
        }
        ("GET", ["objecttype", id, "attributes"]) => {
            let structure = site.structure();
            match type_index(&structure, id) {
                Some(n) => reply(200, &attributes(&structure, n).into()),
                None => not_found(),
            }
        }
        ("PUT", ["objecttypeattribute", type_id, id]) => change_attribute(site, type_id, id, &sent),
        ("GET", ["importsource", "objectschema", id]) if *id == site.schema_id() => {
            reply(200, &json!([source(site)]))
        }
        ("POST", ["importsource", SOURCE, "token"]) => reply(200, &json!({ "token": site.rotate_token() })),
        ("GET", ["config", "statustype"]) => reply(200, &statuses(&site.structure())),
        ("GET", ["usage"]) => {
            let count = site.held().len();
            let total = count + site.state().settings.objects_elsewhere;
            let schemas = json!([{ "objectSchemaId": site.schema_id(), "objectCount": count }]);
            reply(200, &json!({ "totalObjectsCount": total, "perSchemaUsageInfo": schemas }))
        }
        _ => not_found(),
    }
}

/// The response to a call below `/object`.
fn handle_object(
    site: &Arc<Site>,
    method: &str,
    path: &[&str],
    query: &HashMap<String, String>,
    sent: &Value,
) -> Response {
    match (method, path) {
        ("POST", ["aql"]) => search(site, query, sent),
        ("POST", ["aql", "totalcount"]) => match found(site, sent) {
            Some(ids) => reply(200, &json!({ "totalCount": ids.len() })),
            None => bad_query(),
        },
        ("GET", [id]) => match shown(site, id) {
            Some(object) => reply(200, &object),
            None => not_found(),
        },
        ("GET", [id, "attributes"]) => match shown(site, id) {
            Some(object) => reply(200, &object["attributes"]),
            None => not_found(),
        },
        ("POST", ["create"]) => create_object(site, sent),
        ("PUT", [id]) => change_object(site, id, sent),
        ("DELETE", [id]) => {
            let removed = id.parse().is_ok_and(|id| site.held().remove(id));
            if removed { reply(200, &Value::Null) } else { not_found() }
        }
        _ => not_found(),
    }
}

/// The site's workspaces, as Jira Service Management lists them.
pub(super) fn workspaces() -> Response {
    reply(
        200,
        &json!({ "size": 1, "start": 0, "limit": 50, "isLastPage": true, "values": [{ "workspaceId": WORKSPACE }] }),
    )
}

/// The import source with its settings.
pub(super) fn source(site: &Site) -> Value {
    let state = site.state();
    let settings = &state.settings;
    let empty = if settings.ignore_empty { "IGNORE" } else { "REMOVE" };
    let unknown = if settings.ignore_unknown { "IGNORE" } else { "ADD" };
    let missing = if settings.remove_missing { "REMOVE" } else { "IGNORE" };
    let entries: Vec<Value> = state
        .structure
        .iter()
        .flat_map(|structure| &structure.types)
        .filter(|t| !t.deleted)
        .map(|t| {
            json!({ "objectTypeName": t.name, "emptyValues": empty, "unknownValues": unknown,
                "missingObjects": missing, "matchIdentifierIgnoreCase": false })
        })
        .collect();
    json!({
        "id": site.ids.source, "name": "Okta", "objectSchemaId": schema_id(site.ids, state.deletions), "tokenGenerated": true,
        "importSourceModuleKey": "rlabs-import-type-external", "defaultHandleEmptyValues": empty,
        "defaultHandleUnknownValues": unknown, "importSourceOTEntries": entries,
        "importStatus": { "configurationStatusType": if settings.disabled { "DISABLED" } else { "ENABLED" },
            "validationStatusType": "VALID" },
    })
}

fn schema(site: &Site) -> Value {
    let structure = site.structure();
    json!({ "id": site.schema_id(), "name": structure.schema_name(), "objectSchemaKey": "OKTA",
        "objectCount": site.held().len(), "objectTypeCount": structure.types.iter().filter(|t| !t.deleted).count() })
}

fn types(site: &Site) -> Value {
    let structure = site.structure();
    let shown = |(n, t): (usize, &super::document::ObjectType)| json!({ "id": type_id(n), "name": t.name, "objectSchemaId": site.schema_id() });
    structure.types.iter().enumerate().filter(|(_, t)| !t.deleted).map(shown).collect()
}

fn type_id(n: usize) -> String {
    (101 + n).to_string()
}

fn type_index(structure: &Structure, id: &str) -> Option<usize> {
    let n = id.parse::<usize>().ok()?.checked_sub(101)?;
    structure.types.get(n).is_some_and(|t| !t.deleted).then_some(n)
}

fn attribute_id(object_type: usize, n: usize) -> String {
    (1000 * (object_type + 1) + n).to_string()
}

/// The possible statuses of values, with the IDs for writing them.
fn statuses(structure: &Structure) -> Value {
    (1..=structure.statuses.len()).map(|id| shown_status(structure, id)).collect()
}

fn shown_status(structure: &Structure, id: usize) -> Value {
    let status = id.checked_sub(1).and_then(|at| structure.statuses.get(at)).cloned().unwrap_or_default();
    let category = match status["category"].as_str() {
        Some("inactive") => 0,
        Some("active") => 1,
        _ => 2,
    };
    json!({ "id": id.to_string(), "name": status["name"], "description": status["description"],
        "category": category, "objectSchemaId": Ids::FIRST.schema })
}

fn attributes(structure: &Structure, object_type: usize) -> Vec<Value> {
    let known = structure.types[object_type].attributes.iter().enumerate().filter(|(_, a)| !a.deleted);
    known.map(|(n, attribute)| shown_attribute(structure, object_type, n, attribute)).collect()
}

fn shown_attribute(structure: &Structure, object_type: usize, n: usize, attribute: &Attribute) -> Value {
    let mut shown = json!({
        "id": attribute_id(object_type, n), "name": attribute.name, "label": attribute.label, "type": 0,
        "minimumCardinality": attribute.raw["minimumCardinality"].as_i64().unwrap_or_default(),
        "maximumCardinality": attribute.maximum, "uniqueAttribute": attribute.unique,
        "description": attribute.raw["description"],
    });
    if let Some(plain) = PLAIN_TYPES.iter().position(|kind| *kind == attribute.kind) {
        shown["defaultType"] = json!({ "id": plain, "name": attribute.kind });
    }
    if attribute.kind == "status" {
        shown["type"] = 7.into();
    }
    if let Some(target) = &attribute.target {
        let target = structure.types.iter().position(|t| t.external_id == *target).unwrap_or_default();
        shown["type"] = 1.into();
        shown["typeValue"] = type_id(target).into();
        shown["additionalValue"] = "1".into();
    }
    shown
}

fn change_attribute(site: &Site, type_id: &str, id: &str, sent: &Value) -> Response {
    let refuse =
        |field: &str, why: &str| reply(400, &json!({ "errorMessages": [], "errors": { field: why } }));
    let mut state = site.state();
    let unmarked_is_rejected = state.settings.reject_unmarked;
    let Some(structure) = state.structure.as_mut() else { return not_found() };
    let Some(at) = type_index(structure, type_id) else { return not_found() };
    let found = (0..structure.types[at].attributes.len()).find(|n| attribute_id(at, *n) == id);
    let Some(n) = found.filter(|n| !structure.types[at].attributes[*n].deleted) else { return not_found() };
    let attribute = &structure.types[at].attributes[n];
    let present = shown_attribute(structure, at, n, attribute);
    let reference = attribute.target.is_some();
    let mut mandatory = vec!["name", "type", "minimumCardinality", "maximumCardinality"];
    if reference {
        mandatory.extend(["typeValue", "additionalValue"]);
    }
    if let Some(missing) = mandatory.iter().find(|field| unmarked_is_rejected && sent.get(**field).is_none())
    {
        return refuse(missing, "is mandatory");
    }
    for fixed in ["type", "typeValue"] {
        if sent.get(fixed).is_some_and(|value| *value != present[fixed]) {
            return refuse(fixed, "cannot be changed");
        }
    }
    let maximum = sent["maximumCardinality"].as_i64();
    if maximum.is_some_and(|m| m != 1) && !attribute.may_be_many() {
        return refuse("maximumCardinality", "is 1 for this type");
    }
    let name = sent["name"].as_str();
    let twin = |(other, a): (usize, &Attribute)| {
        other != n && name.is_some_and(|name| a.name.eq_ignore_ascii_case(name))
    };
    if structure.types[at].attributes.iter().enumerate().any(twin) {
        return refuse("name", "is taken");
    }
    structure.change_attribute(at, n, name, maximum);
    reply(200, &shown_attribute(structure, at, n, &structure.types[at].attributes[n]))
}

fn found(site: &Site, sent: &Value) -> Option<Vec<u64>> {
    let condition = Condition::parse(sent["qlQuery"].as_str()?)?;
    // One page at a time, so that the objects aren't locked for the whole request.
    let structure = site.structure();
    Some(site.held().search(&structure, &condition))
}

fn bad_query() -> Response {
    problem(400, "The AQL query could not be read.")
}

fn search(site: &Site, query: &HashMap<String, String>, sent: &Value) -> Response {
    let number = |name: &str, otherwise: usize| {
        query.get(name).and_then(|n| n.parse::<usize>().ok()).unwrap_or(otherwise)
    };
    let Some(ids) = found(site, sent) else { return bad_query() };
    let (start, most) = (number("startAt", 0), number("maxResults", 25).clamp(1, 1000));
    let (structure, held) = (site.structure(), site.held());
    let objects: Vec<Value> =
        ids.iter().skip(start).take(most).filter_map(|id| held.shown(&structure, *id)).collect();
    let last = start + objects.len() >= ids.len();
    // As in Atlassian's own example, the name and not the value.
    reply(
        200,
        &json!({ "startAt": start, "maxResults": most, "total": ids.len().min(1000), "isLast": last.to_string(),
            "values": objects, "objectTypeAttributes": [] }),
    )
}

fn shown(site: &Site, id: &str) -> Option<Value> {
    let structure = site.structure();
    site.held().shown(&structure, id.parse().ok()?)
}

fn change_object(site: &Site, id: &str, sent: &Value) -> Response {
    let structure = site.structure();
    let Ok(number) = id.parse() else { return not_found() };
    let Some(object_type) = site.held().object(number).map(|(object_type, _)| object_type) else {
        return not_found();
    };
    let mut held = site.held();
    match held.read_values(&structure, object_type, &sent["attributes"]) {
        Ok(values) => held.write(number, object_type, values),
        Err(message) => return problem(400, &message),
    }
    held.shown(&structure, number).map_or_else(not_found, |object| reply(200, &object))
}

fn create_object(site: &Site, sent: &Value) -> Response {
    let structure = site.structure();
    let wanted = sent["objectTypeId"].as_str().unwrap_or_default();
    let Some(object_type) = type_index(&structure, wanted) else {
        return problem(400, "There is no such object type.");
    };
    let limit = site.state().settings.object_limit;
    let mut held = site.held();
    let values = match held.read_values(&structure, object_type, &sent["attributes"]) {
        Ok(values) => values,
        Err(message) => return problem(400, &message),
    };
    let label = structure.types[object_type].attributes.iter().position(|a| a.label);
    if !values.iter().any(|(n, values)| Some(*n) == label && !values.is_empty()) {
        return problem(400, "An object needs a label.");
    }
    if limit.is_some_and(|limit| held.len() >= limit) {
        return problem(400, "The site holds as many objects as it may.");
    }
    let id = held.add(object_type);
    held.write(id, object_type, values);
    held.shown(&structure, id).map_or_else(not_found, |object| reply(201, &object))
}

impl super::objects::Objects {
    /// An object as the REST API shows it.
    fn shown(&self, structure: &Structure, id: u64) -> Option<Value> {
        let (object_type, values) = self.object(id)?;
        let known = &structure.types[object_type].attributes;
        let label = known.iter().position(|a| a.label).and_then(|n| values.get(&n)?.first().cloned());
        let attributes: Vec<Value> = known
            .iter()
            .enumerate()
            .filter(|(_, attribute)| !attribute.deleted)
            .map(|(n, attribute)| {
                let held = values.get(&n).map(Vec::as_slice).unwrap_or_default();
                let shown: Vec<Value> =
                    held.iter().map(|value| shown_value(structure, attribute, value)).collect();
                json!({ "objectTypeAttributeId": attribute_id(object_type, n), "objectAttributeValues": shown })
            })
            .collect();
        Some(json!({
            "id": id.to_string(), "objectKey": format!("OKTA-{id}"), "label": label.unwrap_or_default(),
            "objectType": { "id": type_id(object_type), "name": structure.types[object_type].name,
                "objectSchemaId": Ids::FIRST.schema },
            "attributes": attributes,
        }))
    }

    /// The values that were sent, by attribute; or the error of one.
    fn read_values(&self, structure: &Structure, object_type: usize, sent: &Value) -> Result<Values, String> {
        let mut read = Vec::new();
        for change in sent.as_array().map(Vec::as_slice).unwrap_or_default() {
            let wanted = change["objectTypeAttributeId"].as_str().unwrap_or_default();
            let known = &structure.types[object_type].attributes;
            let found = (0..known.len()).find(|n| attribute_id(object_type, *n) == wanted);
            let Some(n) = found.filter(|n| !known[*n].deleted) else {
                return Err(format!("There is no attribute {wanted}."));
            };
            let attribute = &known[n];
            let values = change["objectAttributeValues"].as_array().map(Vec::as_slice).unwrap_or_default();
            let texts = values.iter().filter_map(|v| v["value"].as_str()).filter(|text| !text.is_empty());
            let values: Option<Vec<String>> =
                texts.map(|text| self.read_value(structure, attribute, text)).collect();
            let values = values.ok_or_else(|| format!("{}: a value does not fit.", attribute.name))?;
            if usize::try_from(attribute.maximum).is_ok_and(|most| values.len() > most) {
                return Err(format!("{}: there are too many values.", attribute.name));
            }
            read.push((n, values));
        }
        Ok(read)
    }

    /// A reference is given by the key of the object, a status by its ID, and everything else unchanged.
    fn read_value(&self, structure: &Structure, attribute: &Attribute, text: &str) -> Option<String> {
        if let Some(target) = &attribute.target {
            let id = text.strip_prefix("OKTA-")?.parse().ok()?;
            let (object_type, _) = self.object(id)?;
            return (structure.types[object_type].external_id == *target).then(|| id.to_string());
        }
        let value = if attribute.kind == "status" {
            let status = structure.statuses.get(text.parse::<usize>().ok()?.checked_sub(1)?)?;
            status["name"].as_str()?.to_owned()
        } else {
            text.to_owned()
        };
        fits(&value, attribute, structure).then_some(value)
    }

    fn write(&mut self, id: u64, object_type: usize, values: Values) {
        for (n, values) in values {
            self.set(id, object_type, n, values);
        }
    }
}

/// Values by the place of their attribute.
type Values = Vec<(usize, Vec<String>)>;

fn shown_value(structure: &Structure, attribute: &Attribute, value: &str) -> Value {
    if attribute.target.is_some() {
        json!({ "referencedType": true, "displayValue": "", "searchValue": format!("OKTA-{value}"),
            "referencedObject": { "id": value, "objectKey": format!("OKTA-{value}"), "label": "" } })
    } else if attribute.kind == "status" {
        let status = shown_status(structure, structure.status_id(value).unwrap_or_default());
        json!({ "status": status, "displayValue": value, "searchValue": value, "referencedType": false })
    } else {
        json!({ "value": value, "displayValue": value, "searchValue": value, "referencedType": false })
    }
}
