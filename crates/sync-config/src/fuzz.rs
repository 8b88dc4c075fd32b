//! Fuzz targets for the configuration and for secrets at rest. See tests/fuzz.

// Outcomes are short.
#![allow(clippy::format_push_string)]

use std::path::Path;

use fuzz::fuzz;
use secrecy::ExposeSecret as _;
use toml::Value as Toml;

use sync_engine::error_chain;

use crate::client_faults::check_clients;
use crate::config::Config;
use crate::vault::MasterKey;

/// A secret that inputs contain in secret fields, and that no error may contain.
const SECRET: &str = "S3cretValueOfASetting";
/// Keys whose values are secrets.
const SECRETS: [&str; 8] = [
    "private_key",
    "import_token",
    "api_token",
    "secret",
    "client_secret",
    "master_key",
    "webhook_url",
    "event_hook_secret",
];
/// The maximum length of a message without the administrator's input, in characters.
const LONGEST: usize = 4000;

/// True if the secret stands under other keys as well, where it may be quoted.
fn misplaced(value: &Toml) -> bool {
    match value {
        Toml::String(text) => text.contains(SECRET),
        Toml::Array(items) => items.iter().any(misplaced),
        Toml::Table(table) => table.iter().any(|(key, value)| {
            let own = SECRETS.contains(&key.as_str()) && value.is_str();
            key.contains(SECRET) || !own && misplaced(value)
        }),
        _ => false,
    }
}

#[test]
fn config_reads_any_text() {
    let words = [
        "[connections.main.okta]",
        "[connections.main.assets]",
        "[server]",
        "{ env = \"NONE\" }",
        "\"\"\"",
        "OKTA_CLIENT_ORGURL=",
        "OKTA_INSIGHT__CONNECTIONS__MAIN__",
        "\n%%\n",
        "off",
        "15m",
        "0 3 * * *",
        "https://example.okta.com",
        "[::1]:0",
        " = ",
    ];
    fuzz("config", &words, |input| {
        let text = String::from_utf8_lossy(input);
        // No file is read.
        if text.contains("file") || text.contains("tls_") {
            return String::new();
        }
        let (toml, environment) = text.split_once("%%\n").unwrap_or((&text, ""));
        let variables = environment.lines().filter_map(|line| line.split_once('='));
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        // Outside of a secret's field, the text may be quoted.
        let quoted = environment.contains(SECRET)
            || match toml::from_str::<toml::Table>(toml).map(Toml::Table) {
                Ok(table) => misplaced(&table),
                // The key itself is the secret.
                Err(error) => error.message().contains(SECRET),
            };
        match Config::from_toml(toml, "c.toml", Path::new("/nonexistent"), variables) {
            Ok(config) => {
                assert!(quoted || !format!("{config:?}").contains(SECRET), "a secret is shown: {config:?}");
                let checked = config.connections.values().map(check_clients);
                let told: Vec<String> =
                    checked.filter_map(|checked| Some(error_chain(&checked.err()?))).collect();
                format!("{} {} {told:?}", config.metrics_listen.is_some(), config.console.is_some())
            }
            Err(error) => {
                let told = error_chain(&error);
                assert!(
                    told.chars().count() <= LONGEST + 2 * text.chars().count(),
                    "a long text is shown: {told}"
                );
                assert!(quoted || !told.contains(SECRET), "a secret is shown: {told}");
                told
            }
        }
    });
}

#[test]
fn vault_opens_nothing_else() {
    let key = MasterKey::parse(&MasterKey::generate().unwrap()).unwrap();
    fuzz("vault", &["="], |input| {
        assert!(key.open("main/okta.private_key", input).is_err(), "noise is opened");
        let text = String::from_utf8_lossy(input).into_owned();
        let parsed = MasterKey::parse(&text.as_str().into());
        if let Ok(key) = &parsed {
            let sealed = key.seal("here", &text.as_str().into()).unwrap();
            assert_eq!(key.open("here", &sealed).unwrap().expose_secret(), text);
            assert!(key.open("there", &sealed).is_err());
            assert!(!format!("{key:?}").contains(text.trim()));
        }
        format!("{:?}", parsed.err())
    });
}
