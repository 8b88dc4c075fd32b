//! A value problem that a run counted.

use serde::{Deserialize, Serialize};
use sync_model::ValueProblem;

/// A problem, its count, and an example.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ValueProblemCount {
    /// The problem.
    #[serde(flatten)]
    pub problem: ValueProblem,
    /// The number of values.
    pub count: u64,
    /// The ID of the first object that has one.
    pub example: String,
}
