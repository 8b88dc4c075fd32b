//! Arguments of several commands: the format of results, the configuration, and the connections.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use reqwest::Url;
use sync_config::{Config, ConfigError};

use super::values::Server;

/// The format of results.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// Text and tables
    Text,
    /// One JSON document
    Json,
}

/// The configuration file that is read unless another one is named.
const CONFIG: &str = "okta-insight.toml";

/// The configuration.
#[derive(Debug, Args)]
pub(crate) struct ConfigFile {
    /// The path of the file.
    #[arg(
        long,
        short,
        value_name = "FILE",
        env = "OKTA_INSIGHT_CONFIG",
        hide_env_values = true,
        help = "Configuration file. Optional if all connections were created in the console [default: okta-insight.toml]"
    )]
    config: Option<PathBuf>,
}

impl ConfigFile {
    /// The path, whether the file exists or not.
    pub(crate) fn path(&self) -> &Path {
        self.config.as_deref().unwrap_or(Path::new(CONFIG))
    }

    /// Reads the file and the environment. The default file is optional where a daemon has created its store, or the
    /// environment holds a connection.
    pub(crate) fn load(&self) -> Result<Config, ConfigError> {
        if self.config.is_some() {
            return Config::load(self.path());
        }
        let config = Config::load_if_there(self.path())?;
        if config.store.exists() || !config.connections.is_empty() {
            return Ok(config);
        }
        // Reports that it is missing, where it is.
        Config::load(self.path())
    }
}

/// The configuration and the connections in it.
#[derive(Debug, Args)]
pub(crate) struct Local {
    #[command(flatten)]
    pub(crate) file: ConfigFile,
    /// Connection to use [default: all connections]
    #[arg(long, value_name = "NAME", help = "Connection to use [default: all connections]")]
    pub(crate) connection: Option<String>,
}

/// The connections, on this host or of a remote daemon.
#[derive(Debug, Args)]
pub(crate) struct Common {
    #[command(flatten)]
    pub(crate) local: Local,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

/// A remote daemon.
#[derive(Debug, Args)]
pub(crate) struct Remote {
    /// The URL of its console.
    #[arg(
        long,
        value_name = "URL",
        env = "OKTA_INSIGHT_SERVER",
        help = "URL of a remote daemon's console (`https://HOST[:PORT]`)"
    )]
    server: Option<Server>,
    /// File with an access token of the remote daemon. The environment variable OKTA_INSIGHT_TOKEN can hold the token instead
    #[arg(long, value_name = "FILE", requires = "server")]
    pub(crate) token_file: Option<PathBuf>,
}

impl Remote {
    /// The URL; `None` when the command works on this host.
    pub(crate) fn server(&self) -> Option<&Url> {
        self.server.as_ref()?.0.as_ref()
    }
}
