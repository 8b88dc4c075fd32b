//! The site as the self-test uses it: executions with test objects, and what Assets has afterward.

use std::time::Duration;

use serde_json::Value;
use sync_model::{GroupId, ObjectKind, Record, RecordKey, RetireReason, UserId};
use tokio_util::sync::CancellationToken;

use crate::domain::error::{EngineError, PortError};
use crate::domain::import::{Outcome, Submitted};
use crate::domain::report::RunReport;
use crate::engine::active::ActiveRun;
use crate::engine::locks::ExecutionGuard;
use crate::import::imports::Imports;
use crate::ports::target_objects::TargetObjects;
use crate::ports::view::MappingView;

/// The pauses between two reads of an object until the index of Assets shows the last execution.
const INDEX_LAG: [Duration; 6] = [
    Duration::from_millis(200),
    Duration::from_millis(800),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
    Duration::from_secs(15),
];
/// The pause before a value that differs is read again: an object's references may follow its values.
const REFERENCE_LAG: Duration = Duration::from_secs(2);

/// The reason in the history of the execution that only tests the size of a chunk.
const CANCELED: &str = "canceled: a self-test of the size of chunks";

/// The test objects, and two groups that don't exist. Their IDs have only letters and digits, as Okta's do, because another
/// character could break the search for a reference; they are longer than Okta's.
pub(super) struct TestObjects {
    pub(super) users: [UserId; 2],
    /// The ID of the second user in uppercase.
    pub(super) uppercase_user: UserId,
    pub(super) groups: [GroupId; 2],
    /// Groups that don't exist, before and after the others in any order of IDs.
    pub(super) missing_groups: [GroupId; 2],
}

impl TestObjects {
    fn new() -> Self {
        let user = |n: u8| UserId::new(format!("oktainsightselftestuser{n}"));
        let group = |n: u8| GroupId::new(format!("oktainsightselftestgroup{n}"));
        Self {
            users: [user(1), user(2)],
            uppercase_user: UserId::new(user(2).as_str().to_uppercase()),
            groups: [group(1), group(2)],
            missing_groups: [group(0), group(3)],
        }
    }

    fn keys(&self) -> Vec<RecordKey> {
        let users = self.users.iter().chain([&self.uppercase_user]).map(RecordKey::user);
        users.chain(self.groups.iter().map(RecordKey::group)).collect()
    }
}

/// An observation of objects with the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    /// Assets has the values.
    Present,
    /// Assets has other values.
    Different,
    /// Assets doesn't return the objects as the last execution left them.
    NotReturned,
}

/// The site during a self-test.
pub(super) struct Site<'t> {
    pub(super) objects: TestObjects,
    imports: &'t Imports,
    guard: &'t ExecutionGuard<'t>,
    run: &'t ActiveRun,
    report: &'t mut RunReport,
    stop: &'t CancellationToken,
    /// The number of the last execution. The labels of users contain it.
    execution: u32,
}

impl<'t> Site<'t> {
    pub(super) fn new(
        imports: &'t Imports,
        guard: &'t ExecutionGuard<'t>,
        run: &'t ActiveRun,
        report: &'t mut RunReport,
        stop: &'t CancellationToken,
    ) -> Self {
        Self { objects: TestObjects::new(), imports, guard, run, report, stop, execution: 0 }
    }

    /// The view of the run.
    pub(super) const fn view(&self) -> &'t MappingView {
        &self.run.view
    }

    /// The account, if there is one.
    pub(super) fn account(&self) -> Option<&'t dyn TargetObjects> {
        self.run.view.objects.as_deref()
    }

    /// Imports records in an execution of their own, to its end. The labels of users get its number.
    ///
    /// # Errors
    /// When the importer fails, or rejects the records.
    pub(super) async fn import(
        &mut self,
        view: &MappingView,
        records: Vec<Record>,
    ) -> Result<Outcome, EngineError> {
        self.execution += 1;
        let records = records.into_iter().map(|record| self.labeled(view, record)).collect();
        let context = &self.imports.context;
        let mut execution = self.imports.start(self.guard, view, self.stop).await?;
        let id = execution.id().clone();
        context.store().open_execution(self.run.id, &id, context.now()).await?;
        let submitted = execution.submit(records).await.map_err(EngineError::Import);
        let submitted = match submitted.and_then(accepted) {
            Ok(submitted) => submitted,
            Err(error) => {
                self.imports.give_up(execution, &id, &error).await;
                return Err(error);
            }
        };
        self.report.chunks += submitted.chunks;
        let outcome = tokio::select! {
            () = self.stop.cancelled() => return Err(EngineError::Interrupted),
            outcome = execution.complete() => outcome.map_err(EngineError::Import)?,
        };
        context.store().close_execution(&id, context.now()).await?;
        self.report.executions += 1;
        self.imports.confirmations.check_removed(&outcome).await?;
        Ok(outcome)
    }

    /// True if records that fill a chunk are accepted as one chunk. The execution is canceled.
    ///
    /// # Errors
    /// When the importer fails.
    pub(super) async fn accepts_chunk(
        &mut self,
        view: &MappingView,
        records: Vec<Record>,
    ) -> Result<bool, EngineError> {
        let context = &self.imports.context;
        let mut execution = self.imports.start(self.guard, view, self.stop).await?;
        let id = execution.id().clone();
        context.store().open_execution(self.run.id, &id, context.now()).await?;
        let submitted = execution.submit(records).await.map_err(EngineError::Import);
        self.imports.give_up(execution, &id, CANCELED).await;
        let submitted = submitted?;
        Ok(submitted.chunks == 1 && submitted.rejected.is_empty())
    }

    /// Compares users of the last execution with Assets, once its index shows that execution.
    ///
    /// # Errors
    /// When Assets can't be read.
    pub(super) async fn seen(&self, view: &MappingView, users: &[Record]) -> Result<Seen, EngineError> {
        if !self.is_indexed(view, users).await? {
            return Ok(Seen::NotReturned);
        }
        if self.are_stored(view, users).await? {
            return Ok(Seen::Present);
        }
        self.pause(REFERENCE_LAG).await?;
        Ok(if self.are_stored(view, users).await? { Seen::Present } else { Seen::Different })
    }

    /// True if Assets returns the users with the labels of the last execution; waits for its index.
    ///
    /// # Errors
    /// When Assets can't be read.
    pub(super) async fn is_indexed(&self, view: &MappingView, users: &[Record]) -> Result<bool, EngineError> {
        let Some(label) = view.rules.label(ObjectKind::User) else { return Ok(true) };
        let labels: Vec<Record> =
            users.iter().map(|user| only(self.labeled(view, user.clone()), label)).collect();
        for pause in INDEX_LAG {
            if self.are_stored(view, &labels).await? {
                return Ok(true);
            }
            self.pause(pause).await?;
        }
        self.are_stored(view, &labels).await
    }

    async fn are_stored(&self, view: &MappingView, records: &[Record]) -> Result<bool, EngineError> {
        let stored = view.account()?.stored(records).await.map_err(EngineError::TargetObjects)?;
        Ok(records.iter().all(|record| stored.get(&record.key).is_some_and(Vec::is_empty)))
    }

    async fn pause(&self, time: Duration) -> Result<(), EngineError> {
        tokio::select! {
            () = self.stop.cancelled() => Err(EngineError::Interrupted),
            () = tokio::time::sleep(time) => Ok(()),
        }
    }

    /// A user with the number of the last execution in its label.
    fn labeled(&self, view: &MappingView, mut record: Record) -> Record {
        if let (ObjectKind::User, Some(label)) = (record.key.kind, view.rules.label(record.key.kind)) {
            let text = format!("Okta self-test ({})", self.execution);
            record.fields.insert(label.to_owned(), Value::from(text));
        }
        record
    }

    /// The number of objects with each of these IDs of users.
    pub(super) async fn count(
        &self,
        view: &MappingView,
        users: &[&UserId],
    ) -> Result<Vec<usize>, EngineError> {
        let keys: Vec<RecordKey> = users.iter().map(|user| RecordKey::user(user)).collect();
        let found = view.account()?.find(&keys).await.map_err(EngineError::TargetObjects)?;
        Ok(keys.iter().map(|key| found.get(key).map_or(0, Vec::len)).collect())
    }

    /// Deletes the test objects with the account. Without one, marks them as deleted.
    ///
    /// # Errors
    /// When Assets can't be reached, or rejects it.
    pub(super) async fn remove_test_objects(&mut self) -> Result<(), EngineError> {
        if self.account().is_some() {
            return self.delete_test_objects().await;
        }
        let view = self.view();
        let records = self.objects.users.iter().map(|user| view.rules.test_user(user, &[], ""));
        let records = records.chain(self.objects.groups.iter().map(|g| view.rules.test_group(g)));
        let marked = records.map(|record| view.rules.retire(&record, RetireReason::Deleted)).collect();
        let outcome = self.import(view, marked).await?;
        if outcome.ok {
            return Ok(());
        }
        let message = format!("could not mark the test objects as deleted: {}", outcome.reason());
        Err(EngineError::Import(PortError::new(message)))
    }

    /// Deletes the test objects; nothing without an account.
    ///
    /// # Errors
    /// When Assets can't be reached, or rejects it.
    pub(super) async fn delete_test_objects(&self) -> Result<(), EngineError> {
        let Some(account) = self.account() else { return Ok(()) };
        for key in self.objects.keys() {
            account.delete(&key).await.map_err(EngineError::TargetObjects)?;
        }
        Ok(())
    }
}

/// A record with one of its values.
pub(super) fn only(mut record: Record, field: &str) -> Record {
    record.fields.retain(|name, _| name == field);
    record
}

fn accepted(submitted: Submitted) -> Result<Submitted, EngineError> {
    match submitted.rejected.first() {
        Some(record) => {
            let message = format!("Assets rejected a test object: {}", record.reason);
            Err(EngineError::Import(PortError::new(message)))
        }
        None => Ok(submitted),
    }
}

/// True if an execution changed references of users.
pub(super) fn changed_users(outcome: &Outcome) -> bool {
    outcome.types.iter().any(|t| t.kind == Some(ObjectKind::User) && t.references_updated > 0)
}
