//! The Assets site, with one import source.

mod api;
mod aql;
mod document;
mod import;
mod rest;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use url::Url;
use uuid::Uuid;

pub(crate) use api::router;

use document::Structure;
use import::Objects;

const WORKSPACE: &str = "7b9c1f6e-sandbox";
const SCHEMA: &str = "7";
/// The account that may do everything.
const EMAIL: &str = "admin@sandbox.example";

/// What an administrator sets at the import source.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
#[derive(Debug, Clone, Copy, Default)]
struct Settings {
    /// No execution can be started.
    disabled: bool,
    /// Values that arrive empty: removed, or ignored as Assets does by default.
    ignore_empty: bool,
    /// Select options that are not known: added, or ignored as Assets does by default.
    ignore_unknown: bool,
    /// Objects that an import does not hold are removed; Assets leaves them alone by default.
    remove_missing: bool,
    /// The cardinalities of a document are not heeded, as operators report.
    one_value_only: bool,
}

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
    settings: Settings,
    structure: Option<Structure>,
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
    api_token: String,
}

impl Site {
    pub(crate) fn new(url: Url, delay: Duration) -> Self {
        let state = State { token: format!("ATCTT3x{}", Uuid::new_v4().simple()), ..State::default() };
        let api_token = format!("ATATT3x{}", Uuid::new_v4().simple());
        Self { state: Mutex::new(state), objects: Mutex::default(), url, delay, api_token }
    }

    /// The structure as it is; empty when there is none.
    fn structure(&self) -> Structure {
        self.state().structure.clone().unwrap_or_default()
    }

    /// The account's credential as a header carries it.
    fn basic(&self) -> String {
        STANDARD.encode(format!("{EMAIL}:{}", self.api_token))
    }

    /// What a client needs to know.
    pub(crate) fn credentials(&self) -> Value {
        let site = crate::server::origin(&self.url);
        json!({
            "api_url": site, "site_url": site, "import_token": self.import_token(), "email": EMAIL,
            "api_token": self.api_token,
        })
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

    /// Changes settings of the import source, as an administrator does by hand.
    pub(crate) fn change_settings(&self, wanted: &Value) {
        let mut state = self.state();
        let settings = &mut state.settings;
        for (name, setting) in [
            ("disabled", &mut settings.disabled),
            ("ignoreEmptyValues", &mut settings.ignore_empty),
            ("ignoreUnknownValues", &mut settings.ignore_unknown),
            ("removeMissingObjects", &mut settings.remove_missing),
            ("ignoreCardinality", &mut settings.one_value_only),
        ] {
            *setting = wanted[name].as_bool().unwrap_or(*setting);
        }
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
