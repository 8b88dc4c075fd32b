//! The settings of a client.

use std::sync::Arc;

use secrecy::SecretString;

use super::{ImportClient, Inner};
use crate::error::ConfigError;
use crate::http::{Credential, HttpSettings, authorization, check_kind, http_settings};

/// Settings of a client.
#[derive(Debug)]
#[must_use = "nothing happens before `build`"]
pub struct ImportClientBuilder {
    token: SecretString,
    http: HttpSettings,
}

impl ImportClientBuilder {
    pub(super) fn new(token: SecretString) -> Self {
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
