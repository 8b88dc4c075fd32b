//! The environment over the file.

use okta_client::{AuthorizationMode, PrivateKeySource, SdkEnvironment, UnsupportedVariable};
use secrecy::ExposeSecret;
use toml::{Table, Value};

/// `OKTA_INSIGHT__CONNECTIONS__MAIN__OKTA__ORG_URL` sets `connections.main.okta.org_url`.
const PREFIX: &str = "OKTA_INSIGHT__";

/// The variable that sets a key.
pub(super) fn variable(path: &[&str]) -> String {
    format!("{PREFIX}{}", path.join("__").replace('-', "_").to_uppercase())
}

/// Applies the environment's values over the file's, and returns Okta's own variables that have no effect.
pub(super) fn apply(
    table: &mut Table,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Vec<UnsupportedVariable> {
    let mut variables: Vec<(String, String)> = environment.into_iter().collect();
    variables.sort();
    let names = connections(table);
    let only = match names.as_slice() {
        [] => Some("main".to_owned()),
        [name] => Some(name.clone()),
        _ => None,
    };
    let sdk = SdkEnvironment::read(variables.iter().cloned());
    let mut unsupported = sdk.unsupported.clone();
    if let Some(connection) = &only {
        for (key, value) in okta_own(&sdk) {
            set(table, &["connections", connection, "okta", key], value);
        }
        let reason = "a connection signs in with a private key, not with an API token";
        let mut without_effect = |applies: bool, name: &str| {
            if applies {
                unsupported.push(UnsupportedVariable { name: name.to_owned(), reason });
            }
        };
        without_effect(sdk.api_token.is_some(), "OKTA_CLIENT_TOKEN");
        let mode = sdk.authorization_mode;
        without_effect(mode == Some(AuthorizationMode::ApiToken), "OKTA_CLIENT_AUTHORIZATIONMODE");
    } else {
        let reason = "there are several connections; set OKTA_INSIGHT__CONNECTIONS__NAME__OKTA__...";
        unsupported.extend(sdk.honored.into_iter().map(|name| UnsupportedVariable { name, reason }));
    }
    for (name, value) in variables {
        let Some(path) = path_of(&name, &names) else { continue };
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        set(table, &path, scalar(value));
    }
    unsupported
}

/// Variables of Okta's SDKs by the keys of `[connections.NAME.okta]` that they set.
const SDK_VARIABLES: [(&str, &str); 6] = [
    ("org_url", "OKTA_CLIENT_ORGURL"),
    ("client_id", "OKTA_CLIENT_CLIENTID"),
    ("private_key", "OKTA_CLIENT_PRIVATEKEY"),
    ("key_id", "OKTA_CLIENT_PRIVATEKEYID"),
    ("key_id", "OKTA_CLIENT_KID"),
    ("api_scopes", "OKTA_CLIENT_SCOPES"),
];

/// The variable that sets a key, or a table above it; `None` if the file sets it.
pub(super) fn setter<'e>(file: &Table, environment: &'e [(String, String)], key: &str) -> Option<&'e str> {
    let names = connections(file);
    let sets = |variable: &str| {
        path_of(variable, &names).is_some_and(|path| {
            let below = key.strip_prefix(&path.join("."));
            below.is_some_and(|below| below.is_empty() || below.starts_with('.'))
        })
    };
    let sdk = |variable: &str| {
        let own = SDK_VARIABLES.iter().find(|(_, name)| *name == variable);
        own.is_some_and(|(last, _)| {
            key.starts_with("connections.") && key.ends_with(&format!(".okta.{last}"))
        })
    };
    let found = environment.iter().find(|(name, _)| sets(name)).or_else(|| {
        // With several connections, they set nothing.
        let mut given = environment.iter().filter(|(_, value)| names.len() < 2 && !value.trim().is_empty());
        given.find(|(name, _)| sdk(name))
    });
    found.map(|(name, _)| name.as_str())
}

/// The names of the connections.
fn connections(table: &Table) -> Vec<String> {
    let connections = table.get("connections").and_then(Value::as_table);
    connections.map(|connections| connections.keys().cloned().collect()).unwrap_or_default()
}

/// The key that a variable sets; `None` of a variable of others.
fn path_of(variable: &str, connections: &[String]) -> Option<Vec<String>> {
    let mut path: Vec<String> =
        variable.strip_prefix(PREFIX)?.to_lowercase().split("__").map(str::to_owned).collect();
    // A variable's name can't distinguish hyphens from underscores.
    if let Some(at) = path.get_mut(1)
        && let Some(known) = connections.iter().find(|known| known.replace('-', "_") == *at)
    {
        known.clone_into(at);
    }
    Some(path)
}

/// The keys of `[connections.NAME.okta]` that Okta's own variables set.
fn okta_own(sdk: &SdkEnvironment) -> Vec<(&'static str, Value)> {
    let text = |text: &String| Value::String(text.clone());
    let private_key = sdk.private_key.as_ref().map(|key| match key {
        PrivateKeySource::Text(key) => Value::String(key.expose_secret().to_owned()),
        PrivateKeySource::File(path) => {
            let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
            Value::Table(
                [("file".to_owned(), Value::String(path.to_string_lossy().into_owned()))]
                    .into_iter()
                    .collect(),
            )
        }
    });
    let scopes = sdk.scopes.iter().map(text).collect::<Vec<_>>();
    [
        ("org_url", sdk.org_url.as_ref().map(text)),
        ("client_id", sdk.client_id.as_ref().map(text)),
        ("private_key", private_key),
        ("key_id", sdk.key_id.as_ref().map(text)),
        ("api_scopes", (!scopes.is_empty()).then_some(Value::Array(scopes))),
    ]
    .into_iter()
    .filter_map(|(key, value)| Some((key, value?)))
    .collect()
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
