//! An import source in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use sync_model::{ExecutionId, ObjectKind, Record, RecordKey};

use crate::domain::error::PortError;
use crate::domain::import::{
    DroppedValue, ExecutionState, ImportSourceState, Outcome, Submitted, TypeOutcome,
};
use crate::ports::importer::{Execution, Importer};
use crate::testing::switches::Switches;

#[derive(Debug)]
struct Stored {
    records: BTreeMap<RecordKey, Record>,
    state: ExecutionState,
}

#[derive(Debug, Default)]
struct State {
    executions: BTreeMap<ExecutionId, Stored>,
    objects: BTreeMap<RecordKey, Record>,
    dropped: BTreeSet<RecordKey>,
    latest: Option<ExecutionId>,
}

/// An import source in memory, with the objects that it filled.
#[derive(Debug, Default)]
pub struct FakeImporter {
    state: Arc<Mutex<State>>,
    /// The methods that fail.
    pub switches: Arc<Switches>,
}

impl FakeImporter {
    /// The objects in Assets.
    pub fn objects(&self) -> BTreeMap<RecordKey, Record> {
        self.state().objects.clone()
    }

    /// The number of executions that were started.
    pub fn started(&self) -> usize {
        self.state().executions.len()
    }

    /// Drops the record of an object in every execution from now on.
    pub fn drop_record(&self, key: RecordKey) {
        self.state().dropped.insert(key);
    }

    /// Accepts the record of an object again.
    pub fn accept_record(&self, key: &RecordKey) {
        self.state().dropped.remove(key);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    /// The execution that accepts records.
    fn open(&self) -> Option<&ExecutionId> {
        let mut executions = self.executions.iter();
        executions.find(|(_, stored)| stored.state == ExecutionState::Ingesting).map(|(id, _)| id)
    }

    /// Stores the records of an execution, without those that are dropped.
    fn process(&mut self, id: &ExecutionId) -> Outcome {
        let Some(stored) = self.executions.get(id) else { return Outcome::default() };
        let mut types: BTreeMap<ObjectKind, TypeOutcome> = BTreeMap::new();
        for (key, record) in &stored.records {
            let outcome = types.entry(key.kind).or_insert_with(|| TypeOutcome {
                kind: Some(key.kind),
                id: None,
                name: key.kind.as_str().to_owned(),
                entries: 0,
                created: 0,
                updated: 0,
                identical: 0,
                references_updated: 0,
                missing_deleted: 0,
                messages: Vec::new(),
            });
            outcome.entries += 1;
            if self.dropped.contains(key) {
                continue;
            }
            match self.objects.insert(key.clone(), record.clone()) {
                None => outcome.created += 1,
                Some(before) if before == *record => outcome.identical += 1,
                Some(_) => outcome.updated += 1,
            }
        }
        Outcome { ok: true, types: types.into_values().collect(), ..Outcome::default() }
    }
}

#[async_trait]
impl Importer for FakeImporter {
    async fn state(&self) -> Result<ImportSourceState, PortError> {
        self.switches.check("state")?;
        let is_open = self.state().open().is_some();
        Ok(if is_open { ImportSourceState::Running } else { ImportSourceState::Idle })
    }

    async fn removes_missing(&self) -> Result<Option<bool>, PortError> {
        self.switches.check("removes_missing")?;
        Ok(Some(false))
    }

    async fn keeps(&self, _: &[(&Record, &Record)]) -> Vec<DroppedValue> {
        Vec::new()
    }

    async fn removes_empty(&self) -> bool {
        false
    }

    async fn start(&self) -> Result<Box<dyn Execution>, PortError> {
        self.switches.check("start")?;
        let mut state = self.state();
        if state.open().is_some() {
            return Err(PortError::new("another execution is active").busy(true));
        }
        let id = ExecutionId::new(format!("x{}", state.executions.len() + 1));
        let stored = Stored { records: BTreeMap::new(), state: ExecutionState::Ingesting };
        state.executions.insert(id.clone(), stored);
        let (state, switches) = (Arc::clone(&self.state), Arc::clone(&self.switches));
        Ok(Box::new(FakeExecution { id, state, switches }))
    }

    async fn awaits_records(&self) -> Result<Option<ExecutionId>, PortError> {
        self.switches.check("awaits_records")?;
        Ok(self.state().open().cloned())
    }

    async fn latest(&self) -> Result<Option<ExecutionId>, PortError> {
        self.switches.check("latest")?;
        Ok(self.state().latest.clone())
    }

    async fn execution(&self, id: &ExecutionId) -> Result<ExecutionState, PortError> {
        self.switches.check("execution")?;
        let state = self.state();
        Ok(state.executions.get(id).map_or(ExecutionState::Unknown, |stored| stored.state.clone()))
    }

    async fn cancel(&self, id: &ExecutionId, _: &str) -> Result<(), PortError> {
        self.switches.check("cancel")?;
        if let Some(stored) = self.state().executions.get_mut(id) {
            stored.state = ExecutionState::Cancelled;
        }
        Ok(())
    }
}

/// An execution of the fake.
struct FakeExecution {
    id: ExecutionId,
    state: Arc<Mutex<State>>,
    switches: Arc<Switches>,
}

impl FakeExecution {
    fn end(&self, end: ExecutionState) {
        if let Some(stored) = lock(&self.state).executions.get_mut(&self.id) {
            stored.state = end;
        }
    }
}

#[async_trait]
impl Execution for FakeExecution {
    fn id(&self) -> &ExecutionId {
        &self.id
    }

    async fn submit(&mut self, records: Vec<Record>) -> Result<Submitted, PortError> {
        self.switches.check("submit")?;
        if let Some(stored) = lock(&self.state).executions.get_mut(&self.id) {
            stored.records.extend(records.into_iter().map(|record| (record.key.clone(), record)));
        }
        Ok(Submitted { chunks: 1, rejected: Vec::new() })
    }

    async fn complete(self: Box<Self>) -> Result<Outcome, PortError> {
        if self.switches.check("process").is_err() {
            // Processed without effect, which the outcome says.
            self.end(ExecutionState::Done(Outcome::default()));
            return Ok(Outcome::default());
        }
        let outcome = {
            let mut state = lock(&self.state);
            state.latest = Some(self.id.clone());
            state.process(&self.id)
        };
        self.end(ExecutionState::Done(outcome.clone()));
        // The outcome exists, and its response may be lost.
        self.switches.check("complete")?;
        Ok(outcome)
    }

    async fn cancel(self: Box<Self>, _: &str) -> Result<(), PortError> {
        self.switches.check("cancel")?;
        self.end(ExecutionState::Cancelled);
        Ok(())
    }
}
