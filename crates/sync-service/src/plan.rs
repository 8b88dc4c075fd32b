//! The rendered plan.

use serde::{Deserialize, Serialize};
use sync_engine::{
    Fact, Finding, ObjectChange, Outstanding, ProgressSink, Safeguards, SyncPlan, UnconfirmedRecord,
};
use sync_model::ConnectionName;
use tokio_util::sync::CancellationToken;

use crate::{Connection, ServiceError};

/// The number of listed unconfirmed records.
const LISTED: u32 = 20;

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
    pub fn of(connection: &Connection, plan: SyncPlan, limits: &Safeguards) -> Self {
        let violations = plan.refusals(limits).into_iter();
        let violations =
            violations.map(|violation| Finding::error(Fact::SafeguardTriggered { violation })).collect();
        Self {
            connection: connection.name().clone(),
            plan,
            violations,
            outstanding: Outstanding::default(),
            unconfirmed: Vec::new(),
            objects: None,
        }
    }

    /// Adds what earlier runs left undone.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn with_outstanding(mut self, connection: &Connection) -> Result<Self, ServiceError> {
        self.outstanding = connection.engine().outstanding().await?;
        self.unconfirmed = connection.store.unconfirmed(LISTED).await?;
        Ok(self)
    }

    /// True if a sync would have nothing to send, and nothing is left undone.
    pub fn is_empty(&self) -> bool {
        self.plan.changes() == 0 && self.outstanding.is_empty()
    }

    /// Creates a plan of a full sync, with this number of its objects.
    ///
    /// # Errors
    /// When the directory, the importer, or the store fails.
    pub async fn make(
        connection: &Connection,
        limits: &Safeguards,
        objects: u32,
        progress: &dyn ProgressSink,
        stop: &CancellationToken,
    ) -> Result<Self, ServiceError> {
        let engine = connection.engine();
        let plan = engine.plan(progress, stop).await?;
        let changes = engine.changes(&plan, None, objects).await?;
        let mut shown = Self::of(connection, plan.clone(), limits).with_outstanding(connection).await?;
        shown.objects = Some(changes);
        engine.discard(plan).await?;
        Ok(shown)
    }
}
