//! The Assets site, with one import source.

mod api;
mod aql;
mod document;
mod import;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use url::Url;
use uuid::Uuid;

pub(crate) use api::router;

use document::Structure;
use import::Objects;

/// Where an execution is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Ingesting,
    Processing,
    Done,
    Cancelled,
}

impl Stage {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Ingesting => "INGESTING",
            Self::Processing => "PROCESSING",
            Self::Done => "DONE",
            Self::Cancelled => "CANCELLED",
        }
    }
}

#[derive(Debug)]
struct Execution {
    id: String,
    stage: Stage,
    chunks: Vec<Value>,
    chunk_count: u64,
    failure: Option<String>,
    result: Value,
}

/// What the site holds.
#[derive(Debug, Default)]
struct State {
    token: String,
    disabled: bool,
    structure: Option<Structure>,
    /// Values that arrive empty: removed, or ignored as Assets does by default.
    ignore_empty: bool,
    executions: Vec<Execution>,
    mapping_jobs: u64,
}

/// The Assets site.
pub(crate) struct Site {
    state: Mutex<State>,
    /// Apart, so that nobody waits for an import who only asks how it goes.
    objects: Mutex<Objects>,
    url: Url,
    delay: Duration,
}

impl Site {
    pub(crate) fn new(url: Url, delay: Duration) -> Self {
        let state = State { token: format!("ATCTT3x{}", Uuid::new_v4().simple()), ..State::default() };
        Self { state: Mutex::new(state), objects: Mutex::default(), url, delay }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn held(&self) -> MutexGuard<'_, Objects> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn import_token(&self) -> String {
        self.state().token.clone()
    }

    /// Generates a new token. The old one is dead at once.
    pub(crate) fn rotate_token(&self) -> String {
        let token = format!("ATCTT3x{}", Uuid::new_v4().simple());
        self.state().token.clone_from(&token);
        token
    }

    pub(crate) fn set_disabled(&self, disabled: bool) {
        self.state().disabled = disabled;
    }

    pub(crate) fn set_ignore_empty(&self, ignore: bool) {
        self.state().ignore_empty = ignore;
    }

    /// Objects of a type after one, or the one with an identity, as the audit reads them.
    pub(crate) fn objects(&self, object_type: &str, only: Option<&str>, after: u64, limit: usize) -> Value {
        let structure = self.state().structure.clone();
        let Some(structure) = structure else { return json!({ "objects": [], "next": null }) };
        let page = self.held().page(&structure, object_type, only, after, limit);
        let next = (page.len() == limit).then(|| page.last().map(|o| o["id"].clone())).flatten();
        json!({ "objects": page, "next": next })
    }

    /// What was imported so far.
    pub(crate) fn stats(&self) -> Value {
        let objects = self.held().len();
        let state = self.state();
        let done = state.executions.iter().filter(|e| e.stage == Stage::Done).count();
        let chunks: u64 = state.executions.iter().map(|e| e.chunk_count).sum();
        json!({ "executions": done, "chunks": chunks, "objects": objects })
    }

    /// The schema and mapping as it is.
    pub(crate) fn document(&self) -> Value {
        self.state().structure.as_ref().map(Structure::document).unwrap_or_default()
    }
}
