//! The places of errors in the configuration: the file and the line, or the environment variable.

use std::collections::BTreeSet;

use sync_model::ConnectionName;
use toml::Table;

use crate::error::ConfigError;
use crate::{keys, overrides};

/// The place of a syntax error: the file, the line, the column, and the key.
pub(super) fn at(place: &str, text: &str, error: &toml::de::Error) -> String {
    let Some(before) = error.span().and_then(|span| text.get(..span.start)) else { return place.to_owned() };
    let column = before.chars().rev().take_while(|&c| c != '\n').count() + 1;
    let line = before.matches('\n').count();
    let key = key_at(text, line).map(|key| format!(", {key}")).unwrap_or_default();
    format!("{place}, line {}, column {column}{key}", line + 1)
}

/// The key that a line sets. Other lines may be part of a secret, so only existing names are shown.
fn key_at(text: &str, line: usize) -> Option<String> {
    let (name, _) = text.lines().nth(line)?.split_once('=')?;
    let name = name.trim();
    let names = keys::names();
    if !names.contains(name) {
        return None;
    }
    let above: Vec<&str> = text.lines().take(line).collect();
    let header = above.into_iter().rev().find_map(|line| line.trim().strip_prefix('['));
    let table = header.and_then(|header| header.split_once(']')).map(|(table, _)| table.trim());
    let table = table.filter(|table| exists(table, &names));
    Some(table.map_or_else(|| name.to_owned(), |table| format!("{table}.{name}")))
}

/// True if this table exists, with any name of a connection.
fn exists(table: &str, names: &BTreeSet<String>) -> bool {
    let mut above = "";
    table.split('.').map(str::trim).all(|part| {
        let in_connections = std::mem::replace(&mut above, part) == "connections";
        names.contains(part) || in_connections && ConnectionName::try_from(part.to_owned()).is_ok()
    })
}

/// A syntax error in one line.
pub(super) fn syntax(error: &toml::de::Error) -> String {
    error.message().trim().replace('\n', "; ")
}

/// The same error with the place of its key: the line in the file, or the environment variable.
pub(super) fn located(
    error: ConfigError,
    file: &Table,
    text: &str,
    place: &str,
    environment: &[(String, String)],
) -> ConfigError {
    let ConfigError::Value { key, .. } = &error else { return error };
    if let Some(variable) = overrides::setter(file, environment, key) {
        let place = format!("{variable} in the environment");
        return ConfigError::At { place, line: None, source: Box::new(error) };
    }
    match line_of(text, key) {
        Some(line) => ConfigError::At {
            place: format!("{place}, line {line}"),
            line: Some(line),
            source: Box::new(error),
        },
        None => error,
    }
}

/// The line of a key, or of the last part of it in the file; `None` if the file has only tables above it.
fn line_of(text: &str, key: &str) -> Option<usize> {
    let document = text.parse::<toml_edit::Document<String>>().ok()?;
    let mut item = document.as_item();
    let mut span = None;
    for part in key.split('.') {
        let Some(next) = item.get(part) else { break };
        item = next;
        // Tables in the middle of a path have no position.
        span = item.span();
    }
    let before = text.get(..span?.start)?;
    Some(before.matches('\n').count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tables_that_exist_are_named() {
        let at = |table: &str| key_at(&format!("[{table}]\norg_url = 5x"), 1).unwrap();
        assert_eq!(at("connections.main.okta"), "connections.main.okta.org_url");
        for table in ["S3cret", "connections.S3cret.okta", "connections.main.s3cret"] {
            assert_eq!(at(table), "org_url", "{table}");
        }
        assert_eq!(key_at("s3cret = 5x", 0), None);
    }
}
