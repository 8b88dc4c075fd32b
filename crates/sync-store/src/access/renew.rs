//! Another end for a token.

use jiff::Timestamp;
use sync_engine::StoreError;

use super::{AccessStore, AccessToken, TokenRow, token_entry};
use crate::convert::millis;

impl AccessStore {
    /// Gives a valid token another end; never when empty. `None` when there is no valid token of the number.
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
            "UPDATE access_tokens SET expires = ?2
             WHERE id = ?1 AND revoked IS NULL AND (expires IS NULL OR expires > ?3)
             RETURNING id, name, role, created, expires, last_used, revoked",
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
