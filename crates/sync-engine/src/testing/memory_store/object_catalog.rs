//! Objects for display, in memory.

use async_trait::async_trait;
use serde_json::Value;
use sync_model::{ObjectKind, Record, RecordKey, RunId};

use crate::domain::finding::Finding;
use crate::domain::finding::fact::Fact;
use crate::domain::lots::REJECTED;
use crate::domain::object_history::{
    ConfirmedRecord, ObjectHistory, OriginRun, RequestedObject, RequestedState, SearchHit, SearchHits,
    UnconfirmedRecordDetail,
};
use crate::domain::staged::ChangeKind;
use crate::domain::store_error::StoreError;
use crate::ports::state::object_catalog::ObjectCatalog;
use crate::testing::memory_store::MemoryStore;
use crate::testing::memory_store::tables::{Tables, subject_of};

/// The fields that are searched, besides the first and the last name.
const NAMES: [&str; 4] = ["profile_login", "profile_name", "profile_email", "profile_displayName"];

#[async_trait]
impl ObjectCatalog for MemoryStore {
    async fn find_objects(
        &self,
        text: &str,
        kind: Option<ObjectKind>,
        limit: u32,
    ) -> Result<SearchHits, StoreError> {
        let tables = self.tables("find_objects")?;
        let wanted = text.to_lowercase();
        let matches = |record: &Record| record.key.id == text || searched(record).contains(&wanted);
        let confirmed = tables.confirmed.values().map(|confirmed| &confirmed.record);
        let records = confirmed.chain(tables.unconfirmed.values().map(|sent| &sent.record));
        let mut found: Vec<(ObjectKind, String, RecordKey)> = records
            .filter(|record| kind.is_none_or(|kind| record.key.kind == kind) && matches(record))
            .map(|record| (record.key.kind, searched(record), record.key.clone()))
            .collect();
        found.sort();
        let mut keys: Vec<RecordKey> = Vec::new();
        for (.., key) in found {
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        let has_more = keys.len() > limit as usize;
        keys.truncate(limit as usize);
        Ok(SearchHits { objects: keys.iter().filter_map(|key| tables.hit(key)).collect(), has_more })
    }

    async fn known_objects(&self, keys: &[RecordKey]) -> Result<Vec<SearchHit>, StoreError> {
        let tables = self.tables("known_objects")?;
        Ok(keys.iter().filter_map(|key| tables.hit(key)).collect())
    }

    async fn object(&self, key: &RecordKey) -> Result<Option<ObjectHistory>, StoreError> {
        let tables = self.tables("object")?;
        let origin = |id: RunId| OriginRun { id, kind: tables.runs.get(&id).map(|run| run.kind) };
        let confirmed = tables.confirmed.get(key).map(|confirmed| ConfirmedRecord {
            record: confirmed.record.clone(),
            reading: confirmed.reading,
            confirmed_at: confirmed.since,
            retired_at: confirmed.retired_at,
            resend_pending: confirmed.resend_pending,
            run: Some(origin(confirmed.run)),
        });
        let unconfirmed = tables.unconfirmed.get(key).map(|sent| UnconfirmedRecordDetail {
            record: sent.record.clone(),
            change: sent.change,
            reading: sent.reading,
            attempts: sent.attempts,
            reason: sent.reason.clone(),
            next_attempt_at: sent.next_attempt_at,
            origin: sent.run.map(origin),
        });
        if confirmed.is_none() && unconfirmed.is_none() {
            return Ok(None);
        }
        let stale_values = tables.stale_of(Some(key));
        Ok(Some(ObjectHistory { key: key.clone(), confirmed, unconfirmed, stale_values }))
    }

    async fn requested_objects(&self, keys: &[RecordKey]) -> Result<Vec<RequestedObject>, StoreError> {
        let tables = self.tables("requested_objects")?;
        let requested = |key: &RecordKey| {
            let (state, finding) = tables.requested(key);
            RequestedObject { key: key.clone(), state, finding }
        };
        Ok(keys.iter().map(requested).collect())
    }
}

/// The names of an object, one per line.
fn searched(record: &Record) -> String {
    let text = |field: &str| record.fields.get(field).and_then(Value::as_str).unwrap_or_default();
    let whole = format!("{} {}", text("profile_firstName"), text("profile_lastName"));
    NAMES.map(text).into_iter().chain([whole.as_str()]).collect::<Vec<_>>().join("\n").to_lowercase()
}

impl Tables {
    fn hit(&self, key: &RecordKey) -> Option<SearchHit> {
        let confirmed = self.confirmed.get(key);
        let retired = match self.later(key) {
            Some(later) => later.change == ChangeKind::Retire,
            None => confirmed.is_some_and(|confirmed| confirmed.retired),
        };
        Some(SearchHit {
            record: self.last_record(key)?.clone(),
            retired,
            confirmed_at: confirmed.map(|confirmed| confirmed.since),
            unconfirmed: self.unconfirmed.contains_key(key),
        })
    }

    fn requested(&self, key: &RecordKey) -> (RequestedState, Option<Finding>) {
        let subject = subject_of(key);
        if let Some(work) = self.work.iter().find(|work| Some(&work.item.subject) == subject.as_ref()) {
            let attempts = u64::from(work.item.attempts);
            return match attempts {
                0 => (RequestedState::Pending, None),
                _ => (RequestedState::Unreadable, Some(Finding::warning(Fact::ReadsFailed { attempts }))),
            };
        }
        if let Some((finding, _)) = self.blocked.get(key) {
            return (RequestedState::Blocked, Some(finding.clone()));
        }
        let Some(sent) = self.unconfirmed.get(key) else { return (RequestedState::Applied, None) };
        let (attempts, error) = (sent.attempts, sent.reason.clone());
        if sent.single_failures >= REJECTED {
            (RequestedState::Rejected, Some(Finding::warning(Fact::RecordRejected { error })))
        } else {
            let fact = Fact::RecordUnconfirmed { attempts, error };
            (RequestedState::Unconfirmed, Some(Finding::warning(fact)))
        }
    }
}
