//! The environment over the file.

use toml::{Table, Value};

/// `OKTA_INSIGHT__CONNECTIONS__MAIN__OKTA__ORG_URL` sets `connections.main.okta.org_url`.
const PREFIX: &str = "OKTA_INSIGHT__";

/// Okta's own variables, for the only connection there is.
const OKTA_OWN: [(&str, &str); 4] = [
    ("OKTA_CLIENT_ORGURL", "org_url"),
    ("OKTA_CLIENT_CLIENTID", "client_id"),
    ("OKTA_CLIENT_PRIVATEKEY", "private_key"),
    ("OKTA_CLIENT_SCOPES", "scopes"),
];

/// The variable that sets a key.
pub(super) fn variable(path: &[&str]) -> String {
    format!("{PREFIX}{}", path.join("__").replace('-', "_").to_uppercase())
}

/// Puts the environment's values over the file's.
pub(super) fn apply(table: &mut Table, environment: impl IntoIterator<Item = (String, String)>) {
    let mut variables: Vec<(String, String)> = environment.into_iter().collect();
    variables.sort();
    let names: Vec<String> = table
        .get("connections")
        .and_then(Value::as_table)
        .map(|c| c.keys().cloned().collect())
        .unwrap_or_default();
    let only = match names.as_slice() {
        [] => Some("main".to_owned()),
        [name] => Some(name.clone()),
        _ => None,
    };
    for (name, value) in &variables {
        if let (Some(connection), Some((_, key))) = (&only, OKTA_OWN.iter().find(|(own, _)| own == name)) {
            let value = match *key {
                "scopes" => {
                    Value::Array(value.split_whitespace().map(|s| Value::String(s.to_owned())).collect())
                }
                _ => Value::String(value.clone()),
            };
            set(table, &["connections", connection, "okta", key], value);
        }
    }
    for (name, value) in variables {
        let Some(rest) = name.strip_prefix(PREFIX) else { continue };
        let path = rest.to_lowercase();
        let mut path: Vec<String> = path.split("__").map(str::to_owned).collect();
        // A variable's name cannot tell dashes from underscores.
        if let Some(at) = path.get_mut(1)
            && let Some(known) = names.iter().find(|known| known.replace('-', "_") == *at)
        {
            known.clone_into(at);
        }
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        set(table, &path, scalar(value));
    }
}

/// Numbers, truth values and lists as TOML writes them; everything else is text.
fn scalar(text: String) -> Value {
    let parsed = toml::from_str::<Table>(&format!("v = {text}")).ok().and_then(|mut t| t.remove("v"));
    match parsed {
        Some(value @ (Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Array(_))) => value,
        _ => Value::String(text),
    }
}

fn set(table: &mut Table, path: &[&str], value: Value) {
    match path {
        [] => {}
        [last] => {
            table.insert((*last).to_owned(), value);
        }
        [first, rest @ ..] => {
            let inner = table.entry((*first).to_owned()).or_insert_with(|| Value::Table(Table::new()));
            if let Value::Table(inner) = inner {
                set(inner, rest, value);
            }
        }
    }
}
