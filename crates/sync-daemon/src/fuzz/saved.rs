//! Connections in the store.

use std::path::Path;

use crate::error::ServiceError;
use fuzz::fuzz;
use jiff::Timestamp;
use serde_json::Value;
use sync_config::{Config, MasterKey};
use sync_engine::error_chain;
use sync_store::{EncryptedSecret, SavedConnection};

use crate::connections::recall_one;

/// The maximum length of a message from a file.
const LONGEST: usize = 1200;

#[test]
fn saved_connection_is_read_or_named() {
    const SECRET: &str = "S3cretValueOfASetting";
    const KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let words =
        ["settings", "secrets", "okta", "org_url", "assets", "private_key", "schedule", "safeguards", "null"];
    let toml = format!("[console]\nmaster_key = \"{KEY}\"\n");
    let config = Config::from_toml(&toml, "c.toml", Path::new("/nonexistent"), []).unwrap();
    let key = MasterKey::parse(&KEY.to_owned().into()).unwrap();
    fuzz("saved_connection", &words, |input| {
        let Ok(Value::Object(row)) = serde_json::from_slice(input) else { return String::new() };
        // Outside of a secret's field, the text may be quoted.
        let quoted = row.iter().any(|(name, value)| name != "secrets" && value.to_string().contains(SECRET));
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let secrets = row.get("secrets").and_then(Value::as_object).cloned().unwrap_or_default();
        let secrets = secrets.iter().map(|(field, value)| {
            let sealed = match value.as_str() {
                // A secret that is sealed for its place opens; any other bytes do not.
                Some(secret) => key.seal(&format!("main/{field}"), &secret.to_owned().into()).unwrap(),
                None => value.to_string().into_bytes(),
            };
            (field.clone(), EncryptedSecret { key_id: key.id().to_owned(), sealed })
        });
        let saved = SavedConnection {
            name: "main".to_owned().try_into().unwrap(),
            settings: row.get("settings").map(text).unwrap_or_default(),
            secrets: secrets.collect(),
            saved: Timestamp::UNIX_EPOCH,
        };
        match recall_one(&config, saved).settings {
            Ok(settings) => format!("{}", settings.event_hook.is_some()),
            Err(error) => {
                let told = error_chain(&ServiceError::unavailable(
                    &"main".to_owned().try_into().unwrap(),
                    &error.into(),
                ));
                assert!(told.contains("`main`"), "the connection is not named: {told}");
                assert!(quoted || !told.contains(SECRET), "a secret is shown: {told}");
                assert!(told.chars().count() < LONGEST + 2 * input.len(), "a long text is shown: {told}");
                told
            }
        }
    });
}
