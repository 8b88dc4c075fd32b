//! Configuration errors and their places in the file.

use std::path::PathBuf;

use sync_engine::Remedy;

use crate::overrides;

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

    /// The line in the file, if it is known.
    pub(super) const fn line(&self) -> Option<usize> {
        match self {
            Self::At { line, .. } => *line,
            _ => None,
        }
    }
}
