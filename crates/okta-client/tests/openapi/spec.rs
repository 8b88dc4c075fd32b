//! An OpenAPI 3.0 document, as far as an exchange can be compared with it.

use std::collections::{BTreeMap, BTreeSet};

use jsonschema::Draft;
use serde_json::{Map, Value, json};

use crate::proxy::Exchange;

pub(crate) struct Spec {
    document: Value,
}

/// An operation and the values of the parameters in its path.
struct Found<'s> {
    id: &'s str,
    operation: &'s Value,
    shared: &'s Value,
    path: BTreeMap<String, String>,
}

impl Spec {
    pub(crate) fn parse(yaml: &str) -> Self {
        let mut document: Value = serde_saphyr::from_str(yaml).unwrap();
        as_json_schema(&mut document);
        Self { document }
    }

    pub(crate) fn operations(&self) -> BTreeSet<String> {
        let paths = self.document["paths"].as_object().unwrap();
        let operations = paths.values().flat_map(|path| path.as_object().unwrap().values());
        operations.filter_map(|o| o["operationId"].as_str()).map(str::to_owned).collect()
    }

    /// The operation, and everything that is not as the document says.
    pub(crate) fn check(&self, exchange: &Exchange) -> (String, Vec<String>) {
        let Some(found) = self.find(exchange) else {
            return ("none".into(), vec![format!("{} {}", exchange.method, exchange.url.path())]);
        };
        let mut complaints = Vec::new();
        self.parameters(&found, exchange, &mut complaints);
        self.request_body(&found, exchange, &mut complaints);
        self.answer(&found, exchange, &mut complaints);
        (found.id.to_owned(), complaints)
    }

    fn find(&self, exchange: &Exchange) -> Option<Found<'_>> {
        let method = exchange.method.as_str().to_lowercase();
        let paths = self.document["paths"].as_object().unwrap();
        // A fixed word goes before a parameter.
        let matching = |fixed: bool| {
            paths.iter().filter(move |(path, _)| path.contains('{') != fixed).find_map(|(template, path)| {
                let parameters = values(template, exchange.url.path())?;
                let operation = path.get(&method)?;
                let id = operation["operationId"].as_str()?;
                Some(Found { id, operation, shared: &path["parameters"], path: parameters })
            })
        };
        matching(true).or_else(|| matching(false))
    }

    fn parameters(&self, found: &Found<'_>, exchange: &Exchange, complaints: &mut Vec<String>) {
        let listed = [found.shared, &found.operation["parameters"]];
        let known: Vec<&Value> =
            listed.iter().filter_map(|l| l.as_array()).flatten().map(|p| self.resolve(p)).collect();
        let query: BTreeMap<String, String> = exchange.url.query_pairs().into_owned().collect();
        for name in query.keys() {
            if !known.iter().any(|p| p["in"] == "query" && p["name"] == **name) {
                complaints.push(format!("there is no parameter {name}"));
            }
        }
        for parameter in known {
            let name = parameter["name"].as_str().unwrap();
            let given = match parameter["in"].as_str().unwrap() {
                "query" => query.get(name).cloned(),
                "path" => found.path.get(name).cloned(),
                _ => exchange.headers.get(name).map(|v| v.to_str().unwrap().to_owned()),
            };
            let Some(given) = given else {
                if parameter["required"] == true {
                    complaints.push(format!("the parameter {name} is missing"));
                }
                continue;
            };
            let value = match self.resolve(&parameter["schema"])["type"].as_str() {
                Some("integer" | "number" | "boolean") => {
                    serde_json::from_str(&given).unwrap_or(Value::String(given))
                }
                _ => Value::String(given),
            };
            self.validate(&parameter["schema"], &value, &format!("parameter {name}"), complaints);
        }
    }

    fn request_body(&self, found: &Found<'_>, exchange: &Exchange, complaints: &mut Vec<String>) {
        let Some(content) = found.operation["requestBody"]["content"].as_object() else {
            if !exchange.body.is_empty() {
                complaints.push("a body where there is none".into());
            }
            return;
        };
        let kind = exchange.headers["content-type"].to_str().unwrap();
        let Some(media) = content.get(kind.split(';').next().unwrap()) else {
            complaints.push(format!("a body of type {kind}"));
            return;
        };
        let body = if kind.contains("form") {
            let pairs = url::form_urlencoded::parse(&exchange.body);
            Value::Object(pairs.map(|(name, value)| (name.into_owned(), Value::from(value))).collect())
        } else {
            serde_json::from_slice(&exchange.body).unwrap()
        };
        self.validate(&media["schema"], &body, "request", complaints);
    }

    fn answer(&self, found: &Found<'_>, exchange: &Exchange, complaints: &mut Vec<String>) {
        let Some(response) = found.operation["responses"].get(exchange.status.to_string()) else {
            complaints.push(format!("the document has no answer {}", exchange.status));
            return;
        };
        let response = self.resolve(response);
        let Some(schema) = response["content"]["application/json"].get("schema") else {
            if !exchange.answer.is_empty() {
                complaints.push(format!("a body in answer {}", exchange.status));
            }
            return;
        };
        let body: Value = serde_json::from_slice(&exchange.answer).unwrap();
        self.validate(schema, &body, &format!("answer {}", exchange.status), complaints);
    }

    fn validate(&self, schema: &Value, value: &Value, what: &str, complaints: &mut Vec<String>) {
        let whole = json!({ "allOf": [schema], "components": self.document["components"] });
        let validator = jsonschema::options().with_draft(Draft::Draft4).build(&whole).unwrap();
        for error in validator.iter_errors(value) {
            complaints.push(format!("{what}: {}: {error}", error.instance_path()));
        }
    }

    fn resolve<'s>(&'s self, value: &'s Value) -> &'s Value {
        match value["$ref"].as_str() {
            Some(reference) => self.document.pointer(&reference[1..]).unwrap(),
            None => value,
        }
    }
}

/// The values of a template's parameters in a path that it fits.
fn values(template: &str, path: &str) -> Option<BTreeMap<String, String>> {
    let (template, path): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
    if template.len() != path.len() {
        return None;
    }
    let mut values = BTreeMap::new();
    for (word, given) in template.iter().zip(path) {
        match word.strip_prefix('{').and_then(|w| w.strip_suffix('}')) {
            Some(name) => {
                values.insert(name.to_owned(), given.to_owned());
            }
            None if *word == given => {}
            None => return None,
        }
    }
    Some(values)
}

/// OpenAPI 3.0 is JSON Schema of old with a word of its own for what may be null.
fn as_json_schema(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(as_json_schema),
        Value::Object(map) => {
            map.values_mut().for_each(as_json_schema);
            if map.get("nullable") == Some(&Value::Bool(true)) {
                allow_null(map);
            }
        }
        _ => {}
    }
}

fn allow_null(map: &mut Map<String, Value>) {
    if let Some(Value::String(kind)) = map.get("type") {
        let either = json!([kind, "null"]);
        map.insert("type".into(), either);
    }
    if let Some(Value::Array(words)) = map.get_mut("enum") {
        words.push(Value::Null);
    }
}
