//! Configuration errors and their places in the file.

use std::collections::BTreeSet;
use std::path::PathBuf;

use sync_engine::Remedy;
use sync_model::ConnectionName;
use toml::Table;

use super::{describe, overrides};

/// A configuration error. The message names the key, the requirement, and the value.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file can't be read.
    #[error("could not read the configuration {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The reason.
        #[source]
        source: std::io::Error,
    },
    /// The file isn't TOML.
    #[error("{place}: {problem}")]
    Parse {
        /// The file, the line, and the key.
        place: String,
        /// The problem.
        problem: String,
    },
    /// A required key is missing.
    #[error("{key} is missing; set it in the configuration file, or as {variable} in the environment")]
    Missing {
        /// The key.
        key: String,
        /// The environment variable that sets it.
        variable: String,
    },
    /// A value is invalid.
    #[error("{key}: {problem}")]
    Value {
        /// The key.
        key: String,
        /// The requirement and the value.
        problem: String,
    },
    /// An invalid value with a known position.
    #[error("{place}: {source}")]
    At {
        /// The file and the line, or the environment variable.
        place: String,
        /// The line; `None` in the environment.
        line: Option<usize>,
        /// The problem.
        source: Box<ConfigError>,
    },
    /// Several faults.
    #[error("{} settings are invalid\n  {}", .0.len(), .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n  "))]
    Several(Vec<ConfigError>),
    /// No connection is configured, and none can be added in the console.
    #[error("no connection is configured")]
    NoConnection,
    /// The connection doesn't exist.
    #[error("no connection \"{name}\"; configured: {}{}", known.join(", "), nearest.as_ref().map(|near| format!("; did you mean {near}?")).unwrap_or_default())]
    UnknownConnection {
        /// The given name.
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

impl ConfigError {
    /// The faults, one for each key.
    pub fn faults(&self) -> Vec<&Self> {
        match self {
            Self::Several(faults) => faults.iter().flat_map(Self::faults).collect(),
            fault => vec![fault],
        }
    }

    /// The key with the fault, such as `connections.main.okta.org_url`.
    pub fn key(&self) -> Option<&str> {
        match self {
            Self::Missing { key, .. } | Self::Value { key, .. } => Some(key),
            Self::At { source, .. } => source.key(),
            _ => None,
        }
    }

    /// The action that resolves it.
    pub fn remedy(&self) -> Option<Remedy> {
        match self {
            Self::Read { source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
                Some(Remedy::CreateConfiguration)
            }
            Self::NoConnection => Some(Remedy::CreateConnection),
            _ => None,
        }
    }

    /// The same error with the place of its key: the line in the file, or the environment variable.
    pub(super) fn located(
        self,
        file: &Table,
        text: &str,
        place: &str,
        environment: &[(String, String)],
    ) -> Self {
        let Self::Value { key, .. } = &self else { return self };
        if let Some(variable) = overrides::setter(file, environment, key) {
            let place = format!("{variable} in the environment");
            return Self::At { place, line: None, source: Box::new(self) };
        }
        match line_of(text, key) {
            Some(line) => {
                Self::At { place: format!("{place}, line {line}"), line: Some(line), source: Box::new(self) }
            }
            None => self,
        }
    }

    /// The line in the file, if it is known.
    pub(super) const fn line(&self) -> Option<usize> {
        match self {
            Self::At { line, .. } => *line,
            _ => None,
        }
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
