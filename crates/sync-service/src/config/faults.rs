//! All faults of a configuration, collected so that one check lists them at once.

use std::collections::BTreeMap;

use super::ConfigError;

/// Faults by key. The first fault of a key, or of a table above it, stands for those that follow from it.
#[derive(Debug, Default)]
pub(super) struct Faults(BTreeMap<String, ConfigError>);

impl Faults {
    /// Adds an error, or each of several.
    pub(super) fn push(&mut self, error: ConfigError) {
        match error {
            ConfigError::Several(errors) => errors.into_iter().for_each(|error| self.push(error)),
            error => {
                let key = error.key().unwrap_or_default().to_owned();
                if !self.has(&key) {
                    self.0.insert(key, error);
                }
            }
        }
    }

    /// The value, or its default if it has a fault. The default is a placeholder for the checks that follow.
    pub(super) fn or_default<T: Default>(&mut self, result: Result<T, ConfigError>) -> T {
        result.unwrap_or_else(|error| {
            self.push(error);
            T::default()
        })
    }

    /// The value, or this placeholder if it has a fault.
    pub(super) fn or<T>(&mut self, placeholder: T, result: Result<T, ConfigError>) -> T {
        result.unwrap_or_else(|error| {
            self.push(error);
            placeholder
        })
    }

    /// The faults as one error, ordered by key.
    ///
    /// # Errors
    /// If there is a fault.
    pub(super) fn finish(self, locate: impl Fn(ConfigError) -> ConfigError) -> Result<(), ConfigError> {
        let mut errors: Vec<ConfigError> = self.0.into_values().map(locate).collect();
        match errors.len() {
            0 => Ok(()),
            1 => Err(errors.remove(0)),
            _ => Err(ConfigError::Several(errors)),
        }
    }

    fn has(&self, key: &str) -> bool {
        let above = key.match_indices('.').filter_map(|(end, _)| key.get(..end));
        above.chain([key]).any(|key| self.0.contains_key(key))
    }
}
