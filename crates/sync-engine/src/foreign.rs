//! Executions that the store doesn't contain: an older backup was restored, or another program also sends.

use std::sync::atomic::Ordering;

use crate::{EngineError, LostValues, MappingView, Place, Subject, engine::Engine};

impl Engine {
    /// Holds the latest execution of the import source against the store, once in the life of a process. One that the
    /// store does not know may have changed anything since: everything is sent again.
    pub(crate) async fn notice_foreign(&self, view: &MappingView, ask: bool) -> Result<(), EngineError> {
        if self.executions_compared.load(Ordering::Relaxed) || !self.has_begun().await? {
            return Ok(());
        }
        let latest = match view.importer.latest().await {
            Ok(latest) => latest,
            Err(error) => {
                tracing::debug!(error = %crate::error_chain(&error), "the latest execution is not known");
                // Asked again at the next comparison, unless it is not answered to this credential.
                self.executions_compared.store(!error.is_transient(), Ordering::Relaxed);
                return Ok(());
            }
        };
        if let Some(id) = latest
            && !self.ports.store.knows_execution(&id).await?
            && let Some(place) = self.ports.store.place().await?
        {
            tracing::warn!(
                execution = %id,
                "an import that this store does not know came last: an older copy of the store, or another program; \
                 everything is sent again"
            );
            let place = Place { doubts: place.doubts + 1, ..place };
            let subject = ask.then_some(Subject::EntireDirectory);
            let store = &self.ports.store;
            store.save_place(&place, Some(&LostValues::Everything), subject.as_ref(), self.now()).await?;
        }
        self.executions_compared.store(true, Ordering::Relaxed);
        Ok(())
    }
}
