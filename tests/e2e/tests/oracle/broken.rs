//! The engine with a rule switched off.

use std::sync::Arc;

use async_trait::async_trait;
use sync_service::engine::{
    EngineOptions, EventFeed, Execution, ExecutionState, FeedPage, FeedPosition, Importer, Outcome,
    PortError, Ports, SourceState,
};
use sync_service::model::{ExecutionId, ObjectKind, Record};

/// A rule that is not kept.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Broken {
    /// "Done" is taken for success: what Assets dropped counts as confirmed.
    ConfirmsWhateverIsDone,
    /// The log's place is remembered, and some of its events are not.
    SkipsEventsOfTheLog,
    /// An empty value is left out of a record, so that Assets keeps the old one.
    ForgetsToClear,
}

impl Broken {
    pub(crate) const ALL: [Self; 3] =
        [Self::ConfirmsWhateverIsDone, Self::SkipsEventsOfTheLog, Self::ForgetsToClear];

    pub(crate) fn apply(self, ports: &mut Ports, _options: &mut EngineOptions) {
        match self {
            Self::SkipsEventsOfTheLog => {
                if let Some(feed) = ports.feed.take() {
                    ports.feed = Some(Arc::new(Lossy(feed)));
                }
            }
            Self::ConfirmsWhateverIsDone | Self::ForgetsToClear => {
                ports.importer = Arc::new(Careless { importer: Arc::clone(&ports.importer), broken: self });
            }
        }
    }
}

struct Lossy(Arc<dyn EventFeed>);

#[async_trait]
impl EventFeed for Lossy {
    async fn poll(&self, from: &FeedPosition) -> Result<FeedPage, PortError> {
        let mut page = self.0.poll(from).await?;
        page.events.retain(|event| !event.event_type.starts_with("user.lifecycle.delete"));
        Ok(page)
    }

    fn retention(&self) -> jiff::SignedDuration {
        self.0.retention()
    }
}

struct Careless {
    importer: Arc<dyn Importer>,
    broken: Broken,
}

#[async_trait]
impl Importer for Careless {
    async fn state(&self) -> Result<SourceState, PortError> {
        self.importer.state().await
    }

    async fn removes_missing(&self) -> Result<Option<bool>, PortError> {
        self.importer.removes_missing().await
    }

    async fn start(&self) -> Result<Box<dyn Execution>, PortError> {
        let execution = self.importer.start().await?;
        Ok(Box::new(CarelessExecution { execution, broken: self.broken, sent: Vec::new() }))
    }

    async fn awaits_records(&self) -> Result<Option<ExecutionId>, PortError> {
        self.importer.awaits_records().await
    }

    async fn execution(&self, id: &ExecutionId) -> Result<ExecutionState, PortError> {
        self.importer.execution(id).await
    }

    async fn cancel(&self, id: &ExecutionId, reason: &str) -> Result<(), PortError> {
        self.importer.cancel(id, reason).await
    }
}

struct CarelessExecution {
    execution: Box<dyn Execution>,
    broken: Broken,
    sent: Vec<ObjectKind>,
}

#[async_trait]
impl Execution for CarelessExecution {
    fn id(&self) -> &ExecutionId {
        self.execution.id()
    }

    async fn submit(&mut self, mut records: Vec<Record>) -> Result<u64, PortError> {
        self.sent.extend(records.iter().map(|record| record.key.kind));
        if matches!(self.broken, Broken::ForgetsToClear) {
            for record in &mut records {
                record
                    .fields
                    .retain(|_, value| !value.is_null() && *value != "" && *value != serde_json::json!([]));
            }
        }
        self.execution.submit(records).await
    }

    async fn complete(self: Box<Self>) -> Result<Outcome, PortError> {
        let Self { execution, broken, sent } = *self;
        let mut outcome = execution.complete().await?;
        if matches!(broken, Broken::ConfirmsWhateverIsDone) {
            outcome.ok = true;
            for t in &mut outcome.types {
                let count = sent.iter().filter(|kind| Some(**kind) == t.kind).count() as u64;
                (t.entries, t.created, t.updated, t.identical) = (count, count, 0, 0);
            }
        }
        Ok(outcome)
    }

    async fn cancel(self: Box<Self>, reason: &str) -> Result<(), PortError> {
        self.execution.cancel(reason).await
    }
}
