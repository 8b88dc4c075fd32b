//! The source of a secret.

use std::path::{Path, PathBuf};

use okta_client::trimmed;
use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::small_file::read_small_text;

/// A secret in the file itself, in the environment, or in a separate file.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged, expecting = "must be a string, { env = \"NAME\" }, or { file = \"PATH\" }")]
pub(super) enum SecretSource {
    Literal(#[schemars(with = "String")] SecretString),
    Env(FromEnv),
    File(FromFile),
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FromEnv {
    env: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FromFile {
    file: PathBuf,
}

impl SecretSource {
    /// The secret, [trimmed](okta_client::trimmed), from any source. The error describes the source, and contains no
    /// part of the secret.
    pub(super) fn read(self, folder: &Path) -> Result<SecretString, String> {
        let secret = match self {
            Self::Literal(secret) => secret,
            Self::Env(FromEnv { env }) => std::env::var(&env)
                .map(SecretString::from)
                .map_err(|_| format!("{env} is not set in the environment"))?,
            Self::File(FromFile { file }) => {
                let path = folder.join(file);
                let text = read_small_text(&path);
                text.map(SecretString::from).map_err(|e| format!("could not read {}: {e}", path.display()))?
            }
        };
        match trimmed(secret.expose_secret()) {
            "" => Err("is empty".into()),
            text => Ok(text.into()),
        }
    }
}
