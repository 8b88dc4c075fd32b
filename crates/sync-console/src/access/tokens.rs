//! Access tokens: created, shown once, renewed, and revoked.

use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use sync_engine::StoreError;
use sync_store::access::{AccessStore, AccessToken, NewToken, Revocation, Role};

use super::crypto::{hash, random_text};

/// The prefix of every token, for secret scanners.
const PREFIX: &str = "oia_";
/// The name of the token that the first start creates.
const FIRST: &str = "first administrator";
/// The lifetime of the first token unless it is renewed.
const FIRST_TOKEN_MAX_AGE: SignedDuration = SignedDuration::from_hours(24);
const LONGEST_NAME: usize = 100;

/// The reason why a token was not created or changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// The name is invalid.
    #[error("\"{0}\" is not a valid token name")]
    Name(String),
    /// Another token has the name.
    #[error("a token named \"{0}\" already exists")]
    NameInUse(String),
    /// The expiration is in the past.
    #[error("the expiration must be in the future; got {0:.0}")]
    ExpiryInPast(Timestamp),
    /// No token has the ID or name.
    #[error("token \"{0}\" doesn't exist")]
    Unknown(String),
    /// The token is the last valid one of an administrator.
    #[error("token {id} \"{name}\" is the last valid administrator token")]
    LastAdmin {
        /// The ID.
        id: i64,
        /// The name.
        name: String,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl TokenError {
    /// The remedy.
    pub const fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Name(_) => {
                Some("use one line of at most 100 characters that is neither a number nor a token")
            }
            Self::NameInUse(_) => Some("use another name, or revoke that token first"),
            Self::ExpiryInPast(_) => Some("use a later time"),
            Self::Unknown(_) => Some("to list the tokens, run `okta-insight tokens list`"),
            Self::LastAdmin { .. } => {
                Some("create another one first: `okta-insight tokens create --role admin --name NAME`")
            }
            Self::Store(_) => None,
        }
    }

    /// True if the arguments are wrong.
    pub const fn is_usage(&self) -> bool {
        !matches!(self, Self::Store(_))
    }
}

/// The name, role, and expiration of a new token.
#[derive(Debug, Clone)]
pub struct TokenRequest {
    /// The name.
    pub name: String,
    /// The role.
    pub role: Role,
    /// Its expiration, if any.
    pub expires: Option<Timestamp>,
}

/// Creates a token. Only the caller has the secret; the store has a hash of it.
///
/// # Errors
/// When the name is invalid or in use, the expiration is past, or the store fails.
pub async fn create_token(
    store: &AccessStore,
    request: &TokenRequest,
    now: Timestamp,
) -> Result<(AccessToken, SecretString), TokenError> {
    let name = request.name.trim();
    // Other commands read a number as a token's ID, and a text with the prefix may be a secret.
    let other_sense = name.parse::<i64>().is_ok() || name.starts_with(PREFIX);
    if other_sense
        || name.is_empty()
        || name.chars().count() > LONGEST_NAME
        || name.contains(char::is_control)
    {
        return Err(TokenError::Name(shown(&request.name)));
    }
    if let Some(expires) = request.expires.filter(|expires| *expires <= now) {
        return Err(TokenError::ExpiryInPast(expires));
    }
    let token = new_token();
    let new = NewToken { name, hash: &hash(&token), role: request.role, expires: request.expires };
    let made = store.create_token(&new, now).await?.ok_or_else(|| TokenError::NameInUse(name.to_owned()))?;
    tracing::info!(target: "audit", id = made.id, name, role = made.role.as_str(), "access token created");
    Ok((made, token))
}

/// Creates the administrator's token of a first start; `None` if a token was ever created, even if it was revoked. It
/// expires after a day unless it is renewed. The caller must show it to the administrator, once.
///
/// # Errors
/// When the store fails.
pub async fn first_token(store: &AccessStore, now: Timestamp) -> Result<Option<SecretString>, StoreError> {
    let token = new_token();
    let expires = now.checked_add(FIRST_TOKEN_MAX_AGE).ok();
    let new = NewToken { name: FIRST, hash: &hash(&token), role: Role::Admin, expires };
    let made = store.create_first_token(&new, now).await?;
    Ok(made.map(|made| {
        tracing::info!(target: "audit", id = made.id, name = FIRST, role = "admin", "access token created");
        token
    }))
}

/// Changes the expiration of a token, by ID or by name; `None` means no expiration.
///
/// # Errors
/// When there is no valid one, the expiration is past, or the store fails.
pub async fn renew_token(
    store: &AccessStore,
    which: &str,
    expires: Option<Timestamp>,
    now: Timestamp,
) -> Result<AccessToken, TokenError> {
    if let Some(expires) = expires.filter(|expires| *expires <= now) {
        return Err(TokenError::ExpiryInPast(expires));
    }
    let id = number(store, which).await?;
    let renewed = store.renew_token(id, expires, now).await?;
    let entry = renewed.ok_or_else(|| TokenError::Unknown(shown(which)))?;
    tracing::info!(target: "audit", id = entry.id, name = entry.name, "access token renewed");
    Ok(entry)
}

/// The number of a token, by number or by the name of one that is not revoked.
async fn number(store: &AccessStore, which: &str) -> Result<i64, TokenError> {
    if let Ok(id) = which.parse::<i64>() {
        return Ok(id);
    }
    let tokens = store.tokens().await?;
    let found = tokens.iter().find(|token| token.name == which && token.revoked_at.is_none());
    found.map(|token| token.id).ok_or_else(|| TokenError::Unknown(shown(which)))
}

/// Revokes a token, by ID or by the name of a token that isn't revoked, and ends its sessions.
///
/// # Errors
/// When there is none, it is the last valid one of an administrator, or the store fails.
pub async fn revoke_token(
    store: &AccessStore,
    which: &str,
    now: Timestamp,
) -> Result<AccessToken, TokenError> {
    let id = number(store, which).await?;
    match store.revoke_token(id, now).await? {
        Revocation::Revoked(entry) => {
            tracing::info!(target: "audit", id = entry.id, name = entry.name, "access token revoked");
            Ok(entry)
        }
        Revocation::Unknown => Err(TokenError::Unknown(shown(which))),
        Revocation::LastAdmin(entry) => Err(TokenError::LastAdmin { id: entry.id, name: entry.name }),
    }
}

/// The entered text, unless it resembles a secret.
fn shown(text: &str) -> String {
    if text.trim().starts_with(PREFIX) { format!("{PREFIX}...") } else { text.escape_debug().to_string() }
}

fn new_token() -> SecretString {
    format!("{PREFIX}{}", random_text().expose_secret()).into()
}
