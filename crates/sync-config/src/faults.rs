//! All faults of a configuration, collected so that one check lists them at once.

use crate::error::ConfigError;

/// Faults in the order of the checks. The first fault of a key, or of a table above it, stands for those that follow from
/// it.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<ConfigError>);

impl Faults {
    /// Adds an error, or each of several.
    pub(super) fn push(&mut self, error: ConfigError) {
        match error {
            ConfigError::Several(errors) => errors.into_iter().for_each(|error| self.push(error)),
            error if error.key().is_some_and(|key| self.has(key)) => {}
            error => self.0.push(error),
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

    /// Returns the faults as one error.
    ///
    /// # Errors
    /// If there is a fault.
    pub(super) fn finish(self, locate: impl Fn(ConfigError) -> ConfigError) -> Result<(), ConfigError> {
        let mut errors: Vec<ConfigError> = self.0.into_iter().map(locate).collect();
        // Faults without a line follow in the order of the checks.
        errors.sort_by_key(|error| error.line().unwrap_or(usize::MAX));
        match errors.len() {
            0 => Ok(()),
            1 => Err(errors.remove(0)),
            _ => Err(ConfigError::Several(errors)),
        }
    }

    /// True if the key, or a table above it, has a fault.
    fn has(&self, key: &str) -> bool {
        let covers = |fault: &str| {
            key.strip_prefix(fault).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        self.0.iter().filter_map(ConfigError::key).any(covers)
    }
}
