//! The error that prevents or ends the daemon.

use sync_config::ConfigError;
use sync_console::ConsoleError;
use sync_daemon::{ListenError, ServiceError};

#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Service(#[from] ServiceError),
    #[error(transparent)]
    Console(#[from] ConsoleError),
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::Service(error.into())
    }
}

impl From<ListenError> for Failure {
    fn from(error: ListenError) -> Self {
        Self::Service(error.into())
    }
}

impl Failure {
    /// The operator's next step.
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::Service(ServiceError::Config(ConfigError::Read { source, .. }))
                if source.kind() == std::io::ErrorKind::NotFound =>
            {
                Some("create a configuration file with `okta-insight init`, or set `--config`".to_owned())
            }
            Self::Service(error) => error.remedy().as_ref().map(plain_text::remedy),
            Self::Console(error) => error.remedy().as_ref().map(plain_text::remedy),
        }
    }

    /// True if the settings are wrong.
    pub(crate) const fn is_usage(&self) -> bool {
        match self {
            Self::Service(error) => error.is_usage(),
            Self::Console(error) => error.is_usage(),
        }
    }
}
