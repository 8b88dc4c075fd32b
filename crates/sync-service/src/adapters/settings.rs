//! What an administrator set at the import source, read now and then.

use std::sync::Arc;
use std::time::Duration;

use insight_import_client::account::ImportSource;
use insight_import_client::{AssetsClient, ImportClient};
use tokio::sync::Mutex;
use tokio::time::Instant;

/// How long an answer is good for: an administrator may change a setting at any time.
const FRESH: Duration = Duration::from_mins(1);

/// The settings of the import source. Atlassian does not say whether an import token may read them, so the account is
/// asked where there is one.
#[derive(Debug, Clone)]
pub(crate) struct SourceSettings {
    import: ImportClient,
    account: Option<AssetsClient>,
    known: Arc<Mutex<Option<Known>>>,
}

/// When they were asked for, and what they were.
type Known = (Instant, Option<Arc<ImportSource>>);

impl SourceSettings {
    pub(crate) fn new(import: ImportClient, account: Option<AssetsClient>) -> Self {
        Self { import, account, known: Arc::default() }
    }

    /// The settings; `None` where nobody may read them.
    pub(crate) async fn get(&self) -> Option<Arc<ImportSource>> {
        let mut known = self.known.lock().await;
        if let Some((at, source)) = &*known
            && at.elapsed() < FRESH
        {
            return source.clone();
        }
        let read = match self.read().await {
            Ok(source) => Some(Arc::new(source)),
            Err(error) => {
                tracing::debug!(error = %crate::explain(&error), "the settings of the import source cannot be read");
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
