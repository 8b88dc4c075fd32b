//! The audit log: every change by a person.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqlitePool};
use sync_engine::StoreError;

use crate::access::AccessStore;
use crate::convert::{from_json, in_row, millis, timestamp};

/// The retention of entries.
const KEPT: SignedDuration = SignedDuration::from_hours(400 * 24);
/// The maximum number of entries.
const MOST: i64 = 100_000;

/// A change by a person. It contains no secret.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditEntry {
    /// The ID, which increases.
    pub id: i64,
    /// Time of the change.
    pub occurred_at: Timestamp,
    /// Name of the token or person, or user of the operating system.
    pub actor: String,
    /// `session`, `token`, `local_socket`, or `cli`.
    pub via: String,
    /// Address of the client, or `local socket`; null for a command that works without the daemon.
    pub origin: Option<String>,
    /// The change, such as `save_connection`.
    pub action: String,
    /// The affected connection.
    pub connection: Option<String>,
    /// The affected object, such as the ID of a token or event.
    pub subject: Option<String>,
    /// The parameters of the change.
    pub request: Option<Value>,
    /// State before the change, as far as it changed.
    pub before: Option<Value>,
    /// State after the change, as far as it changed.
    pub after: Option<Value>,
    /// True if the change succeeded or was accepted.
    pub succeeded: bool,
}

impl AuditEntry {
    /// An entry about an action that succeeded, with nothing else known.
    pub fn new(at: Timestamp, actor: &str, via: &str, action: &str) -> Self {
        Self {
            id: 0,
            occurred_at: at,
            actor: actor.to_owned(),
            via: via.to_owned(),
            origin: None,
            action: action.to_owned(),
            connection: None,
            subject: None,
            request: None,
            before: None,
            after: None,
            succeeded: true,
        }
    }
}

impl AccessStore {
    /// The audit log of the same store.
    pub fn audit(&self) -> AuditLog {
        AuditLog::new(self.pool.clone(), self.writer.clone())
    }
}

/// The audit log in a [`Store`](crate::Store).
#[derive(Debug, Clone)]
pub struct AuditLog {
    pool: SqlitePool,
    writer: SqlitePool,
}

impl AuditLog {
    pub(crate) const fn new(pool: SqlitePool, writer: SqlitePool) -> Self {
        Self { pool, writer }
    }

    /// Adds an entry, whose number is given by the store, and deletes expired ones.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn append(&self, entry: &AuditEntry) -> Result<(), StoreError> {
        let failed = |e| StoreError::new("write the audit log", e);
        let json = |value: &Option<Value>| value.as_ref().map(ToString::to_string);
        sqlx::query(
            "INSERT INTO audit_log
                 (occurred_at, actor, via, origin, action, connection, subject, request, before, after, succeeded)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )
        .bind(millis(entry.occurred_at))
        .bind(&entry.actor)
        .bind(&entry.via)
        .bind(&entry.origin)
        .bind(&entry.action)
        .bind(&entry.connection)
        .bind(&entry.subject)
        .bind(json(&entry.request))
        .bind(json(&entry.before))
        .bind(json(&entry.after))
        .bind(entry.succeeded)
        .execute(&self.writer)
        .await
        .map_err(failed)?;
        sqlx::query(
            "DELETE FROM audit_log WHERE occurred_at < ?1 OR id <= (SELECT max(id) FROM audit_log) - ?2",
        )
        .bind(millis(entry.occurred_at.saturating_sub(KEPT).unwrap_or(Timestamp::MIN)))
        .bind(MOST)
        .execute(&self.writer)
        .await
        .map_err(failed)?;
        Ok(())
    }

    /// Entries, the newest first; those before an entry of this number.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn entries(&self, before: Option<i64>, limit: u32) -> Result<Vec<AuditEntry>, StoreError> {
        let failed = |e| StoreError::new("read the audit log", e);
        let rows = sqlx::query(
            "SELECT id, occurred_at, actor, via, origin, action, connection, subject, request, before, after, succeeded
             FROM audit_log WHERE id < ?1 ORDER BY id DESC LIMIT ?2",
        )
        .bind(before.unwrap_or(i64::MAX))
        .bind(limit)
        .fetch_all(&self.pool)
        .await
        .map_err(failed)?;
        rows.iter().map(entry).collect()
    }
}

/// An entry of the log.
fn entry(row: &SqliteRow) -> Result<AuditEntry, StoreError> {
    const ACTION: &str = "read the audit log";
    let id: i64 = row.try_get("id").map_err(|e| StoreError::new(ACTION, e))?;
    in_row(
        || format!("the entry {id} of the audit log"),
        || {
            let failed = |e| StoreError::new(ACTION, e);
            let json = |column: &str| {
                let text: Option<String> = row.try_get(column).map_err(failed)?;
                text.map(|text| from_json(ACTION, &text)).transpose()
            };
            Ok(AuditEntry {
                id,
                occurred_at: timestamp(row.try_get("occurred_at").map_err(failed)?)?,
                actor: row.try_get("actor").map_err(failed)?,
                via: row.try_get("via").map_err(failed)?,
                origin: row.try_get("origin").map_err(failed)?,
                action: row.try_get("action").map_err(failed)?,
                connection: row.try_get("connection").map_err(failed)?,
                subject: row.try_get("subject").map_err(failed)?,
                request: json("request")?,
                before: json("before")?,
                after: json("after")?,
                succeeded: row.try_get("succeeded").map_err(failed)?,
            })
        },
    )
}
