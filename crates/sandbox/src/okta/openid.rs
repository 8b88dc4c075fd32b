//! OpenID Connect sign-in to a web app with this org: codes, ID tokens, and Okta's rejections.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::HeaderMap;
use josekit::JoseError;
use josekit::jwk::alg::rsa::RsaKeyPair;
use josekit::jws::{JwsHeader, RS256};
use josekit::jwt::{self, JwtPayload};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::org::{Org, id};

/// The time within which a code can be redeemed, in seconds.
const CODE_MAX_AGE: i64 = 300;
const MAX_AGE: i64 = 3600;

/// An OAuth error: its code and description.
pub(super) type OAuthError = (&'static str, &'static str);

/// A web app with sign-in through this org.
pub(crate) struct WebApp {
    secret: String,
    redirect_uris: Vec<String>,
    /// True if its ID tokens lack the claims of `/userinfo`, as tokens do that come with an access token.
    thin: bool,
}

/// A checked authorization request.
pub(super) struct AuthorizationRequest {
    client_id: String,
    pub(super) redirect_uri: String,
    pub(super) state: String,
    nonce: Option<String>,
    challenge: Option<String>,
    scopes: Vec<String>,
}

/// The reason for rejecting an authorization request.
pub(super) enum Refusal {
    /// Shown on a page: the redirect URI can't be trusted.
    Page(&'static str),
    /// At the app.
    Redirect { uri: String, state: String, error: OAuthError },
}

struct Code {
    request: AuthorizationRequest,
    user: String,
    expires: i64,
}

impl Code {
    /// The claims about the user that the scopes permit; `None` if the user no longer exists.
    fn claims(&self, org: &Org) -> Option<Value> {
        let has = |scope: &str| self.request.scopes.iter().any(|s| s == scope);
        let user = org.users.get(&self.user)?;
        let mut claims = json!({ "sub": self.user });
        if has("profile") {
            claims["preferred_username"] = user["profile"]["login"].clone();
        }
        if has("groups") {
            let groups = org.groups_of(&self.user).into_iter().filter_map(|group| org.groups.get(group));
            claims["groups"] = groups.map(|group| group["profile"]["name"].clone()).collect();
        }
        Some(claims)
    }
}

struct Key {
    kid: String,
    pair: RsaKeyPair,
}

/// The web apps of the org and their codes and tokens.
#[derive(Default)]
pub(super) struct OpenId {
    apps: HashMap<String, WebApp>,
    codes: HashMap<String, Code>,
    /// The `/userinfo` response to an access token.
    access: HashMap<String, Value>,
    /// Created when needed, because most sandboxes never use it.
    key: Option<Key>,
    serial: u64,
}

impl OpenId {
    /// Registers a web app, and returns its ID and secret.
    pub(super) fn register(&mut self, redirect_uris: Vec<String>, thin: bool) -> (String, String) {
        self.serial += 1;
        let client_id = id("0oa", self.serial);
        let secret = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
        self.apps.insert(client_id.clone(), WebApp { secret: secret.clone(), redirect_uris, thin });
        (client_id, secret)
    }

    /// Signs with another key from now on; the old one is no longer published.
    pub(super) fn rotate_key(&mut self) {
        self.key = None;
    }

    fn key(&mut self) -> Result<&Key, JoseError> {
        let key = match self.key.take() {
            Some(key) => key,
            None => Key { kid: Uuid::new_v4().simple().to_string(), pair: RsaKeyPair::generate(2048)? },
        };
        Ok(self.key.insert(key))
    }

    /// The public key.
    pub(super) fn keys(&mut self) -> Result<Value, JoseError> {
        let key = self.key()?;
        let mut shown = Value::Object(key.pair.to_jwk_public_key().as_ref().clone());
        shown["kid"] = key.kid.clone().into();
        shown["use"] = "sig".into();
        shown["alg"] = "RS256".into();
        Ok(json!({ "keys": [shown] }))
    }

    /// Checks an authorization request.
    pub(super) fn check(&self, query: &HashMap<String, String>) -> Result<AuthorizationRequest, Refusal> {
        let field = |name: &str| query.get(name).cloned().filter(|text| !text.is_empty());
        let client_id = field("client_id").unwrap_or_default();
        let app = self.apps.get(&client_id).ok_or(Refusal::Page("Illegal value for client_id parameter."))?;
        let uri = field("redirect_uri").unwrap_or_default();
        if !app.redirect_uris.contains(&uri) {
            return Err(Refusal::Page(
                "The 'redirect_uri' parameter must be a Login redirect URI in the client app settings.",
            ));
        }
        let state = field("state").unwrap_or_default();
        let refuse =
            |error: OAuthError| Err(Refusal::Redirect { uri: uri.clone(), state: state.clone(), error });
        if state.is_empty() {
            return refuse((
                "invalid_request",
                "The authentication request has an invalid 'state' parameter.",
            ));
        }
        if field("response_type").as_deref() != Some("code") {
            return refuse((
                "unsupported_response_type",
                "The response type is not supported by the authorization server.",
            ));
        }
        let scopes: Vec<String> =
            field("scope").unwrap_or_default().split_whitespace().map(str::to_owned).collect();
        if !scopes.iter().any(|scope| scope == "openid") {
            return refuse(("invalid_scope", "The authentication request has an invalid 'scope' parameter."));
        }
        let challenge = field("code_challenge");
        if challenge.is_some() && field("code_challenge_method").as_deref() != Some("S256") {
            return refuse(("invalid_request", "The 'code_challenge_method' must be 'S256'."));
        }
        Ok(AuthorizationRequest {
            client_id,
            redirect_uri: uri,
            state,
            nonce: field("nonce"),
            challenge,
            scopes,
        })
    }

    /// A code for a user that has signed in.
    pub(super) fn code(&mut self, request: AuthorizationRequest, user: &str, now: i64) -> String {
        self.codes.retain(|_, code| code.expires > now);
        let code = Uuid::new_v4().simple().to_string();
        self.codes.insert(code.clone(), Code { request, user: user.to_owned(), expires: now + CODE_MAX_AGE });
        code
    }

    /// Redeems a code.
    pub(super) fn redeem(
        &mut self,
        headers: &HeaderMap,
        form: &HashMap<String, String>,
        org: &Org,
        issuer: &str,
        now: i64,
    ) -> Result<Value, OAuthError> {
        const INVALID: OAuthError = ("invalid_grant", "The authorization code is invalid or has expired.");
        let field = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
        let client = self
            .client(headers)
            .ok_or(("invalid_client", "The client secret supplied for a confidential client is invalid."))?;
        // A code is valid for one attempt, whatever its result.
        let code = self.codes.remove(field("code")).ok_or(INVALID)?;
        if code.expires <= now || code.request.client_id != client {
            return Err(INVALID);
        }
        if code.request.redirect_uri != field("redirect_uri") {
            return Err((
                "invalid_grant",
                "The redirect URI does not match the one used in the authorization request.",
            ));
        }
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(field("code_verifier")));
        if code.request.challenge.as_ref().is_some_and(|wanted| *wanted != challenge) {
            return Err(("invalid_grant", "PKCE verification failed."));
        }
        let about = code.claims(org).ok_or(INVALID)?;
        let thin = self.apps.get(&client).is_some_and(|app| app.thin);
        let mut claims = if thin { json!({ "sub": code.user }) } else { about.clone() };
        for (name, value) in [
            ("iss", json!(issuer)),
            ("aud", json!(client)),
            ("iat", json!(now)),
            ("exp", json!(now + MAX_AGE)),
            ("auth_time", json!(now)),
            ("ver", json!(1)),
            ("jti", json!(format!("ID.{}", Uuid::new_v4().simple()))),
        ] {
            claims[name] = value;
        }
        if let Some(nonce) = &code.request.nonce {
            claims["nonce"] = nonce.clone().into();
        }
        let claims = claims.as_object().cloned().unwrap_or_default();
        let id_token = self.sign(claims).map_err(|_| ("server_error", "The token could not be signed."))?;
        let access_token = format!("eyJ{}", Uuid::new_v4().simple());
        self.access.insert(access_token.clone(), about);
        Ok(json!({
            "token_type": "Bearer", "expires_in": MAX_AGE, "access_token": access_token,
            "scope": code.request.scopes.join(" "), "id_token": id_token,
        }))
    }

    fn sign(&mut self, claims: Map<String, Value>) -> Result<String, JoseError> {
        let key = self.key()?;
        let mut header = JwsHeader::new();
        header.set_key_id(&key.kid);
        let signer = RS256.signer_from_jwk(&key.pair.to_jwk_private_key())?;
        jwt::encode_with_signer(&JwtPayload::from_map(claims)?, &header, &signer)
    }

    /// The claims of `/userinfo`.
    pub(super) fn userinfo(&self, headers: &HeaderMap) -> Option<Value> {
        self.access.get(credentials(headers, "Bearer ")?).cloned()
    }

    /// The app that the request authenticates.
    fn client(&self, headers: &HeaderMap) -> Option<String> {
        let pair = STANDARD.decode(credentials(headers, "Basic ")?).ok()?;
        let pair = String::from_utf8(pair).ok()?;
        let (client, secret) = pair.split_once(':')?;
        (self.apps.get(client)?.secret == secret).then(|| client.to_owned())
    }
}

fn credentials<'a>(headers: &'a HeaderMap, scheme: &str) -> Option<&'a str> {
    headers.get(http::header::AUTHORIZATION)?.to_str().ok()?.strip_prefix(scheme)
}
