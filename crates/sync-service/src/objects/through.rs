//! The mapping that an object is shown by. A look compares for itself, and changes no mapping that records are made by.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use schema_mapper::Mapping;
use tokio::time::Instant;

use super::{Lookup, okta};
use crate::adapters::{AssetsObjects, Projection};

/// How long a comparison is good for while no mapping is in force that it could be held against.
const FRESH: Duration = Duration::from_mins(1);

/// Both sides through the mapping of a look.
#[derive(Clone)]
pub(super) struct Through {
    pub(super) mapping: Arc<Mapping>,
    pub(super) lens: Projection,
    /// `None` without an account.
    pub(super) assets: Option<AssetsObjects>,
}

/// A comparison, and the version of the mapping that was in force then.
pub(crate) struct Compared {
    in_force: Option<String>,
    at: Instant,
    through: Through,
}

impl Lookup {
    /// Both sides through the mapping; `None` where the schemas cannot be compared. They are compared when no look did, or
    /// another mapping is `in_force` by now.
    pub(super) async fn through(&self, in_force: Option<String>, patience: Duration) -> Option<Through> {
        if let Some(compared) = &*self.compared.lock().unwrap_or_else(PoisonError::into_inner)
            && compared.in_force == in_force
            && (in_force.is_some() || compared.at.elapsed() < FRESH)
        {
            return Some(compared.through.clone());
        }
        let reason = match tokio::time::timeout(patience, self.structure.settled()).await {
            Ok(Ok(mapping)) => {
                let mapping = Arc::new(mapping);
                let (lens, assets) =
                    (self.sides.lens(Arc::clone(&mapping)), self.sides.objects(Arc::clone(&mapping)));
                let through = Through { mapping, lens, assets };
                let compared = Compared { in_force, at: Instant::now(), through: through.clone() };
                *self.compared.lock().unwrap_or_else(PoisonError::into_inner) = Some(compared);
                return Some(through);
            }
            Ok(Err(error)) => crate::error_chain(&error),
            Err(_) => okta::late(patience),
        };
        tracing::debug!(error = %reason, "objects are shown without the names of their attributes");
        None
    }
}
