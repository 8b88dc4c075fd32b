//! Executions that the store doesn't contain: an older backup was restored, or another program also sends.

use std::sync::atomic::Ordering;

use crate::domain::error::{EngineError, error_chain};
use crate::domain::inbox::Subject;
use crate::domain::place::{LostValues, Place};
use crate::import::confirmations::Confirmations;
use crate::ports::view::MappingView;

impl Confirmations {
    /// Compares the latest execution of the import source with the store, once per process. An unknown execution may
    /// have changed any object: everything is resent.
    pub(crate) async fn notice_foreign(&self, view: &MappingView, enqueue: bool) -> Result<(), EngineError> {
        if self.executions_compared.load(Ordering::Relaxed) || !self.context.has_started_sync().await? {
            return Ok(());
        }
        let latest = match view.importer.latest().await {
            Ok(latest) => latest,
            Err(error) => {
                tracing::debug!(error = %error_chain(&error), "could not read the latest execution");
                // The next comparison reads it again, unless this credential isn't permitted to.
                self.executions_compared.store(!error.is_transient(), Ordering::Relaxed);
                return Ok(());
            }
        };
        if let Some(id) = latest
            && !self.context.store().knows_execution(&id).await?
            && let Some(place) = self.context.store().place().await?
        {
            tracing::warn!(
                execution = %id,
                "the state store doesn't contain the latest import: the store is an older copy, or another program \
                 imported data; resending all objects"
            );
            let place = Place { doubts: place.doubts + 1, ..place };
            let subject = enqueue.then_some(Subject::EntireDirectory);
            let store = self.context.store();
            store
                .save_place(&place, Some(&LostValues::Everything), subject.as_ref(), self.context.now())
                .await?;
        }
        self.executions_compared.store(true, Ordering::Relaxed);
        Ok(())
    }
}
