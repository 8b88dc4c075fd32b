//! Values that don't fit the schema of the configuration: unknown keys, wrong types, and unknown words.

use serde_json::Value as Json;
use toml::{Table, Value};

use crate::file::RawConfig;
use crate::keys::{is_secret, json_schema};
use crate::suggest::nearest;

/// A key whose value doesn't fit.
#[derive(Debug)]
pub(super) struct Misfit {
    pub(super) path: Vec<String>,
    pub(super) problem: String,
}

/// All keys whose values don't fit. Every key of the configuration is optional, so each can be judged alone.
pub(super) fn misfits(table: &Table) -> Vec<Misfit> {
    let schema = json_schema();
    let mut leaves = Vec::new();
    collect(&mut Vec::new(), table, &mut leaves);
    let misfits = leaves.into_iter().filter_map(|(path, value)| {
        let error = alone(&path, value).try_into::<RawConfig>().err()?;
        Some(misfit(&schema, path, value, &error))
    });
    misfits.collect()
}

/// Removes a key from the table.
pub(super) fn remove(table: &mut Table, path: &[String]) {
    let Some((last, tables)) = path.split_last() else { return };
    let mut table = table;
    for name in tables {
        let Some(Value::Table(inner)) = table.get_mut(name) else { return };
        table = inner;
    }
    table.remove(last);
}

fn collect<'t>(above: &mut Vec<String>, table: &'t Table, leaves: &mut Vec<(Vec<String>, &'t Value)>) {
    for (name, value) in table {
        above.push(name.clone());
        match value {
            Value::Table(inner) if !inner.is_empty() && !is_secret(&above.join(".")) => {
                collect(above, inner, leaves);
            }
            value => leaves.push((above.clone(), value)),
        }
        above.pop();
    }
}

/// A table with this key only.
fn alone(path: &[String], value: &Value) -> Table {
    let Some((first, rest)) = path.split_first() else { return Table::new() };
    let value = if rest.is_empty() { value.clone() } else { Value::Table(alone(rest, value)) };
    Table::from_iter([(first.clone(), value)])
}

fn misfit(schema: &Json, mut path: Vec<String>, value: &Value, error: &toml::de::Error) -> Misfit {
    let mut node = schema;
    for (at, name) in path.iter().enumerate() {
        let parent = resolved(schema, node);
        node = match parent["properties"].get(name) {
            Some(property) => property,
            None if parent["additionalProperties"].is_object() => &parent["additionalProperties"],
            None => {
                let problem = match parent["properties"].as_object() {
                    Some(properties) => {
                        unknown(name, &properties.keys().map(String::as_str).collect::<Vec<_>>())
                    }
                    // A value has no keys below it.
                    None => format!("must be {}; got a table", requirement(schema, node)),
                };
                path.truncate(if parent["properties"].is_object() { at + 1 } else { at });
                return Misfit { path, problem };
            }
        };
    }
    let requirement = requirement(schema, node);
    let got = match value {
        _ if is_secret(&path.join(".")) => return Misfit { path, problem: format!("must be {requirement}") },
        Value::String(word) if words(schema, node).is_some() => {
            let words = words(schema, node).unwrap_or_default();
            let near = nearest(word, words).map(|near| format!("; did you mean \"{near}\"?"));
            format!("\"{word}\"{}", near.unwrap_or_default())
        }
        // It may be a secret in the wrong place.
        Value::String(_) => "a string".to_owned(),
        Value::Array(_) => "an array".to_owned(),
        Value::Table(_) => "a table".to_owned(),
        other => other.to_string(),
    };
    let problem = if requirement.is_empty() {
        error.message().to_owned()
    } else {
        format!("must be {requirement}; got {got}")
    };
    Misfit { path, problem }
}

fn unknown(name: &str, known: &[&str]) -> String {
    match nearest(name, known.iter().copied()) {
        Some(near) => format!("unknown key; did you mean `{near}`?"),
        None => format!("unknown key; must be {}", listed(known, '`')),
    }
}

/// The node behind references and the alternative `null`.
fn resolved<'s>(schema: &'s Json, node: &'s Json) -> &'s Json {
    if let Some(name) = node["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
        return resolved(schema, &schema["$defs"][name]);
    }
    let alternatives = node["anyOf"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut values = alternatives.iter().filter(|alternative| alternative["type"] != "null");
    match (values.next(), values.next()) {
        (Some(value), None) => resolved(schema, value),
        _ => node,
    }
}

/// The words that a key may have, if it has a list of them.
fn words<'s>(schema: &'s Json, node: &'s Json) -> Option<Vec<&'s str>> {
    let node = resolved(schema, node);
    let word = |alternative: &'s Json| alternative["const"].as_str();
    match (node["oneOf"].as_array(), node["enum"].as_array()) {
        (Some(alternatives), _) => alternatives.iter().map(word).collect(),
        (None, Some(values)) => values.iter().map(Json::as_str).collect(),
        (None, None) => None,
    }
}

/// The values that a key may have, in words that follow "must be".
fn requirement(schema: &Json, node: &Json) -> String {
    if let Some(words) = words(schema, node) {
        return listed(&words, '"');
    }
    let node = resolved(schema, node);
    if let Some(alternatives) = node["anyOf"].as_array() {
        let all: Vec<String> = alternatives.iter().map(|node| requirement(schema, node)).collect();
        return all.join(" or ");
    }
    let kind = match &node["type"] {
        Json::Array(kinds) => kinds.iter().filter_map(Json::as_str).find(|kind| *kind != "null"),
        kind => kind.as_str(),
    };
    match kind {
        Some("string") if node["pattern"].is_string() => {
            "an interval, such as \"30m\", \"1h\", or \"1d\"".to_owned()
        }
        Some("string") => "a string".to_owned(),
        Some("boolean") => "true or false".to_owned(),
        Some("number") => format!("a number{}", range(node)),
        Some("integer") => format!("a whole number{}", range(node)),
        Some("array") => "an array of strings".to_owned(),
        Some("object") => match node["properties"].as_object() {
            // One of the places of a secret.
            Some(place) if place.len() == 1 && node["required"].is_array() => {
                let name = place.keys().next().map(String::as_str).unwrap_or_default();
                format!("{{ {name} = \"{}\" }}", if name == "env" { "NAME" } else { "PATH" })
            }
            _ => "a table".to_owned(),
        },
        _ => String::new(),
    }
}

fn range(node: &Json) -> String {
    match (node["minimum"].as_f64(), node["maximum"].as_f64()) {
        (Some(least), Some(most)) => format!(" from {least} to {most}"),
        (Some(least), None) => format!(" of at least {least}"),
        _ => String::new(),
    }
}

/// `"a", "b", or "c"`.
fn listed(words: &[&str], quote: char) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("{quote}{word}{quote}")).collect();
    match quoted.as_slice() {
        [] => String::new(),
        [word] => word.clone(),
        [one, other] => format!("{one} or {other}"),
        [first @ .., last] => format!("{}, or {last}", first.join(", ")),
    }
}
