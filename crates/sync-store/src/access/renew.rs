//! Renewal of a token.

use jiff::Timestamp;
use sync_engine::StoreError;

use super::{TokenRow, token_entry};
use crate::access::{AccessStore, AccessToken};
use crate::convert::millis;

impl AccessStore {
    /// Sets the expiry of a valid token, or removes it. `None` if no valid token has this ID.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn renew_token(
        &self,
        id: i64,
        expires: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Option<AccessToken>, StoreError> {
        let failed = |e| StoreError::new("renew an access token", e);
        let row: Option<TokenRow> = sqlx::query_as(
            "UPDATE access_tokens SET expires_at = ?2
             WHERE id = ?1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?3)
             RETURNING id, name, role, created_at, expires_at, last_used_at, revoked_at",
        )
        .bind(id)
        .bind(expires.map(millis))
        .bind(millis(now))
        .fetch_optional(&self.writer)
        .await
        .map_err(failed)?;
        row.map(token_entry).transpose()
    }
}
