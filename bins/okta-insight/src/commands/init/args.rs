//! The flags of `init`, one for each prompt.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use sync_config::EventSource;

/// The variable of the import token, without a file.
pub(super) const IMPORT_TOKEN: &str = "OKTA_INSIGHT_IMPORT_TOKEN";
/// The variable of the API token, without a file.
pub(super) const API_TOKEN: &str = "OKTA_INSIGHT_API_TOKEN";

#[derive(Debug, Args)]
// Each is a flag.
#[allow(clippy::struct_excessive_bools)]
#[command(
    after_help = "Without a terminal, all required flags must be set. Secrets are read from a file, from standard input (-), \
                  or from OKTA_INSIGHT_IMPORT_TOKEN and OKTA_INSIGHT_API_TOKEN."
)]
pub(crate) struct Init {
    /// Configuration file. The connection is added to an existing file
    #[arg(long, short, value_name = "FILE", env = "OKTA_INSIGHT_CONFIG")]
    pub(super) config: Option<PathBuf>,
    /// Name of the connection
    #[arg(long, value_name = "NAME")]
    pub(super) connection: Option<String>,
    #[arg(long, value_name = "URL", help = "URL of the org, such as https://example.okta.com")]
    pub(super) org_url: Option<String>,
    /// Source of events
    #[arg(long, value_enum)]
    pub(super) event_source: Option<Source>,
    /// Public URL of the daemon's event hook receiver
    #[arg(long, value_name = "URL")]
    pub(super) public_url: Option<String>,
    /// File of the app's private key (JWK or PEM)
    #[arg(long, value_name = "FILE", conflicts_with = "generate_key")]
    pub(super) private_key_file: Option<PathBuf>,
    /// ID of the key in the app, for a PEM file or a JWK without an ID. Optional if the app has one key
    #[arg(long, value_name = "ID", conflicts_with = "generate_key")]
    pub(super) key_id: Option<String>,
    /// Generate a key pair
    #[arg(long)]
    pub(super) generate_key: bool,
    /// Client ID of the app
    #[arg(long, value_name = "ID")]
    pub(super) client_id: Option<String>,
    /// File of the import token, or - for standard input
    #[arg(long, value_name = "FILE")]
    pub(super) import_token_file: Option<PathBuf>,
    #[arg(
        long,
        value_name = "URL",
        conflicts_with = "no_atlassian_account",
        help = "URL of the Atlassian site, such as https://example.atlassian.net, for the optional Atlassian account"
    )]
    pub(super) site_url: Option<String>,
    /// Email of the Atlassian account
    #[arg(long, value_name = "ADDRESS", conflicts_with = "no_atlassian_account")]
    pub(super) email: Option<String>,
    /// File of the Atlassian account's API token, or - for standard input
    #[arg(long, value_name = "FILE", conflicts_with = "no_atlassian_account")]
    pub(super) api_token_file: Option<PathBuf>,
    /// Don't use an Atlassian account
    #[arg(long)]
    pub(super) no_atlassian_account: bool,
    /// URL of the Assets API, if it isn't Atlassian's
    #[arg(long, value_name = "URL", hide = true)]
    pub(super) api_url: Option<String>,
    /// Permit addresses in a private network, for all connections of the configuration
    #[arg(long)]
    pub(super) allow_private_addresses: bool,
    /// Send no requests to Okta or Atlassian to check the settings
    #[arg(long)]
    pub(super) skip_checks: bool,
    /// Replace an existing connection or key file
    #[arg(long)]
    pub(super) force: bool,
}

/// A source of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Source {
    /// Event hook without the System Log
    EventHook,
    /// System Log without an event hook
    SystemLog,
    /// Event hook and System Log
    Both,
}

impl From<Source> for EventSource {
    fn from(source: Source) -> Self {
        match source {
            Source::EventHook => Self::EventHook,
            Source::SystemLog => Self::SystemLog,
            Source::Both => Self::Both,
        }
    }
}

impl Init {
    /// True if an account is requested, false if it is declined; `None` without a flag.
    pub(super) fn account(&self) -> Option<bool> {
        let given = self.site_url.is_some() || self.email.is_some() || self.api_token_file.is_some();
        if given { Some(true) } else { self.no_atlassian_account.then_some(false) }
    }

    /// The required flags that are missing, for use without a terminal.
    pub(super) fn missing(&self) -> Vec<&'static str> {
        let in_environment = |name| std::env::var_os(name).is_some();
        let wants_account = self.account() == Some(true);
        [
            (self.org_url.is_none(), "--org-url"),
            (
                self.public_url.is_none() && self.event_source != Some(Source::SystemLog),
                "--public-url or --event-source system-log",
            ),
            (self.private_key_file.is_none() && !self.generate_key, "--private-key-file or --generate-key"),
            (self.client_id.is_none(), "--client-id"),
            (
                self.import_token_file.is_none() && !in_environment(IMPORT_TOKEN),
                "--import-token-file (or OKTA_INSIGHT_IMPORT_TOKEN)",
            ),
            (wants_account && self.site_url.is_none(), "--site-url"),
            (wants_account && self.email.is_none(), "--email"),
            (
                wants_account && self.api_token_file.is_none() && !in_environment(API_TOKEN),
                "--api-token-file (or OKTA_INSIGHT_API_TOKEN)",
            ),
        ]
        .into_iter()
        .filter_map(|(missing, flag)| missing.then_some(flag))
        .collect()
    }
}
