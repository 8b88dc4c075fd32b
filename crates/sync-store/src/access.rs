//! Who may use the console: tokens and sessions. Nothing here could be used to sign in: only hashes are kept.

mod renew;

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::{Sqlite, SqlitePool, Transaction};
use sync_engine::StoreError;

use crate::convert::{in_row, millis, timestamp};

/// A use is written down once in so many milliseconds, so that reading pages costs no writes.
const COARSE: i64 = 60_000;

/// SHA-256 of a token, or of the id of a session.
pub type Hash = [u8; 32];

/// What somebody may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything.
    Admin,
    /// Look at everything that is no secret, and change nothing.
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

/// A token that is to be remembered.
#[derive(Debug, Clone, Copy)]
pub struct NewToken<'a> {
    /// What people call it.
    pub name: &'a str,
    /// Its SHA-256.
    pub hash: &'a Hash,
    /// What it allows.
    pub role: Role,
    /// When it ends; never when empty.
    pub expires: Option<Timestamp>,
}

/// A token as it is remembered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AccessToken {
    /// Its number.
    pub id: i64,
    /// What people call it.
    pub name: String,
    /// What it allows.
    pub role: Role,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends; never when empty.
    pub expires_at: Option<Timestamp>,
    /// When it was used last, to the minute or so.
    pub last_used_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

impl AccessToken {
    /// Whether it can be used now.
    pub fn is_valid(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|expires| expires > now)
    }
}

/// What became of a wish to revoke a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Revocation {
    /// It is revoked, and sessions that began with it have ended.
    Revoked(AccessToken),
    /// There is no such token.
    Unknown,
    /// Nothing was done: nobody could administer the console any more.
    LastAdmin(AccessToken),
}

/// A session that begins.
#[derive(Debug, Clone, Copy)]
pub struct NewSession<'a> {
    /// SHA-256 of its id.
    pub hash: &'a Hash,
    /// Whose it is, as shown to people.
    pub who: &'a str,
    /// What it allows.
    pub role: Role,
    /// The token that it begins with, which ends it.
    pub token: Option<i64>,
    /// When it ends, whatever is done with it.
    pub expires: Timestamp,
}

/// A session that goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Session {
    /// Whose it is, as shown to people.
    pub who: String,
    /// What it allows.
    pub role: Role,
    /// The token that it began with.
    pub token: Option<i64>,
    /// When it began.
    pub created: Timestamp,
    /// When it was used last, to the minute or so.
    pub last_seen: Timestamp,
    /// When it ends, whatever is done with it.
    pub expires: Timestamp,
}

/// Tokens and sessions in a [`Store`](crate::Store).
#[derive(Debug, Clone)]
pub struct AccessStore {
    pub(crate) pool: SqlitePool,
    pub(crate) writer: SqlitePool,
}

type TokenRow = (i64, String, String, i64, Option<i64>, Option<i64>, Option<i64>);

const TOKEN: &str = "SELECT id, name, role, created, expires, last_used, revoked FROM access_tokens";

impl AccessStore {
    pub(crate) const fn new(pool: SqlitePool, writer: SqlitePool) -> Self {
        Self { pool, writer }
    }

    /// Remembers a token. `None` when another that is not revoked has its name.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn create_token(
        &self,
        new: &NewToken<'_>,
        now: Timestamp,
    ) -> Result<Option<AccessToken>, StoreError> {
        const STATEMENT: &str = "INSERT INTO access_tokens (name, hash, role, created, expires)
             VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (name) WHERE revoked IS NULL DO NOTHING RETURNING id";
        self.insert(STATEMENT, new, now).await
    }

    /// The same when no token was ever remembered, not even one that is revoked; otherwise `None`. Of several
    /// processes that ask at once, one gets it.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn create_first_token(
        &self,
        new: &NewToken<'_>,
        now: Timestamp,
    ) -> Result<Option<AccessToken>, StoreError> {
        const STATEMENT: &str = "INSERT INTO access_tokens (name, hash, role, created, expires)
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
            .map_err(|e| StoreError::new("remember an access token", e))?;
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

    /// Every token, the oldest first, revoked ones included.
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

    /// The token of this hash, if it is valid, and notes that it was used.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn use_token(&self, hash: &Hash, now: Timestamp) -> Result<Option<AccessToken>, StoreError> {
        let failed = |e| StoreError::new("look for an access token", e);
        let row: Option<TokenRow> = sqlx::query_as(sqlx::AssertSqlSafe(format!("{TOKEN} WHERE hash = ?1")))
            .bind(hash.as_slice())
            .fetch_optional(&self.pool)
            .await
            .map_err(failed)?;
        let Some(entry) = row.map(token_entry).transpose()?.filter(|entry| entry.is_valid(now)) else {
            return Ok(None);
        };
        if entry.last_used_at.is_none_or(|last| last > now || millis(last) + COARSE <= millis(now)) {
            sqlx::query("UPDATE access_tokens SET last_used = ?2 WHERE id = ?1")
                .bind(entry.id)
                .bind(millis(now))
                .execute(&self.writer)
                .await
                .map_err(failed)?;
        }
        Ok(Some(entry))
    }

    /// Revokes a token and ends the sessions that began with it, unless no other valid one of an administrator is
    /// left.
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
                 WHERE id <> ?1 AND role = ?2 AND revoked IS NULL AND (expires IS NULL OR expires > ?3)",
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
        sqlx::query("UPDATE access_tokens SET revoked = ?2 WHERE id = ?1")
            .bind(id)
            .bind(millis(revoked))
            .execute(&mut *tx)
            .await
            .map_err(failed)?;
        sqlx::query("DELETE FROM access_sessions WHERE token = ?1")
            .bind(id)
            .execute(&mut *tx)
            .await
            .map_err(failed)?;
        tx.commit().await.map_err(failed)?;
        Ok(Revocation::Revoked(entry))
    }

    /// Begins a session, and forgets those that are over.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn begin_session(&self, new: &NewSession<'_>, now: Timestamp) -> Result<(), StoreError> {
        const ACTION: &str = "begin a session";
        let failed = |e| StoreError::new(ACTION, e);
        let mut tx = self.begin(ACTION).await?;
        sqlx::query("DELETE FROM access_sessions WHERE expires <= ?1 OR last_seen > ?2")
            .bind(millis(now))
            .bind(millis(now).saturating_add(COARSE))
            .execute(&mut *tx)
            .await
            .map_err(failed)?;
        sqlx::query(
            "INSERT INTO access_sessions (hash, who, role, token, created, last_seen, expires)
             VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6)",
        )
        .bind(new.hash.as_slice())
        .bind(new.who)
        .bind(new.role.as_str())
        .bind(new.token)
        .bind(millis(now))
        .bind(millis(new.expires))
        .execute(&mut *tx)
        .await
        .map_err(failed)?;
        tx.commit().await.map_err(failed)
    }

    /// The session of this hash, if it is not over, was used within the idle limit and its token is valid; notes that
    /// it was used. One that was used in the future is over: the clock was ahead.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn use_session(
        &self,
        hash: &Hash,
        idle: Duration,
        now: Timestamp,
    ) -> Result<Option<Session>, StoreError> {
        let failed = |e| StoreError::new("look for a session", e);
        let idle = i64::try_from(idle.as_millis()).unwrap_or(i64::MAX);
        let row: Option<(String, String, Option<i64>, i64, i64, i64)> = sqlx::query_as(
            "SELECT s.who, s.role, s.token, s.created, s.last_seen, s.expires
             FROM access_sessions s LEFT JOIN access_tokens t ON t.id = s.token
             WHERE s.hash = ?1 AND s.expires > ?2 AND s.last_seen > ?3 AND s.last_seen <= ?4
               AND (s.token IS NULL OR (t.revoked IS NULL AND (t.expires IS NULL OR t.expires > ?2)))",
        )
        .bind(hash.as_slice())
        .bind(millis(now))
        .bind(millis(now).saturating_sub(idle))
        // Begun by a clock that was ahead, so that nothing says how long it has lasted.
        .bind(millis(now).saturating_add(COARSE))
        .fetch_optional(&self.pool)
        .await
        .map_err(failed)?;
        let Some((who, role, token, created, last_seen, expires)) = row else { return Ok(None) };
        if last_seen + COARSE <= millis(now) {
            sqlx::query("UPDATE access_sessions SET last_seen = ?2 WHERE hash = ?1")
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
                Ok(Some(Session { who, role, token, created, last_seen, expires }))
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

    /// Takes the write lock at once, so that it waits for other processes instead of failing half way.
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
