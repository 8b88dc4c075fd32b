//! Access tokens and sessions. Only their hashes are stored.

mod renew;

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::{Sqlite, SqlitePool, Transaction};
use sync_engine::StoreError;

use crate::convert::{in_row, millis, timestamp};

/// Milliseconds between two stored uses, so that reading pages costs no writes.
const COARSE: i64 = 60_000;

/// SHA-256 of a token, or of the ID of a session.
pub type Hash = [u8; 32];

/// The permissions of a token or session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything.
    Admin,
    /// Reads everything that is not secret, and changes nothing.
    ReadOnly,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 2] = [Self::Admin, Self::ReadOnly];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::ReadOnly => "read_only",
        }
    }

    /// The role of that word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }
}

/// A token to store.
#[derive(Debug, Clone, Copy)]
pub struct NewToken<'a> {
    /// The name.
    pub name: &'a str,
    /// Its SHA-256.
    pub hash: &'a Hash,
    /// The role.
    pub role: Role,
    /// The expiration; `None` if it doesn't expire.
    pub expires: Option<Timestamp>,
}

/// A stored token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AccessToken {
    /// The ID.
    pub id: i64,
    /// The name.
    pub name: String,
    /// The role.
    pub role: Role,
    /// Time of its creation.
    pub created_at: Timestamp,
    /// The expiration; `None` if it doesn't expire.
    pub expires_at: Option<Timestamp>,
    /// Time of its last use, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// Time of its revocation.
    pub revoked_at: Option<Timestamp>,
}

impl AccessToken {
    /// True if it can be used now.
    pub fn is_valid(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|expires| expires > now)
    }
}

/// The outcome of revoking a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Revocation {
    /// The token is revoked, and its sessions have ended.
    Revoked(AccessToken),
    /// There is no such token.
    Unknown,
    /// Nothing was done: no administrator would be left.
    LastAdmin(AccessToken),
}

/// A session to store.
#[derive(Debug, Clone, Copy)]
pub struct NewSession<'a> {
    /// SHA-256 of its ID.
    pub hash: &'a Hash,
    /// Its principal, for display.
    pub principal: &'a str,
    /// The role.
    pub role: Role,
    /// The token of the sign-in; the session ends with it.
    pub token: Option<i64>,
    /// Its expiry, however it is used.
    pub expires: Timestamp,
}

/// A stored session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Session {
    /// Its principal, for display.
    pub principal: String,
    /// The role.
    pub role: Role,
    /// The token of the sign-in.
    pub token: Option<i64>,
    /// Time of the sign-in.
    pub created: Timestamp,
    /// Time of its last use, to the minute.
    pub last_seen: Timestamp,
    /// Its expiry, however it is used.
    pub expires: Timestamp,
}

/// Tokens and sessions in a [`Store`](crate::Store).
#[derive(Debug, Clone)]
pub struct AccessStore {
    pub(crate) pool: SqlitePool,
    pub(crate) writer: SqlitePool,
}

type TokenRow = (i64, String, String, i64, Option<i64>, Option<i64>, Option<i64>);

const TOKEN: &str =
    "SELECT id, name, role, created_at, expires_at, last_used_at, revoked_at FROM access_tokens";

impl AccessStore {
    pub(crate) const fn new(pool: SqlitePool, writer: SqlitePool) -> Self {
        Self { pool, writer }
    }

    /// Stores a token. `None` if another one that is not revoked has its name.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn create_token(
        &self,
        new: &NewToken<'_>,
        now: Timestamp,
    ) -> Result<Option<AccessToken>, StoreError> {
        const STATEMENT: &str = "INSERT INTO access_tokens (name, hash, role, created_at, expires_at)
             VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (name) WHERE revoked_at IS NULL DO NOTHING RETURNING id";
        self.insert(STATEMENT, new, now).await
    }

    /// The same if no token was ever stored, not even a revoked one; otherwise `None`. Of several processes, one gets it.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn create_first_token(
        &self,
        new: &NewToken<'_>,
        now: Timestamp,
    ) -> Result<Option<AccessToken>, StoreError> {
        const STATEMENT: &str = "INSERT INTO access_tokens (name, hash, role, created_at, expires_at)
             SELECT ?1, ?2, ?3, ?4, ?5 WHERE NOT EXISTS (SELECT 1 FROM access_tokens) RETURNING id";
        self.insert(STATEMENT, new, now).await
    }

    async fn insert(
        &self,
        statement: &'static str,
        new: &NewToken<'_>,
        now: Timestamp,
    ) -> Result<Option<AccessToken>, StoreError> {
        let id: Option<i64> = sqlx::query_scalar(statement)
            .bind(new.name)
            .bind(new.hash.as_slice())
            .bind(new.role.as_str())
            .bind(millis(now))
            .bind(new.expires.map(millis))
            .fetch_optional(&self.writer)
            .await
            .map_err(|e| StoreError::new("store an access token", e))?;
        Ok(id.map(|id| AccessToken {
            id,
            name: new.name.to_owned(),
            role: new.role,
            created_at: now,
            expires_at: new.expires,
            last_used_at: None,
            revoked_at: None,
        }))
    }

    /// Every token, including revoked ones, the oldest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn tokens(&self) -> Result<Vec<AccessToken>, StoreError> {
        let rows: Vec<TokenRow> = sqlx::query_as(sqlx::AssertSqlSafe(format!("{TOKEN} ORDER BY id")))
            .fetch_all(&self.pool)
            .await
            .map_err(|e| StoreError::new("read the access tokens", e))?;
        rows.into_iter().map(token_entry).collect()
    }

    /// The token with this hash, if it is valid. Stores the use.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn use_token(&self, hash: &Hash, now: Timestamp) -> Result<Option<AccessToken>, StoreError> {
        let failed = |e| StoreError::new("find an access token", e);
        let row: Option<TokenRow> = sqlx::query_as(sqlx::AssertSqlSafe(format!("{TOKEN} WHERE hash = ?1")))
            .bind(hash.as_slice())
            .fetch_optional(&self.pool)
            .await
            .map_err(failed)?;
        let Some(entry) = row.map(token_entry).transpose()?.filter(|entry| entry.is_valid(now)) else {
            return Ok(None);
        };
        if entry.last_used_at.is_none_or(|last| last > now || millis(last) + COARSE <= millis(now)) {
            sqlx::query("UPDATE access_tokens SET last_used_at = ?2 WHERE id = ?1")
                .bind(entry.id)
                .bind(millis(now))
                .execute(&self.writer)
                .await
                .map_err(failed)?;
        }
        Ok(Some(entry))
    }

    /// Revokes a token and ends its sessions, unless it is the last valid token of an administrator.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn revoke_token(&self, id: i64, now: Timestamp) -> Result<Revocation, StoreError> {
        const ACTION: &str = "revoke an access token";
        let failed = |e| StoreError::new(ACTION, e);
        let mut tx = self.begin(ACTION).await?;
        let row: Option<TokenRow> = sqlx::query_as(sqlx::AssertSqlSafe(format!("{TOKEN} WHERE id = ?1")))
            .bind(id)
            .fetch_optional(&mut *tx)
            .await
            .map_err(failed)?;
        let Some(mut entry) = row.map(token_entry).transpose()? else { return Ok(Revocation::Unknown) };
        if entry.role == Role::Admin && entry.is_valid(now) {
            let others: i64 = sqlx::query_scalar(
                "SELECT count(*) FROM access_tokens
                 WHERE id <> ?1 AND role = ?2 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?3)",
            )
            .bind(id)
            .bind(Role::Admin.as_str())
            .bind(millis(now))
            .fetch_one(&mut *tx)
            .await
            .map_err(failed)?;
            if others == 0 {
                return Ok(Revocation::LastAdmin(entry));
            }
        }
        let revoked = *entry.revoked_at.get_or_insert(now);
        sqlx::query("UPDATE access_tokens SET revoked_at = ?2 WHERE id = ?1")
            .bind(id)
            .bind(millis(revoked))
            .execute(&mut *tx)
            .await
            .map_err(failed)?;
        sqlx::query("DELETE FROM access_sessions WHERE token_id = ?1")
            .bind(id)
            .execute(&mut *tx)
            .await
            .map_err(failed)?;
        tx.commit().await.map_err(failed)?;
        Ok(Revocation::Revoked(entry))
    }

    /// Stores a session, and deletes expired ones.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn begin_session(&self, new: &NewSession<'_>, now: Timestamp) -> Result<(), StoreError> {
        const ACTION: &str = "begin a session";
        let failed = |e| StoreError::new(ACTION, e);
        let mut tx = self.begin(ACTION).await?;
        sqlx::query("DELETE FROM access_sessions WHERE expires_at <= ?1 OR last_seen_at > ?2")
            .bind(millis(now))
            .bind(millis(now).saturating_add(COARSE))
            .execute(&mut *tx)
            .await
            .map_err(failed)?;
        sqlx::query(
            "INSERT INTO access_sessions (hash, principal, role, token_id, created_at, last_seen_at, expires_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6)",
        )
        .bind(new.hash.as_slice())
        .bind(new.principal)
        .bind(new.role.as_str())
        .bind(new.token)
        .bind(millis(now))
        .bind(millis(new.expires))
        .execute(&mut *tx)
        .await
        .map_err(failed)?;
        tx.commit().await.map_err(failed)
    }

    /// The session with this hash, if it has not expired, was used within the idle limit, and has a valid token. Stores the
    /// use. A session that was used in the future has ended: the clock was ahead.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn use_session(
        &self,
        hash: &Hash,
        idle: Duration,
        now: Timestamp,
    ) -> Result<Option<Session>, StoreError> {
        let failed = |e| StoreError::new("find a session", e);
        let idle = i64::try_from(idle.as_millis()).unwrap_or(i64::MAX);
        let row: Option<(String, String, Option<i64>, i64, i64, i64)> = sqlx::query_as(
            "SELECT s.principal, s.role, s.token_id, s.created_at, s.last_seen_at, s.expires_at
             FROM access_sessions s LEFT JOIN access_tokens t ON t.id = s.token_id
             WHERE s.hash = ?1 AND s.expires_at > ?2 AND s.last_seen_at > ?3 AND s.last_seen_at <= ?4
               AND (s.token_id IS NULL OR (t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > ?2)))",
        )
        .bind(hash.as_slice())
        .bind(millis(now))
        .bind(millis(now).saturating_sub(idle))
        // The clock was ahead, so the age is unknown.
        .bind(millis(now).saturating_add(COARSE))
        .fetch_optional(&self.pool)
        .await
        .map_err(failed)?;
        let Some((principal, role, token, created, last_seen, expires)) = row else { return Ok(None) };
        if last_seen + COARSE <= millis(now) {
            sqlx::query("UPDATE access_sessions SET last_seen_at = ?2 WHERE hash = ?1")
                .bind(hash.as_slice())
                .bind(millis(now))
                .execute(&self.writer)
                .await
                .map_err(failed)?;
        }
        in_row(
            || "a session".to_owned(),
            || {
                let (role, created) = (parse_role(&role)?, timestamp(created)?);
                let (last_seen, expires) = (timestamp(last_seen)?, timestamp(expires)?);
                Ok(Some(Session { principal, role, token, created, last_seen, expires }))
            },
        )
    }

    /// Ends a session.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn end_session(&self, hash: &Hash) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM access_sessions WHERE hash = ?1")
            .bind(hash.as_slice())
            .execute(&self.writer)
            .await
            .map(drop)
            .map_err(|e| StoreError::new("end a session", e))
    }

    /// A transaction that acquires the write lock immediately, so that it waits for other processes instead of failing
    /// later.
    async fn begin(&self, action: &'static str) -> Result<Transaction<'static, Sqlite>, StoreError> {
        self.writer.begin_with("BEGIN IMMEDIATE").await.map_err(|e| StoreError::new(action, e))
    }
}

fn token_entry(
    (id, name, role, created, expires, last_used, revoked): TokenRow,
) -> Result<AccessToken, StoreError> {
    let read = || {
        Ok(AccessToken {
            id,
            name,
            role: parse_role(&role)?,
            created_at: timestamp(created)?,
            expires_at: expires.map(timestamp).transpose()?,
            last_used_at: last_used.map(timestamp).transpose()?,
            revoked_at: revoked.map(timestamp).transpose()?,
        })
    };
    in_row(|| format!("access token {id}"), read)
}

fn parse_role(word: &str) -> Result<Role, StoreError> {
    Role::of(word).ok_or_else(|| StoreError::new("read a role", format!("unknown role \"{word}\"")))
}
