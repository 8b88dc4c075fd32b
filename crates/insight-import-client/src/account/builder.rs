//! The settings of a client.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::OnceCell;

use super::client::{AssetsClient, Inner};
use crate::credential::Credential;
use crate::error::ConfigError;
use crate::http::{HttpSettings, authorization, base_url, below, check_kind, http_settings};

#[derive(Debug)]
enum Account {
    /// A person or service with an API token.
    Basic { email: String, api_token: SecretString },
    /// OAuth 2.0, for the site with this cloud ID.
    Bearer { cloud_id: String, access_token: SecretString },
}

/// Settings of a client.
#[must_use = "nothing happens before `build`"]
pub struct AssetsClientBuilder {
    site: String,
    account: Option<Account>,
    workspace: Option<String>,
    http: HttpSettings,
}

impl std::fmt::Debug for AssetsClientBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Without the site's URL, which isn't checked yet and may contain a password.
        f.debug_struct("AssetsClientBuilder").field("http", &self.http).finish_non_exhaustive()
    }
}

impl AssetsClient {
    /// A client of a site such as `https://example.atlassian.net`.
    pub fn builder(site_url: impl Into<String>) -> AssetsClientBuilder {
        AssetsClientBuilder::new(site_url.into())
    }
}

impl AssetsClientBuilder {
    fn new(site: String) -> Self {
        Self { site, account: None, workspace: None, http: HttpSettings::default() }
    }

    /// Signs in with the email address of an account and an API token of it.
    pub fn api_token(mut self, email: impl Into<String>, api_token: SecretString) -> Self {
        self.account = Some(Account::Basic { email: email.into(), api_token });
        self
    }

    /// Signs in with an OAuth 2.0 access token for the site with this cloud ID.
    pub fn oauth(mut self, cloud_id: impl Into<String>, access_token: SecretString) -> Self {
        self.account = Some(Account::Bearer { cloud_id: cloud_id.into(), access_token });
        self
    }

    /// Sets the workspace ID, which saves one request.
    pub fn workspace_id(mut self, id: impl Into<String>) -> Self {
        self.workspace = Some(id.into());
        self
    }

    http_settings!();

    /// Creates the client. Sends no request.
    ///
    /// # Errors
    /// If a URL, the credential, or the certificate is invalid.
    pub fn build(self) -> Result<AssetsClient, ConfigError> {
        let mut site = base_url(&self.site)?;
        let (header, gateway) = match self.account.ok_or(ConfigError::NoAccount)? {
            Account::Basic { email, api_token } => {
                let email = email.trim();
                if !email.contains('@') || email.contains([':', ' ']) {
                    return Err(ConfigError::Email(email.to_owned()));
                }
                if api_token.expose_secret().trim().is_empty() {
                    return Err(ConfigError::Token);
                }
                check_kind(Credential::Account, &api_token)?;
                let pair = format!("{email}:{}", api_token.expose_secret().trim());
                (authorization("Basic", &STANDARD.encode(pair).into())?, Vec::new())
            }
            Account::Bearer { cloud_id, access_token } => {
                // With OAuth everything goes through the gateway, the site's own paths included.
                site = below(&base_url(&self.http.api)?, &["ex", "jira", &cloud_id]);
                (authorization("Bearer", &access_token)?, vec!["ex".into(), "jira".into(), cloud_id])
            }
        };
        let transport = self.http.build(Credential::Account, header)?;
        transport.outbound.check(&site)?;
        let workspace = self.workspace.map_or_else(OnceCell::new, |id| OnceCell::new_with(Some(id)));
        Ok(AssetsClient { inner: Arc::new(Inner { transport, site, gateway, workspace }) })
    }
}
