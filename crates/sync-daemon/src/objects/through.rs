//! The mapping that an object is displayed with. It is compared separately, and doesn't change the mapping that records
//! are built by.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::objects::lookup::{Compared, Lookup, Through};
use crate::objects::okta;

/// The time for which a comparison is valid while there is no active mapping to compare it with.
const FRESH: Duration = Duration::from_mins(1);

impl Lookup {
    /// Both sides through the mapping; `None` if the schemas can't be compared. They are compared if they weren't yet,
    /// or if the `in_force` mapping has changed.
    pub(super) async fn through(&self, in_force: Option<String>, patience: Duration) -> Option<Through> {
        if let Some(compared) = &*self.compared.lock().unwrap_or_else(PoisonError::into_inner)
            && compared.in_force == in_force
            && (in_force.is_some() || compared.at.elapsed() < FRESH)
        {
            return Some(compared.through.clone());
        }
        let reason = match tokio::time::timeout(patience, self.structure.fitted()).await {
            Ok(Ok(mapping)) => {
                let mapping = Arc::new(mapping);
                let (lens, assets) =
                    (self.sides.lens(Arc::clone(&mapping)), self.sides.objects(Arc::clone(&mapping)));
                let through = Through { mapping, lens, assets };
                let compared = Compared { in_force, at: Instant::now(), through: through.clone() };
                *self.compared.lock().unwrap_or_else(PoisonError::into_inner) = Some(compared);
                return Some(through);
            }
            Ok(Err(error)) => sync_engine::error_chain(&error),
            Err(_) => okta::late(patience),
        };
        tracing::debug!(error = %reason, "showing objects without the names of their attributes");
        None
    }
}
