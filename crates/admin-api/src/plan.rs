//! The rendered plan.

use serde::{Deserialize, Serialize};
use sync_engine::{Fact, Finding, ObjectChange, Outstanding, Safeguards, SyncPlan, UnconfirmedRecord};
use sync_model::ConnectionName;

/// A plan with its objects and outstanding work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PlanView {
    /// The connection.
    pub connection: ConnectionName,
    /// The plan.
    #[serde(flatten)]
    pub plan: SyncPlan,
    /// Safeguards that a sync would exceed.
    #[serde(default)]
    pub violations: Vec<Finding>,
    /// Outstanding work of earlier runs.
    #[serde(default)]
    pub outstanding: Outstanding,
    /// Unconfirmed records, up to the listed number.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unconfirmed: Vec<UnconfirmedRecord>,
    /// The objects, up to the requested number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub objects: Option<Vec<ObjectChange>>,
}

impl PlanView {
    /// A plan, with its violations and without its objects.
    pub fn of(connection: &ConnectionName, plan: SyncPlan, limits: &Safeguards) -> Self {
        let violations = plan.refusals(limits).into_iter();
        let violations =
            violations.map(|violation| Finding::error(Fact::SafeguardTriggered { violation })).collect();
        Self {
            connection: connection.clone(),
            plan,
            violations,
            outstanding: Outstanding::default(),
            unconfirmed: Vec::new(),
            objects: None,
        }
    }

    /// True if a sync would have nothing to send, and nothing is left undone.
    pub fn is_empty(&self) -> bool {
        self.plan.changes() == 0 && self.outstanding.is_empty()
    }
}
