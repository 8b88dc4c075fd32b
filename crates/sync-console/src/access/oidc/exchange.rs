//! The exchange of the code for tokens, and of the access token for claims that the ID token omits.

use std::collections::HashMap;

use reqwest::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;
use url::{Url, form_urlencoded};

use super::error::shown;
use super::id_token::{Claims, IdTokenError};
use super::{Oidc, OidcError};

/// The tokens of a redeemed code.
#[derive(Deserialize)]
pub(super) struct Tokens {
    pub(super) id_token: SecretString,
    pub(super) access_token: Option<SecretString>,
}

impl Oidc {
    pub(super) async fn redeem(
        &self,
        endpoint: &Url,
        code: &SecretString,
        verifier: &SecretString,
    ) -> Result<Tokens, OidcError> {
        const WHAT: &str = "your tokens";
        let redirect_uri = self.settings.redirect_uri();
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code.expose_secret()),
            ("redirect_uri", &redirect_uri),
            ("code_verifier", verifier.expose_secret()),
        ];
        // Both are form-encoded before they are joined (RFC 6749, 2.3.1).
        let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let secret = encoded(self.settings.client_secret.expose_secret());
        let request = self.http.post(endpoint.clone()).form(&form);
        let request = request.basic_auth(encoded(&self.settings.client_id), Some(secret));
        let answer = self.way().send(request, endpoint, WHAT).await?;
        let status = answer.status();
        if status == StatusCode::OK {
            return self.way().read_json(answer, endpoint, WHAT).await;
        }
        let response: HashMap<String, Value> =
            self.way().read_json(answer, endpoint, WHAT).await.unwrap_or_default();
        let error = response.get("error").and_then(Value::as_str);
        let error = error.map_or_else(|| format!("HTTP {}", status.as_u16()), shown);
        let remedy = match error.as_str() {
            "invalid_client" => "client ID and secret",
            "invalid_grant" => "sign-in redirect URI",
            _ => "settings",
        };
        Err(OidcError::Exchange(error, remedy))
    }

    /// Adds claims that only `/userinfo` returns.
    pub(super) async fn complete(
        &self,
        claims: &mut Claims,
        endpoint: &Url,
        access_token: &SecretString,
    ) -> Result<(), OidcError> {
        const WHAT: &str = "your groups";
        let request = self.http.get(endpoint.clone()).bearer_auth(access_token.expose_secret());
        let answer = self.way().send(request, endpoint, WHAT).await?;
        if answer.status() != StatusCode::OK {
            let problem = format!("HTTP {}", answer.status().as_u16());
            return Err(OidcError::Answer { what: WHAT, problem });
        }
        let response: Claims = self.way().read_json(answer, endpoint, WHAT).await?;
        if response.sub != claims.sub {
            return Err(IdTokenError::OtherSubject.into());
        }
        claims.groups = response.groups;
        claims.preferred_username = claims.preferred_username.take().or(response.preferred_username);
        Ok(())
    }
}
