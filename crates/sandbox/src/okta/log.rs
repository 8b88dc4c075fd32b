//! The System Log: followed in the order of persistence, or read between two moments.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::filter::Filter;
use super::org::{now, stamp};
use crate::clock;
use crate::faults::{Fault, Faults};

/// All entries that are still retained.
pub(super) struct Log {
    state: Mutex<State>,
    faults: Arc<Faults>,
}

#[derive(Default)]
struct State {
    entries: VecDeque<Entry>,
    /// The number of entries that are no longer retained.
    forgotten: usize,
    /// Cursors of an earlier generation are rejected.
    generation: u64,
}

struct Entry {
    /// The time of its arrival in the log, which can be after its publication.
    persisted: String,
    event: Value,
}

/// A page of the log, and the cursor of the one after it.
pub(super) struct Page {
    pub(super) events: Vec<Value>,
    pub(super) next: Option<String>,
}

/// The parameters of a log query.
struct Question<'q> {
    query: &'q HashMap<String, String>,
    filter: Option<Filter>,
    limit: usize,
    descending: bool,
}

/// The reason for rejecting a query: code and text.
pub(super) type Refusal = (&'static str, &'static str);

impl Log {
    pub(super) fn new(faults: Arc<Faults>) -> Self {
        Self { state: Mutex::default(), faults }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Logs events, some of them late if configured.
    pub(super) fn append(self: &Arc<Self>, events: &[Value]) {
        for event in events {
            if let Some(late) = self.faults.time(Fault::LogDelay) {
                let (log, event, delay) = (Arc::clone(self), event.clone(), self.faults.delay(late));
                tokio::spawn(async move {
                    delay.await;
                    log.persist(event);
                });
            } else {
                self.persist(event.clone());
            }
        }
    }

    fn persist(&self, event: Value) {
        self.state().entries.push_back(Entry { persisted: now(), event });
    }

    /// Expires every issued cursor.
    pub(super) fn expire_cursors(&self) {
        self.state().generation += 1;
    }

    /// Removes all entries, as after the retention. Cursors continue after the gap.
    pub(super) fn clear(&self) {
        let mut state = self.state();
        state.forgotten += state.entries.len();
        state.entries.clear();
    }

    /// Responds to a query. Without `until`, there is always a next page.
    pub(super) fn query(&self, query: &HashMap<String, String>) -> Result<Page, Refusal> {
        let question = Question::read(query)?;
        let state = self.state();
        if query.contains_key("until") || question.descending {
            state.between(&question)
        } else {
            state.following(&question)
        }
    }
}

impl<'q> Question<'q> {
    fn read(query: &'q HashMap<String, String>) -> Result<Self, Refusal> {
        const INVALID: &str = "E0000001";
        if query.contains_key("since") && query.contains_key("after") {
            return Err((INVALID, "Api validation failed: since and after exclude each other"));
        }
        for name in ["since", "until"] {
            if query.get(name).is_some_and(|time| time.parse::<Timestamp>().is_err()) {
                return Err((INVALID, "Api validation failed: since and until are ISO 8601 times"));
            }
        }
        let filter = match query.get("filter").map(|text| Filter::parse(text)) {
            Some(Some(filter)) if !filter.mentions(&["published", "changeDetails"]) => Some(filter),
            Some(_) => return Err(("E0000053", "Invalid filter.")),
            None => None,
        };
        let limit = match query.get("limit").map(|l| l.parse::<usize>()) {
            None => 100,
            Some(Ok(limit)) if limit <= 1000 => limit,
            Some(_) => return Err((INVALID, "Api validation failed: limit")),
        };
        let descending = match query.get("sortOrder").map(String::as_str) {
            None | Some("ASCENDING") => false,
            Some("DESCENDING") => true,
            Some(_) => return Err((INVALID, "Api validation failed: sortOrder")),
        };
        Ok(Self { query, filter, limit, descending })
    }

    fn keeps(&self, event: &Value) -> bool {
        self.filter.as_ref().is_none_or(|filter| filter.matches(event))
    }

    /// A bound as Okta writes times, so that text order is their order.
    fn time(&self, name: &str) -> Option<String> {
        self.query.get(name).and_then(|time| time.parse::<Timestamp>().ok()).map(stamp)
    }

    /// The position of a cursor of this kind, and its first time.
    fn position(&self, kind: &str, generation: u64) -> Result<Option<(usize, Option<String>)>, Refusal> {
        let Some(cursor) = self.query.get("after") else { return Ok(None) };
        let read = || {
            let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
            let mut parts = text.splitn(4, ':');
            let (k, g, n) = (parts.next()?, parts.next()?, parts.next()?);
            let since = parts.next().filter(|since| !since.is_empty()).map(str::to_owned);
            (k == kind && g.parse() == Ok(generation)).then_some((n.parse().ok()?, since))
        };
        read().map(Some).ok_or(("E0000001", "Api validation failed: after"))
    }
}

impl State {
    fn cursor(&self, kind: &str, position: usize, since: &str) -> String {
        URL_SAFE_NO_PAD.encode(format!("{kind}:{}:{position}:{since}", self.generation))
    }

    fn following(&self, question: &Question<'_>) -> Result<Page, Refusal> {
        let start = if let Some((position, _)) = question.position("f", self.generation)? {
            position.saturating_sub(self.forgotten).min(self.entries.len())
        } else {
            let week = || stamp(clock::now() - SignedDuration::from_hours(7 * 24));
            let since = question.time("since").unwrap_or_else(week);
            self.entries.partition_point(|entry| entry.persisted < since)
        };
        let mut end = start;
        let mut events = Vec::new();
        for entry in self.entries.range(start..) {
            if events.len() == question.limit {
                break;
            }
            end += 1;
            if question.keeps(&entry.event) {
                events.push(entry.event.clone());
            }
        }
        Ok(Page { events, next: Some(self.cursor("f", self.forgotten + end, "")) })
    }

    fn between(&self, question: &Question<'_>) -> Result<Page, Refusal> {
        let until = question.time("until").unwrap_or_else(now);
        let (start, since) =
            question.position("b", self.generation)?.unwrap_or_else(|| (0, question.time("since")));
        let published = |event: &Value| event["published"].as_str().unwrap_or_default().to_owned();
        let mut found: Vec<&Value> = self
            .entries
            .iter()
            .map(|entry| &entry.event)
            .filter(|event| {
                let time = published(event);
                since.as_ref().is_none_or(|since| time >= *since) && time < until && question.keeps(event)
            })
            .collect();
        found.sort_by_cached_key(|event| published(event));
        if question.descending {
            found.reverse();
        }
        let end = start.saturating_add(question.limit).min(found.len());
        let events = found.get(start..end).unwrap_or_default().iter().map(|event| (*event).clone()).collect();
        Ok(Page {
            events,
            next: (end < found.len()).then(|| self.cursor("b", end, since.as_deref().unwrap_or_default())),
        })
    }
}
