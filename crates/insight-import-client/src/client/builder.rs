//! The settings of a client.

use std::sync::Arc;

use secrecy::SecretString;

use super::source::{ImportClient, Inner};
use crate::credential::Credential;
use crate::error::ConfigError;
use crate::http::{HttpSettings, authorization, check_kind, http_settings};

/// Settings of a client.
#[derive(Debug)]
#[must_use = "nothing happens before `build`"]
pub struct ImportClientBuilder {
    token: SecretString,
    http: HttpSettings,
}

impl ImportClient {
    /// A client of the import source that this token was generated for.
    pub fn builder(import_token: SecretString) -> ImportClientBuilder {
        ImportClientBuilder::new(import_token)
    }
}

impl ImportClientBuilder {
    fn new(token: SecretString) -> Self {
        Self { token, http: HttpSettings::default() }
    }

    http_settings!();

    /// Creates the client. Sends no request.
    ///
    /// # Errors
    /// If the URL, the token, or the certificate is invalid.
    pub fn build(self) -> Result<ImportClient, ConfigError> {
        check_kind(Credential::ImportToken, &self.token)?;
        let authorization = authorization("Bearer", &self.token)?;
        let transport = self.http.build(Credential::ImportToken, authorization)?;
        let inner =
            Inner { transport, links: tokio::sync::Mutex::default(), latest: std::sync::Mutex::default() };
        Ok(ImportClient { inner: Arc::new(inner) })
    }
}
