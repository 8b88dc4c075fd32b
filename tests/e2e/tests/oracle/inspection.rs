//! Reading, by plans and checks, which must change nothing.

use std::path::Path;
use std::sync::Arc;

use rand::RngExt;
use rand::rngs::StdRng;
use sandbox::ControlClient;
use serde_json::{Value, json};
use sync_config::Config;
use sync_daemon::{Connection, ThisProcess, compare_schemas};
use sync_engine::{NoopProgress, RunFilter, RunKind, RunState, Subject};
use sync_model::UserId;
use tokio_util::sync::CancellationToken;

/// A way to inspect a connection.
#[derive(Debug, Clone)]
pub(crate) enum Inspection {
    Plan,
    PlanOf(String),
    Verify,
    Compare,
    Doctor,
}

impl Inspection {
    pub(crate) fn draw(dice: &mut StdRng, user: String) -> Self {
        match dice.random_range(0..5) {
            0 => Self::Plan,
            1 => Self::PlanOf(user),
            2 => Self::Verify,
            3 => Self::Compare,
            _ => Self::Doctor,
        }
    }

    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Plan => "inspection: plan",
            Self::PlanOf(_) => "inspection: plan of one user",
            Self::Verify => "inspection: verify",
            Self::Compare => "inspection: schemas compared",
            Self::Doctor => "inspection: doctor",
        }
    }

    /// Looks, however that ends.
    pub(crate) async fn make(self, connection: Arc<Connection>, config: Arc<Config>) {
        let settings = config.connections.values().next().unwrap();
        let (engine, stop) = (connection.engine(), CancellationToken::new());
        match self {
            Self::Plan => {
                if let Ok(plan) = engine.plan(&NoopProgress, &stop).await {
                    let _ = engine.changes(&plan, None, 50).await;
                    let _ = engine.discard(plan).await;
                }
            }
            Self::PlanOf(user) => {
                let _ = engine.targeted_plan(&[Subject::User(UserId::new(user))], &NoopProgress, &stop).await;
            }
            Self::Verify => drop(engine.verify(connection.has_hook()).await),
            Self::Compare => drop(compare_schemas(settings).await),
            Self::Doctor => {
                diagnostics::examine_one(&config, Path::new("oracle.toml"), settings, &ThisProcess).await;
            }
        }
    }
}

/// Everything that looking must not change, while nothing follows: the structure and the executions in Assets, and what is known in
/// the store. Deliveries that the stopped process still has in its hands may be stored.
pub(crate) async fn fixed(control: &ControlClient, connection: &Connection) -> Value {
    let status = connection.status(0).await.unwrap();
    // The status shows no time ahead of the clock, which may have been set back.
    let last = async |kind| {
        let filter = RunFilter {
            kind: Some(kind),
            state: Some(RunState::Succeeded),
            limit: 1,
            ..RunFilter::default()
        };
        connection.runs(&filter).await.unwrap().first().map(|run| run.started_at)
    };
    json!({
        "structure": control.get("/insight/document").await.unwrap(),
        "executions": control.get("/insight/executions").await.unwrap().as_array().map(Vec::len),
        "objects": status.objects,
        "unsent": [status.event_queue.unconfirmed_records, status.event_queue.doubted, status.event_queue.blocked, status.event_queue.withheld],
        "withheld": status.withheld,
        "syncs": [last(RunKind::FullSync).await, last(RunKind::IncrementalSync).await],
    })
}
