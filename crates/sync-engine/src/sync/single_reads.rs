//! Reads of single objects, of which some fail.

use crate::domain::error::{EngineError, PortError, error_chain};
use crate::ports::view::MappingView;
use crate::sync::fetched::Failure;
use crate::sync::read::Reads;

/// The most objects that a stage leaves for failures that any object can meet; with more the objects are not at fault.
const MOST_LEFT: usize = 50;

/// Reads of single objects in a stage. One that fails is left for later; where none gets through, it is an outage.
#[derive(Default)]
pub(crate) struct SingleReads {
    left: usize,
    /// The first failure since the last response that concerns any object.
    unanswered: Option<PortError>,
}

impl SingleReads {
    pub(crate) fn answered(&mut self) {
        self.unanswered = None;
    }

    /// Defers an object.
    ///
    /// # Errors
    /// The failure, if it says nothing about the object.
    pub(crate) fn defer(&mut self, error: EngineError) -> Result<Failure, EngineError> {
        let EngineError::Directory(error) = error else { return Err(error) };
        let failure = Failure { reason: error_chain(&error), transient: error.is_transient() };
        if !error.is_single_record() {
            self.left += 1;
            if self.left > MOST_LEFT {
                return Err(EngineError::Directory(error));
            }
            self.unanswered.get_or_insert(error);
        }
        Ok(failure)
    }
}

impl Reads {
    /// Proves that the directory still responds after the last reads of single objects failed.
    ///
    /// # Errors
    /// The failure of those reads, if the directory doesn't respond.
    pub(crate) async fn prove_answers(
        &self,
        view: &MappingView,
        reads: SingleReads,
    ) -> Result<(), EngineError> {
        let Some(error) = reads.unanswered else { return Ok(()) };
        let directory = &view.directory;
        // The smallest listing.
        let since = directory.time().unwrap_or_else(|| self.context.now());
        directory.groups(Some(since), None).await.map(drop).map_err(|_| EngineError::Directory(error))
    }
}
