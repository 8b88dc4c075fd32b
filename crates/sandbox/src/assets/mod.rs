//! The Assets site, with an import source, and another that a connection may be switched to.

mod administration;
mod api;
mod aql;
mod document;
mod executions;
mod import;
mod mapping;
mod objects;
mod refusal;
mod rest;
mod settings;
mod sources;
mod validation;
mod values;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Value, json};
use url::Url;
use uuid::Uuid;

pub(crate) use administration::Refused;
pub(crate) use sources::{Ids, Sources, router};

use crate::faults::Faults;
use document::Structure;
use executions::Execution;
use mapping::Job;
use objects::Objects;
use settings::Settings;

const WORKSPACE: &str = "7b9c1f6e-sandbox";
const CLOUD: &str = "c10d1d00-sandbox";
/// The import source that accounts see.
const SOURCE: &str = Ids::FIRST.source;
/// The account that may do everything.
const EMAIL: &str = "admin@sandbox.example";
const WINDOW: i64 = 60;

/// The content of the site.
#[derive(Debug, Default)]
struct State {
    token: String,
    settings: Settings,
    structure: Option<Structure>,
    /// The number of times that the object schema was deleted: each new one has another ID.
    deletions: usize,
    executions: Vec<Execution>,
    jobs: Vec<Job>,
    /// The start of the minute in which requests are counted, and their number.
    window: (i64, u64),
}

/// The ID of the object schema with this number.
fn schema_id(ids: Ids, deletions: usize) -> String {
    if deletions == 0 { ids.schema.to_owned() } else { format!("{}{deletions}", ids.schema) }
}

/// The Assets side.
pub(crate) struct Site {
    state: Mutex<State>,
    /// A separate lock, so that status requests don't wait for an import.
    objects: Mutex<Objects>,
    url: Url,
    ids: Ids,
    delay: Duration,
    api_token: String,
    oauth_token: String,
    faults: Arc<Faults>,
}

impl Site {
    pub(crate) fn new(url: Url, ids: Ids, delay: Duration, faults: Arc<Faults>) -> Self {
        let secret = |prefix: &str| format!("{prefix}{}", Uuid::new_v4().simple());
        let state = State { token: secret("ATCTT3x"), ..State::default() };
        Self {
            state: Mutex::new(state),
            objects: Mutex::default(),
            url,
            ids,
            delay,
            api_token: secret("ATATT3x"),
            oauth_token: secret("eyJ"),
            faults,
        }
    }

    /// The current structure; empty if there is none.
    fn structure(&self) -> Structure {
        self.state().structure.clone().unwrap_or_default()
    }

    /// The ID of the object schema.
    fn schema_id(&self) -> String {
        schema_id(self.ids, self.state().deletions)
    }

    /// The account's credential as a header value.
    fn basic(&self) -> String {
        STANDARD.encode(format!("{EMAIL}:{}", self.api_token))
    }

    /// The values that a client needs.
    pub(crate) fn credentials(&self) -> Value {
        let site = crate::server::origin(&self.url);
        json!({
            "api_url": site, "site_url": site, "import_token": self.import_token(), "email": EMAIL,
            "api_token": self.api_token, "cloud_id": CLOUD, "oauth_token": self.oauth_token,
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

    /// Counts a request. Above the limit, returns the seconds to wait.
    fn over_limit(&self) -> Option<i64> {
        let mut state = self.state();
        let limit = state.settings.rate_limit?;
        let now = Timestamp::now().as_second();
        let (begin, used) = &mut state.window;
        if now >= *begin + WINDOW {
            (*begin, *used) = (now, 0);
        }
        *used += 1;
        (*used > limit).then_some(*begin + WINDOW - now)
    }

    /// Changes settings of the import source and the site, as an administrator does manually.
    pub(crate) fn change_settings(&self, wanted: &Value) {
        let mut state = self.state();
        state.settings.change(wanted);
        state.window = (0, 0);
    }

    /// Objects of a type after one, or the one with an identity, as the audit reads them.
    pub(crate) fn objects(&self, object_type: &str, only: Option<&str>, after: u64, limit: usize) -> Value {
        let structure = self.state().structure.clone();
        let Some(structure) = structure else { return json!({ "objects": [], "next": null }) };
        let page = self.held().page(&structure, object_type, only, after, limit);
        let next = (page.len() == limit).then(|| page.last().map(|o| o["id"].clone())).flatten();
        json!({ "objects": page, "next": next })
    }

    /// The imported objects so far.
    pub(crate) fn stats(&self) -> Value {
        let objects = self.held().len();
        let (executions, chunks) = self.state().work_done();
        json!({ "executions": executions, "chunks": chunks, "objects": objects })
    }

    /// The import history: every execution with its result and the failure that was reported for it.
    pub(crate) fn history(&self) -> Value {
        self.state().history()
    }

    /// The current schema and mapping.
    pub(crate) fn document(&self) -> Value {
        self.state().structure.as_ref().map(Structure::document).unwrap_or_default()
    }
}
