//! Exports.

use std::fs;
use std::path::Path;

use fuzz::fuzz;
use serde_json::{Map, Value};
use sync_engine::error_chain;

use crate::export::{ExportError, Saved};

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
