//! Earlier saves: exports, and connections in the store.

use std::fs;
use std::path::Path;

use fuzz::fuzz;
use jiff::Timestamp;
use serde_json::{Map, Value};
use sync_store::{EncryptedSecret, SavedConnection};

use crate::connections::recall_one;
use crate::export::{ExportError, Saved};
use crate::{Config, MasterKey, Unavailable, error_chain};

/// The pages that are read of a listing; inputs have fewer.
const PAGES: u64 = 12;
/// The maximum length of a message from a file.
const LONGEST: usize = 1200;
/// A text outside of the folder, which nothing may read.
const OUTSIDE: &str = "0utside";

/// Writes the files of an input, as far as their names are those of an export.
fn write(folder: &Path, files: &Map<String, Value>) {
    let plain = |part: &str| {
        !part.starts_with('.') && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '-')
    };
    for part in ["schemas", "groups", "members", "users"] {
        fs::create_dir(folder.join(part)).unwrap();
    }
    for (name, content) in files {
        let parts: Vec<&str> = name.split('/').collect();
        if parts.len() > 2 || !parts.iter().all(|part| plain(part)) || name.len() > 100 {
            continue;
        }
        let text = content.as_str().map_or_else(|| content.to_string(), str::to_owned);
        // A file in an unknown folder isn't written.
        let _ = fs::write(folder.join(name), text);
    }
}

/// Everything that a plan reads of an export.
async fn read(folder: &Path) -> Result<String, ExportError> {
    let saved = Saved::open(folder).await?;
    let schemas = saved.schemas().await;
    let mut outcome = match &schemas {
        Ok(schemas) => format!("{} types ", schemas.user_types.len()),
        Err(error) => format!("{} ", error_chain(error)),
    };
    assert!(!format!("{schemas:?}").contains(OUTSIDE), "a file outside of the folder is read");
    let (mut groups, mut users) = (Vec::new(), 0);
    for number in 1..PAGES {
        let Some(page) = saved.groups(number).await? else { break };
        groups.extend(page);
    }
    let counted = saved.check_groups(groups.len() as u64);
    outcome += &format!("{} groups {} ", groups.len(), counted.is_ok());
    for group in &groups {
        match saved.members(&group.id).await {
            Ok(members) => {
                assert!(!members.iter().any(|id| id == OUTSIDE), "a file outside of the folder is read");
                outcome += &format!("{} members ", members.len());
            }
            Err(error) => {
                is_useful(&error, folder);
                outcome += &format!("{error:.40} ");
            }
        }
    }
    for number in 1..PAGES {
        let Some(page) = saved.users(number).await? else { break };
        users += page.len() as u64;
    }
    saved.check_users(users)?;
    Ok(outcome + &users.to_string())
}

/// An error names the file or the ID, and the fix.
fn is_useful(error: &ExportError, folder: &Path) {
    let told = error_chain(error);
    let names = told.contains(&folder.display().to_string())
        || matches!(error, ExportError::Id(_) | ExportError::Incomplete { .. });
    assert!(names, "no file is named: {told}");
    assert!(error.remedy().is_some() || matches!(error, ExportError::File { .. }), "{told}");
    assert!(told.chars().count() < LONGEST + folder.as_os_str().len(), "a long text is shown: {told}");
}

#[test]
fn export_is_read_or_named() {
    let words = [
        "manifest.json",
        "user-types.json",
        "schemas/group.json",
        "groups/00001.json",
        "users/00002.json",
        "members/",
        "../../outside",
        "version",
        "_links",
        "BUILT_IN",
    ];
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    fuzz("export", &words, |input| {
        let Ok(Value::Object(files)) = serde_json::from_slice(input) else { return String::new() };
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("export");
        fs::create_dir(&folder).unwrap();
        let outside = format!("[{{\"id\":\"{OUTSIDE}\"}}]");
        fs::write(place.path().join("outside.json"), outside).unwrap();
        write(&folder, &files);
        match runtime.block_on(read(&folder)) {
            Ok(outcome) => outcome,
            Err(error) => {
                is_useful(&error, &folder);
                // The name of the folder is another each time.
                error_chain(&error).replace(&place.path().display().to_string(), "")
            }
        }
    });
}

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
                let told =
                    error_chain(&Unavailable::from(error).error(&"main".to_owned().try_into().unwrap()));
                assert!(told.contains("`main`"), "the connection is not named: {told}");
                assert!(quoted || !told.contains(SECRET), "a secret is shown: {told}");
                assert!(told.chars().count() < LONGEST + 2 * input.len(), "a long text is shown: {told}");
                told
            }
        }
    });
}
