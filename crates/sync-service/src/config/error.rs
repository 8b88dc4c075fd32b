//! Settings that cannot work, and where in the file they stand.

use std::collections::BTreeSet;
use std::path::PathBuf;

use sync_model::ConnectionName;

use super::{describe, overrides, suggest};

/// Settings that cannot work. Each says where, and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("could not read the configuration {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The reason.
        #[source]
        source: std::io::Error,
    },
    /// The file is not what it should be; the message names line and key.
    #[error("{place}: {problem}")]
    Parse {
        /// The file, or what was merged into it.
        place: String,
        /// The place and the problem.
        problem: String,
    },
    /// A key that is needed is missing.
    #[error("{key} is missing; set it in the configuration file, or as {variable} in the environment")]
    Missing {
        /// The key.
        key: String,
        /// The variable that would set it.
        variable: String,
    },
    /// A value cannot be used.
    #[error("{key}: {problem}")]
    Value {
        /// The key.
        key: String,
        /// The problem, and what to do.
        problem: String,
    },
    /// A value cannot be used, and its line is known.
    #[error("{place}: {source}")]
    At {
        /// The file and the line.
        place: String,
        /// The problem.
        source: Box<ConfigError>,
    },
    /// There is no such connection.
    #[error("there is no connection \"{name}\"; there is {}{}", known.join(", "), nearest.as_ref().map(|near| format!("; did you mean {near}?")).unwrap_or_default())]
    UnknownConnection {
        /// The name that was given.
        name: String,
        /// The names that exist.
        known: Vec<String>,
        /// The nearest existing name.
        nearest: Option<String>,
    },
}

pub(super) fn missing(path: &[&str]) -> ConfigError {
    ConfigError::Missing { key: path.join("."), variable: overrides::variable(path) }
}

/// The place of an error: the file, the line, the column, and the key.
pub(super) fn at(place: &str, text: &str, error: &toml::de::Error) -> String {
    let Some(before) = error.span().and_then(|span| text.get(..span.start)) else { return place.to_owned() };
    let column = before.chars().rev().take_while(|&c| c != '\n').count() + 1;
    let line = before.matches('\n').count();
    let key = key_at(text, line).map(|key| format!(", {key}")).unwrap_or_default();
    format!("{place}, line {}, column {column}{key}", line + 1)
}

/// The key that a line sets. A line that is no such thing may be part of a secret: only names that exist are told.
fn key_at(text: &str, line: usize) -> Option<String> {
    let (name, _) = text.lines().nth(line)?.split_once('=')?;
    let name = name.trim();
    let names = describe::names();
    if !names.contains(name) {
        return None;
    }
    let above: Vec<&str> = text.lines().take(line).collect();
    let header = above.into_iter().rev().find_map(|line| line.trim().strip_prefix('['));
    let table = header.and_then(|header| header.split_once(']')).map(|(table, _)| table.trim());
    let table = table.filter(|table| exists(table, &names));
    Some(table.map_or_else(|| name.to_owned(), |table| format!("{table}.{name}")))
}

/// True if there is a table of that name, with any name of a connection in it.
fn exists(table: &str, names: &BTreeSet<String>) -> bool {
    let mut above = "";
    table.split('.').map(str::trim).all(|part| {
        let in_connections = std::mem::replace(&mut above, part) == "connections";
        names.contains(part) || in_connections && ConnectionName::try_from(part.to_owned()).is_ok()
    })
}

/// The problem, without the value in the file, which may be a secret.
pub(super) fn problem(error: &toml::de::Error) -> String {
    let Some((_, rest)) = error.message().split_once("invalid type: string ") else {
        let message = plain(&error.message().trim().replace('\n', "; "));
        let suggestion = suggest::suggestion(&message).unwrap_or_default();
        return message + &suggestion;
    };
    let expected = rest.rsplit_once(", expected ").map_or("something else", |(_, expected)| expected);
    format!("a text stands where {} is expected", kind(expected))
}

/// The message without the names of Rust's types.
fn plain(message: &str) -> String {
    let message = message.replace("` as i128", "`").replace("` as u128", "`");
    match message.rsplit_once(", expected ") {
        Some((given, expected)) => format!("{given}, expected {}", kind(expected)),
        None => message,
    }
}

/// A type in plain words.
fn kind(expected: &str) -> &str {
    match expected {
        "f32" | "f64" => "a number",
        "u8" | "u16" | "u32" | "u64" | "u128" | "usize" => "a whole number from 0",
        "i8" | "i16" | "i32" | "i64" | "i128" | "isize" => "a whole number",
        "path string" => "a path",
        table if table.starts_with("struct ") => "a table",
        other => other,
    }
}

impl ConfigError {
    /// The same with the line of the key that it is about, where the file has that.
    pub(super) fn at_its_line(self, text: &str, place: &str) -> Self {
        let Self::Value { key, .. } = &self else { return self };
        match line_of(text, key) {
            Some(line) => Self::At { place: format!("{place}, line {line}"), source: Box::new(self) },
            None => self,
        }
    }
}

pub(super) fn value_at<'t>(table: &'t toml::Table, key: &str) -> Option<&'t toml::Value> {
    let (first, rest) = key.split_once('.').unwrap_or((key, ""));
    rest.split('.').filter(|part| !part.is_empty()).try_fold(table.get(first)?, |value, part| value.get(part))
}

/// The line of a key, or of the last part of it that the file has; `None` when it has nothing of it but tables above.
fn line_of(text: &str, key: &str) -> Option<usize> {
    let document = text.parse::<toml_edit::Document<String>>().ok()?;
    let mut item = document.as_item();
    let mut span = None;
    for part in key.split('.') {
        let Some(next) = item.get(part) else { break };
        item = next;
        // Tables in the middle of a path have no place of their own.
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
