//! What may be typed: a flag for every answer.

use std::path::PathBuf;

use clap::Args;

/// What the import token is taken from when no file is named.
pub(super) const IMPORT_TOKEN: &str = "OKTA_INSIGHT_IMPORT_TOKEN";
/// The same for the API token.
pub(super) const API_TOKEN: &str = "OKTA_INSIGHT_API_TOKEN";

#[derive(Debug, Args)]
// Each is a flag of its own.
#[allow(clippy::struct_excessive_bools)]
#[command(
    after_help = "Without a terminal nothing is asked: every answer has to be given. Secrets are never arguments: \
                        they come from a file, from standard input (-), or from OKTA_INSIGHT_IMPORT_TOKEN and \
                        OKTA_INSIGHT_API_TOKEN."
)]
pub(crate) struct Init {
    /// The configuration file. An existing one gets the connection added.
    #[arg(long, short, value_name = "FILE", env = "OKTA_INSIGHT_CONFIG")]
    pub(super) config: Option<PathBuf>,
    /// What the connection is called.
    #[arg(long, value_name = "NAME")]
    pub(super) connection: Option<String>,
    #[arg(long, value_name = "URL", help = "The org, such as https://example.okta.com")]
    pub(super) org_url: Option<String>,
    /// Where Okta reaches the daemon, for the event hook.
    #[arg(long, value_name = "URL", conflicts_with = "log_polling")]
    pub(super) public_url: Option<String>,
    /// No event hook: read the System Log alone.
    #[arg(long)]
    pub(super) log_polling: bool,
    /// The app's private key, a JWK or PEM file.
    #[arg(long, value_name = "FILE", conflicts_with = "generate_key")]
    pub(super) key: Option<PathBuf>,
    /// The ID under which the key is registered at the app, for a PEM file or a JWK without one. Not needed while the
    /// app has one key.
    #[arg(long, value_name = "ID", conflicts_with = "generate_key")]
    pub(super) key_id: Option<String>,
    /// Make a new key pair.
    #[arg(long)]
    pub(super) generate_key: bool,
    /// The client ID of the app.
    #[arg(long, value_name = "ID")]
    pub(super) client_id: Option<String>,
    /// A file with the import token, or - for standard input.
    #[arg(long, value_name = "FILE")]
    pub(super) import_token_file: Option<PathBuf>,
    #[arg(
        long,
        value_name = "URL",
        conflicts_with = "no_account",
        help = "The Atlassian site, such as https://example.atlassian.net, for the optional account"
    )]
    pub(super) site_url: Option<String>,
    /// The mail address of the account.
    #[arg(long, value_name = "ADDRESS", conflicts_with = "no_account")]
    pub(super) email: Option<String>,
    /// A file with an API token of the account, or - for standard input.
    #[arg(long, value_name = "FILE", conflicts_with = "no_account")]
    pub(super) api_token_file: Option<PathBuf>,
    /// Do without an account on the Atlassian site.
    #[arg(long)]
    pub(super) no_account: bool,
    /// Where the Assets API answers, when that is not Atlassian's own address.
    #[arg(long, value_name = "URL", hide = true)]
    pub(super) api_url: Option<String>,
    /// Allow addresses in a private network, for this and the configuration's other connections.
    #[arg(long)]
    pub(super) allow_private_addresses: bool,
    /// Ask neither Okta nor Atlassian whether the answers work.
    #[arg(long)]
    pub(super) no_check: bool,
    /// Replace a connection or a key file of that name.
    #[arg(long)]
    pub(super) force: bool,
}

impl Init {
    /// Whether an account is wanted, as far as the flags say.
    pub(super) fn account(&self) -> Option<bool> {
        let given = self.site_url.is_some() || self.email.is_some() || self.api_token_file.is_some();
        if given { Some(true) } else { self.no_account.then_some(false) }
    }

    /// The flags that have to be given where nobody can be asked.
    pub(super) fn missing(&self) -> Vec<&'static str> {
        let in_environment = |name| std::env::var_os(name).is_some();
        let wants_account = self.account() == Some(true);
        [
            (self.org_url.is_none(), "--org-url"),
            (self.public_url.is_none() && !self.log_polling, "--public-url or --log-polling"),
            (self.key.is_none() && !self.generate_key, "--key or --generate-key"),
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
