//! Plans of a connection.

use admin_api::PlanView;
use sync_engine::{ProgressSink, Safeguards, SyncPlan};
use tokio_util::sync::CancellationToken;

use crate::connection::Connection;
use crate::error::ServiceError;

/// The number of listed unconfirmed records.
const LISTED: u32 = 20;

impl Connection {
    /// A plan with its violations and the outstanding work of earlier runs, and without its objects.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn plan_view(&self, plan: SyncPlan, limits: &Safeguards) -> Result<PlanView, ServiceError> {
        let mut view = PlanView::of(self.name(), plan, limits);
        view.outstanding = self.engine().outstanding().await?;
        view.unconfirmed = self.store.unconfirmed(LISTED).await?;
        Ok(view)
    }

    /// Creates a plan of a full sync, with this number of its objects.
    ///
    /// # Errors
    /// When the directory, the importer, or the store fails.
    pub async fn make_plan(
        &self,
        limits: &Safeguards,
        objects: u32,
        progress: &dyn ProgressSink,
        stop: &CancellationToken,
    ) -> Result<PlanView, ServiceError> {
        let engine = self.engine();
        let plan = engine.plan(progress, stop).await?;
        let changes = engine.changes(&plan, None, objects).await?;
        let mut shown = self.plan_view(plan.clone(), limits).await?;
        shown.objects = Some(changes);
        engine.discard(plan).await?;
        Ok(shown)
    }
}
