//! Connections that were saved in the console. Their secrets arrive encrypted.

use std::collections::BTreeMap;

use jiff::Timestamp;
use sqlx::{Sqlite, SqliteConnection, Transaction};
use sync_engine::StoreError;
use sync_model::ConnectionName;

use crate::convert::{in_row, millis, timestamp};
use crate::sqlite::Store;

/// A secret, encrypted under a master key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncryptedSecret {
    /// The ID of the key.
    pub key_id: String,
    /// The encrypted secret.
    pub sealed: Vec<u8>,
}

/// A connection that was saved in the console.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedConnection {
    /// The name.
    pub name: ConnectionName,
    /// Its settings as JSON, without secrets.
    pub settings: String,
    /// Its secrets by field.
    pub secrets: BTreeMap<String, EncryptedSecret>,
    /// Time of the last save.
    pub saved: Timestamp,
}

impl Store {
    /// All saved connections, by name.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn saved_connections(&self) -> Result<Vec<SavedConnection>, StoreError> {
        const ACTION: &str = "read the saved connections";
        let failed = |e| StoreError::new(ACTION, e);
        let mut read = self.pool.begin().await.map_err(failed)?;
        let rows: Vec<(String, String, i64)> =
            sqlx::query_as("SELECT name, settings, saved_at FROM saved_connections ORDER BY name")
                .fetch_all(&mut *read)
                .await
                .map_err(failed)?;
        let mut all = Vec::new();
        for (name, settings, saved) in rows {
            let secrets = secrets(&mut read, &name).await.map_err(failed)?;
            let name = ConnectionName::try_from(name).map_err(|e| StoreError::new(ACTION, e))?;
            let saved = in_row(|| format!("saved connection {name}"), || timestamp(saved))?;
            all.push(SavedConnection { name, settings, secrets, saved });
        }
        Ok(all)
    }

    /// Saves a connection, and replaces the one of its name.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub async fn save_connection(&self, connection: &SavedConnection) -> Result<(), StoreError> {
        let failed = |e| StoreError::new("save the connection", e);
        let name = connection.name.as_str();
        let mut write = self.begin().await.map_err(failed)?;
        sqlx::query(
            "INSERT INTO saved_connections (name, settings, saved_at) VALUES (?1, ?2, ?3)
             ON CONFLICT (name) DO UPDATE SET settings = excluded.settings, saved_at = excluded.saved_at",
        )
        .bind(name)
        .bind(&connection.settings)
        .bind(millis(connection.saved))
        .execute(&mut *write)
        .await
        .map_err(failed)?;
        replace_secrets(&mut write, name, &connection.secrets).await.map_err(failed)?;
        write.commit().await.map_err(failed)
    }

    /// Replaces the secrets of every saved connection at once, after the master key changed.
    ///
    /// # Errors
    /// When the file cannot be written; nothing is replaced then.
    pub async fn replace_secrets(
        &self,
        of: &[(ConnectionName, BTreeMap<String, EncryptedSecret>)],
    ) -> Result<(), StoreError> {
        let failed = |e| StoreError::new("replace the saved secrets", e);
        let mut write = self.begin().await.map_err(failed)?;
        for (name, secrets) in of {
            replace_secrets(&mut write, name.as_str(), secrets).await.map_err(failed)?;
        }
        write.commit().await.map_err(failed)
    }

    /// Deletes the settings and secrets of a connection. Its records stay. True if it existed.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub async fn delete_saved(&self, name: &ConnectionName) -> Result<bool, StoreError> {
        let deleted = sqlx::query("DELETE FROM saved_connections WHERE name = ?1")
            .bind(name.as_str())
            .execute(&self.writer)
            .await
            .map_err(|e| StoreError::new("delete the saved connection", e))?;
        Ok(deleted.rows_affected() > 0)
    }

    async fn begin(&self) -> sqlx::Result<Transaction<'static, Sqlite>> {
        self.writer.begin_with("BEGIN IMMEDIATE").await
    }
}

async fn secrets(
    read: &mut SqliteConnection,
    connection: &str,
) -> sqlx::Result<BTreeMap<String, EncryptedSecret>> {
    let rows: Vec<(String, String, Vec<u8>)> =
        sqlx::query_as("SELECT field, key_id, ciphertext FROM saved_secrets WHERE connection_id = ?1")
            .bind(connection)
            .fetch_all(read)
            .await?;
    let secrets = rows.into_iter().map(|(field, key_id, sealed)| (field, EncryptedSecret { key_id, sealed }));
    Ok(secrets.collect())
}

async fn replace_secrets(
    write: &mut SqliteConnection,
    connection: &str,
    secrets: &BTreeMap<String, EncryptedSecret>,
) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM saved_secrets WHERE connection_id = ?1")
        .bind(connection)
        .execute(&mut *write)
        .await?;
    for (field, secret) in secrets {
        sqlx::query(
            "INSERT INTO saved_secrets (connection_id, field, key_id, ciphertext) VALUES (?1, ?2, ?3, ?4)",
        )
        .bind(connection)
        .bind(field)
        .bind(&secret.key_id)
        .bind(&secret.sealed)
        .execute(&mut *write)
        .await?;
    }
    Ok(())
}
