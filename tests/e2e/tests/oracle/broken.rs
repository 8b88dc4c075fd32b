//! The engine with a rule switched off.

use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::BoxStream;
use jiff::Timestamp;
use sync_service::engine::{
    Cursor, Directory, EngineOptions, EventFeed, Execution, ExecutionState, FeedPage, FeedPosition, Importer,
    KeptValue, MappingView, Observed, ObservedGroup, ObservedUser, Outcome, Page, PortError, Ports,
    SourceState, Submitted, with_views,
};
use sync_service::model::{Departure, ExecutionId, GroupId, ObjectKind, Record, UserId};

/// A rule that is not kept.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Broken {
    /// "Done" is taken for success: what Assets dropped counts as confirmed.
    ConfirmsWhateverIsDone,
    /// The log's place is remembered, and some of its events are not.
    SkipsEventsOfTheLog,
    /// An empty value is left out of a record, so that Assets keeps the old one.
    ForgetsToClear,
    /// What is gone in Okta is not marked in Assets.
    LeavesTheDeadAlive,
}

impl Broken {
    pub(crate) const ALL: [Self; 4] = [
        Self::ConfirmsWhateverIsDone,
        Self::SkipsEventsOfTheLog,
        Self::ForgetsToClear,
        Self::LeavesTheDeadAlive,
    ];

    /// What has to go wrong for the rule to matter.
    pub(crate) const fn weather(self) -> &'static str {
        match self {
            Self::ConfirmsWhateverIsDone => "executions.drop=0.5,executions.fail=0.3",
            Self::SkipsEventsOfTheLog => "hooks.lost=1",
            Self::ForgetsToClear | Self::LeavesTheDeadAlive => "okta.latency=0..5@0.1",
        }
    }

    pub(crate) fn apply(self, ports: &mut Ports, _options: &mut EngineOptions) {
        match self {
            Self::SkipsEventsOfTheLog => {
                if let Some(feed) = ports.feed.take() {
                    ports.feed = Some(Arc::new(Lossy(feed)));
                }
            }
            Self::LeavesTheDeadAlive => {
                ports.structure = with_views(Arc::clone(&ports.structure), move |view| MappingView {
                    directory: Arc::new(Misled { directory: Arc::clone(&view.directory) }),
                    ..view
                });
            }
            Self::ConfirmsWhateverIsDone | Self::ForgetsToClear => {
                ports.structure = with_views(Arc::clone(&ports.structure), move |view| MappingView {
                    importer: Arc::new(Careless { importer: Arc::clone(&view.importer), broken: self }),
                    ..view
                });
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

    fn time(&self) -> Option<Timestamp> {
        self.0.time()
    }

    fn retention(&self) -> jiff::SignedDuration {
        self.0.retention()
    }
}

struct Misled {
    directory: Arc<dyn Directory>,
}

#[async_trait]
impl Directory for Misled {
    async fn groups(
        &self,
        since: Option<Timestamp>,
        from: Option<&Cursor>,
    ) -> Result<Page<ObservedGroup>, PortError> {
        self.directory.groups(since, from).await
    }

    fn members(&self, group: &GroupId) -> BoxStream<'static, Result<UserId, PortError>> {
        self.directory.members(group)
    }

    async fn users(
        &self,
        since: Option<Timestamp>,
        from: Option<&Cursor>,
    ) -> Result<Page<ObservedUser>, PortError> {
        self.directory.users(since, from).await
    }

    async fn user(&self, id: &UserId) -> Result<Option<ObservedUser>, PortError> {
        self.directory.user(id).await
    }

    async fn groups_of(&self, id: &UserId) -> Result<Option<Vec<GroupId>>, PortError> {
        self.directory.groups_of(id).await
    }

    async fn group(&self, id: &GroupId) -> Result<Option<ObservedGroup>, PortError> {
        self.directory.group(id).await
    }

    fn is_implied(&self, group: &GroupId) -> bool {
        self.directory.is_implied(group)
    }

    fn join(&self, user: Observed, groups: &[GroupId]) -> Observed {
        self.directory.join(user, groups)
    }

    fn retire(&self, last: &Record, _: Departure) -> Record {
        last.clone()
    }

    fn label(&self, kind: ObjectKind) -> Option<String> {
        self.directory.label(kind)
    }

    fn selection(&self) -> String {
        self.directory.selection()
    }

    fn brings_in(&self, group: &GroupId) -> bool {
        self.directory.brings_in(group)
    }

    fn time(&self) -> Option<Timestamp> {
        self.directory.time()
    }

    fn requests(&self) -> u64 {
        self.directory.requests()
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

    async fn keeps(&self, changes: &[(&Record, &Record)]) -> Vec<KeptValue> {
        self.importer.keeps(changes).await
    }

    async fn removes_empty(&self) -> bool {
        self.importer.removes_empty().await
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

    async fn submit(&mut self, mut records: Vec<Record>) -> Result<Submitted, PortError> {
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
