//! The application of events and work items.

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use crate::domain::alert::AlertKind;
use crate::domain::error::EngineError;
use crate::domain::finding::Finding;
use crate::domain::finding::fact::Fact;
use crate::domain::task::Task;
use crate::domain::task_status::ActivationReason;
use crate::driver::task::{Activated, BackgroundTask};
use crate::engine::Engine;
use crate::tasks::outcome::activated;
use crate::tasks::run_log::log_run;

/// Processes due events, then unconfirmed records.
pub(crate) struct EventsTask<'e> {
    pub(crate) engine: &'e Engine,
}

#[async_trait]
impl BackgroundTask for EventsTask<'_> {
    async fn activate(&mut self, _: ActivationReason, stop: &CancellationToken) -> Activated {
        activated(Task::Events, self.engine.drain(stop).await)
    }

    fn ends_in_order(&self) -> bool {
        true
    }
}

impl Engine {
    async fn drain(&self, stop: &CancellationToken) -> Result<(), EngineError> {
        self.clock.watch().await?;
        while !self.clock.is_paused().await? {
            if let Some(report) = self.events.process(stop).await? {
                log_run("events applied", &report);
            } else if let Some(report) = self.imports.send_unconfirmed(stop).await? {
                log_run("resent records", &report);
                self.alert_on_rejected().await?;
            } else if self.imports.clear_stale_values(&self.schemas.active_view().await?, stop).await? == 0 {
                break;
            }
        }
        Ok(())
    }

    async fn alert_on_rejected(&self) -> Result<(), EngineError> {
        let records = self.context.store().event_queue_counts().await?.rejected_records;
        if records > 0 {
            let finding = Finding::error(Fact::RecordsRejected { records, error: None });
            self.context.alert(AlertKind::RecordsRejected, finding);
        }
        Ok(())
    }
}
