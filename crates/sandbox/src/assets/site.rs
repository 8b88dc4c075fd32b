//! The content of the site, and the credentials for it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use url::Url;
use uuid::Uuid;

use super::document::Structure;
use super::execution::Execution;
use super::ids::{CLOUD, Ids, schema_id};
use super::job::Job;
use super::objects::Objects;
use super::settings::Settings;
use crate::clock::now;
use crate::faults::Faults;
use crate::origin::origin;

/// The account that may do everything.
const EMAIL: &str = "admin@sandbox.example";
const WINDOW: i64 = 60;

/// The content of the site.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) token: String,
    pub(super) settings: Settings,
    pub(super) structure: Option<Structure>,
    /// The number of times that the object schema was deleted: each new one has another ID.
    pub(super) deletions: usize,
    pub(super) executions: Vec<Execution>,
    pub(super) jobs: Vec<Job>,
    /// The start of the minute in which requests are counted, and their number.
    pub(super) window: (i64, u64),
}

/// The Assets side.
pub(crate) struct Site {
    pub(super) state: Mutex<State>,
    /// A separate lock, so that status requests don't wait for an import.
    pub(super) objects: Mutex<Objects>,
    pub(super) url: Url,
    pub(super) ids: Ids,
    pub(super) delay: Duration,
    pub(super) api_token: String,
    pub(super) oauth_token: String,
    pub(super) faults: Arc<Faults>,
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
    pub(super) fn structure(&self) -> Structure {
        self.state().structure.clone().unwrap_or_default()
    }

    /// The ID of the object schema.
    pub(super) fn schema_id(&self) -> String {
        schema_id(self.ids, self.state().deletions)
    }

    /// The account's credential as a header value.
    pub(super) fn basic(&self) -> String {
        STANDARD.encode(format!("{EMAIL}:{}", self.api_token))
    }

    /// The values that a client needs.
    pub(crate) fn credentials(&self) -> Value {
        let site = origin(&self.url);
        json!({
            "api_url": site, "site_url": site, "import_token": self.import_token(), "email": EMAIL,
            "api_token": self.api_token, "cloud_id": CLOUD, "oauth_token": self.oauth_token,
        })
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn held(&self) -> MutexGuard<'_, Objects> {
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
    pub(super) fn over_limit(&self) -> Option<i64> {
        let mut state = self.state();
        let limit = state.settings.rate_limit?;
        let now = now().as_second();
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
