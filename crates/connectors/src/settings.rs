//! The administrator's settings of the import source, read periodically.

use std::sync::Arc;
use std::time::Duration;

use insight_import_client::account::ImportSource;
use insight_import_client::{AssetsClient, ImportClient};
use tokio::sync::Mutex;
use tokio::time::Instant;

/// The time for which a response is valid: an administrator can change a setting at any time.
const FRESH: Duration = Duration::from_mins(1);
/// The same for a comparison.
const LATELY: Duration = Duration::from_secs(5);

/// The response and its time; `None` if it failed.
type Answer = (Instant, Option<Arc<ImportSource>>);

/// The settings of the import source. Atlassian doesn't document if an import token may read them, so the account reads
/// them if there is one.
#[derive(Debug, Clone)]
pub struct SourceSettings {
    import: ImportClient,
    account: Option<AssetsClient>,
    known: Arc<Mutex<Option<Answer>>>,
}

impl SourceSettings {
    /// The settings of the import source of a token.
    pub fn new(import: ImportClient, account: Option<AssetsClient>) -> Self {
        Self { import, account, known: Arc::default() }
    }

    /// The settings; `None` if they can't be read.
    pub async fn get(&self) -> Option<Arc<ImportSource>> {
        self.no_older_than(FRESH).await
    }

    /// The same for a comparison.
    pub(crate) async fn lately(&self) -> Option<Arc<ImportSource>> {
        self.no_older_than(LATELY).await
    }

    /// The same before a deletion of objects: settings that are read now. If neither credential may read them, the
    /// request isn't repeated soon.
    pub(crate) async fn now(&self) -> Option<Arc<ImportSource>> {
        self.no_older_than(Duration::ZERO).await
    }

    /// Invalidates the response after an import contradicted it, so that it is read again before the next.
    pub(crate) async fn invalidate(&self) {
        *self.known.lock().await = None;
    }

    async fn no_older_than(&self, age: Duration) -> Option<Arc<ImportSource>> {
        let mut known = self.known.lock().await;
        if let Some((at, source)) = &*known
            && at.elapsed() < if source.is_some() { age } else { FRESH }
        {
            return source.clone();
        }
        let read = match self.read().await {
            Ok(source) => Some(Arc::new(source)),
            Err(error) => {
                tracing::debug!(error = %sync_engine::error_chain(&error), "could not read the settings of the import source");
                None
            }
        };
        *known = Some((Instant::now(), read.clone()));
        read
    }

    async fn read(&self) -> insight_import_client::Result<ImportSource> {
        match &self.account {
            Some(account) => account.import_source(&self.import.source_id().await?).await,
            None => self.import.settings().await,
        }
    }
}
