//! Objects that the import source deleted although no import may.

use crate::domain::alert::AlertKind;
use crate::domain::error::EngineError;
use crate::domain::finding::Finding;
use crate::domain::finding::fact::Fact;
use crate::domain::import::Outcome;
use crate::domain::inbox::Subject;
use crate::import::confirmations::Confirmations;

impl Confirmations {
    /// The import source deleted objects that an import of changes didn't contain: that option was enabled after the
    /// last check. No confirmed record can be trusted, so all objects are read and resent.
    pub(crate) async fn check_removed(&self, outcome: &Outcome) -> Result<(), EngineError> {
        let deleted = outcome.missing_deleted();
        if deleted > 0 {
            let finding = Finding::error(Fact::ObjectsDeleted { objects: deleted });
            self.context.alert(AlertKind::SafeguardTriggered, finding);
            self.context.store().mark_all_for_resend().await?;
            self.context.store().enqueue(&Subject::EntireDirectory, self.context.now()).await?;
        }
        Ok(())
    }

    /// The same for the records of the execution itself: they exist, but their referenced objects may not.
    pub(crate) async fn resend_after_missing_references(&self, outcome: &Outcome) -> Result<(), EngineError> {
        if outcome.missing_deleted() > 0 {
            self.context.store().mark_all_for_resend().await?;
        }
        Ok(())
    }
}
