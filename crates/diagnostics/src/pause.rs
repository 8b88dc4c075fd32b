//! A pause of sends.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A pause of sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Pause {
    /// The time at which it ends; `None` if an administrator must end it.
    pub until: Option<Timestamp>,
}

impl Pause {
    /// The stored end of a pause without an end: the year 9999.
    pub const ENDLESS: Timestamp = Timestamp::constant(253_370_764_800, 0);

    /// The pause with this stored end.
    pub fn from_stored(until: Timestamp) -> Self {
        Self { until: Some(until).filter(|until| *until < Self::ENDLESS) }
    }
}
