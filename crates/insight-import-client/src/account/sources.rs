//! Import sources and their settings, and how full the site is.

use http::Method;
use secrecy::SecretString;
use serde::Deserialize;

use super::client::AssetsClient;
use super::import_source::ImportSource;
use super::model::Usage;
use crate::error::Result;
use crate::http::Repeat;

impl AssetsClient {
    /// An import source. Scope `import:import-configuration:cmdb`.
    ///
    /// # Errors
    /// As any call.
    pub async fn import_source(&self, id: &str) -> Result<ImportSource> {
        self.get("the import source", &["importsource", id]).await
    }

    /// The import sources of an object schema. Not documented by Atlassian.
    ///
    /// # Errors
    /// As any call.
    pub async fn import_sources(&self, schema_id: &str) -> Result<Vec<ImportSource>> {
        self.get("the import sources", &["importsource", "objectschema", schema_id]).await
    }

    /// Generates a new import token, which revokes the previous one immediately. Scope `import:import-configuration:cmdb`.
    ///
    /// # Errors
    /// As any call. If the response is lost, the request isn't repeated, and the new token is unknown.
    pub async fn generate_import_token(&self, source_id: &str) -> Result<SecretString> {
        #[derive(Deserialize)]
        struct Generated {
            token: SecretString,
        }
        let url = self.url(&["importsource", source_id, "token"]).await?;
        let generated: Generated =
            self.send("a new import token", Method::POST, &url, None, Repeat::Unsafe).await?;
        Ok(generated.token)
    }

    /// The number of the site's objects.
    ///
    /// # Errors
    /// As any call.
    pub async fn usage(&self) -> Result<Usage> {
        self.get("the use of the site", &["usage"]).await
    }
}
