//! The loss of the file while it is open.

use std::path::Path;

use crate::identity::{FileId, Identity, StoreLoss, is_damage, quick_check, read_id};
use crate::sqlite::{MIGRATOR, Store};

impl Store {
    /// Compares the open file with the one at the path. A check that can't run finds nothing.
    ///
    /// # Errors
    /// When what is written would be lost.
    pub async fn check_identity(&self) -> Result<(), StoreLoss> {
        let Identity { path, file, id, log } = &*self.identity;
        match tokio::fs::metadata(path).await {
            Ok(metadata) if FileId::of(&metadata) != *file => return Err(StoreLoss::Replaced(path.clone())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(StoreLoss::Missing(path.clone()));
            }
            _ => {}
        }
        // A store that is closing removes its log.
        if log.is_lost().await && !self.pool.is_closed() {
            return Err(StoreLoss::LogLost(log.path.clone()));
        }
        match read_id(&self.pool).await {
            Ok(now) if now.as_ref() != Some(id) => return Err(StoreLoss::Replaced(path.clone())),
            Err(error) if is_damage(&error) => {
                return Err(StoreLoss::Damaged { path: path.clone(), problem: error.to_string() });
            }
            _ => {}
        }
        let newest = MIGRATOR.iter().map(|migration| migration.version).max();
        let applied: Result<Option<i64>, _> =
            sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations").fetch_one(&self.pool).await;
        match applied {
            Ok(applied) if applied != newest => Err(StoreLoss::Migrated(path.clone())),
            _ => Ok(()),
        }
    }

    /// Free bytes of the file system that holds the store; `None` if the system doesn't report them.
    pub async fn free_space(&self) -> Option<u64> {
        let folder = self.identity.path.parent()?.to_owned();
        let free = tokio::task::spawn_blocking(move || fs4::available_space(folder));
        free.await.ok()?.ok()
    }

    /// The path that it was opened by.
    pub fn path(&self) -> &Path {
        &self.identity.path
    }

    /// Runs SQLite's check of the whole file, which is slow for a large one. A check that can't run finds nothing.
    ///
    /// # Errors
    /// When the file is damaged.
    pub async fn quick_check(&self) -> Result<(), StoreLoss> {
        let path = &self.identity.path;
        match quick_check(&self.pool).await {
            Ok(Some(problem)) => Err(StoreLoss::Damaged { path: path.clone(), problem }),
            Err(error) if is_damage(&error) => {
                Err(StoreLoss::Damaged { path: path.clone(), problem: error.to_string() })
            }
            Ok(None) | Err(_) => Ok(()),
        }
    }
}
