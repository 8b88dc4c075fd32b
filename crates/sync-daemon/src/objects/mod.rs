//! One object on both sides: in Okta, as it was sent, in Assets, and its history.

mod assets;
mod compare;
pub(crate) mod lookup;
mod okta;
mod through;

use std::collections::HashMap;
use std::time::Duration;

use admin_api::{
    ConfirmedRecordView, ObjectMatch, ObjectMatches, ObjectState, ObjectView, OktaLookup,
    UnconfirmedRecordView,
};
use serde_json::Value;
use sync_engine::{ConfirmedRecord, Event, EventFilter, ObjectHistory, OriginRun, RunKind, Subject};
use sync_model::{EventId, GroupId, ObjectKind, Record, RecordKey, UserId};

use crate::connection::Connection;
use crate::error::ServiceError;
use crate::objects::compare::fields;
use crate::objects::lookup::{PATIENCE, Through};

/// The time limit for each request of a search, which has results without it.
const SEARCH: Duration = Duration::from_secs(3);
/// The maximum number of objects whose names are read at once; a page doesn't show more.
const NAMES: usize = 1000;
/// The maximum number of an event's objects by which its run is found.
const TRACED: usize = 4;
/// The number of an object's events that are searched, and the number that is shown.
const EVENTS: u32 = 100;
const SHOWN: usize = 20;

/// The record that was sent last, accounted for or not.
fn sent_last(entry: &ObjectHistory) -> Option<&Record> {
    match (&entry.confirmed, &entry.unconfirmed) {
        (Some(confirmed), Some(waiting)) if waiting.reading.number < confirmed.reading.number => {
            Some(&confirmed.record)
        }
        (_, Some(waiting)) => Some(&waiting.record),
        (Some(confirmed), None) => Some(&confirmed.record),
        (None, None) => None,
    }
}

impl Connection {
    /// Objects with this ID, or with this text in their display name, ignoring case. Unknown objects are looked up in
    /// Okta by ID, login, or name.
    ///
    /// # Errors
    /// When the store fails. A failure of Okta is in the result.
    pub async fn find_objects(
        &self,
        text: &str,
        kind: Option<ObjectKind>,
        limit: u32,
    ) -> Result<ObjectMatches, ServiceError> {
        let text = text.trim();
        let found = self.store().find_objects(text, kind, limit).await?;
        let through = self.through(SEARCH).await;
        let objects = found.objects.into_iter().map(|object| {
            let name = through.as_ref().and_then(|through| through.lens.name(&object.record));
            ObjectMatch {
                matched_name: also(&object.record, name.as_deref(), text),
                name,
                key: object.record.key,
                synced: true,
                retired: object.retired,
                confirmed_at: object.confirmed_at,
                unconfirmed: object.unconfirmed,
            }
        });
        let mut matches =
            ObjectMatches { objects: objects.collect(), has_more: found.has_more, okta_error: None };
        if matches.objects.is_empty() && !text.is_empty() {
            match okta::in_time(SEARCH, self.lookup.find_in_okta(text, kind)).await {
                Ok(found) => matches.objects = found,
                Err((reason, _)) => matches.okta_error = Some(reason),
            }
        }
        Ok(matches)
    }

    /// One object on both sides. An object that was never sent is looked up in Okta nevertheless, by its ID, or by a
    /// login or name instead.
    ///
    /// # Errors
    /// When the store fails. A failure of Okta or Assets is in the result.
    pub async fn object(&self, key: &RecordKey) -> Result<ObjectView, ServiceError> {
        let through = self.through(PATIENCE).await;
        let through = through.as_ref();
        let mut key = key.clone();
        let mut entry = self.store().object(&key).await?;
        let okta = self.lookup.okta_side(&key, entry.is_some(), through).await;
        if let (None, OktaLookup::Found(object)) = (&entry, &okta)
            && object.id != key.id
        {
            key.id.clone_from(&object.id);
            entry = self.store().object(&key).await?;
        }
        let sent = entry.as_ref().and_then(sent_last);
        let now = if let OktaLookup::Found(object) = &okta { object.record.as_ref() } else { None };
        let seen = self.lookup.assets_side(&key, through).await;
        let fields = fields(&key, sent, now, &seen, through).await;
        let events = self.events_about(&key).await?;
        let confirmed = entry.as_ref().and_then(|entry| entry.confirmed.as_ref());
        let event_of = confirmed.and_then(|confirmed| event_of(confirmed, &events));
        let last_full = self.store().last_run(RunKind::FullSync).await?;
        let assets = seen.side();
        let synchronised = last_full.succeeded.is_some();
        let verdict = ObjectState::of(entry.as_ref(), &okta, &assets, &fields, &events, synchronised);
        Ok(ObjectView {
            connection: self.name().clone(),
            name: sent.or(now).and_then(|record| through?.lens.name(record)),
            state: verdict,
            message: verdict.explain(key.kind, &assets),
            okta,
            assets,
            fields,
            confirmed: confirmed.map(ConfirmedRecordView::from),
            unconfirmed: entry.as_ref().and_then(|e| e.unconfirmed.as_ref()).map(UnconfirmedRecordView::from),
            stale_values: entry.map(|entry| entry.stale_values).unwrap_or_default(),
            events: events.into_iter().take(SHOWN).collect(),
            last_event_id: event_of,
            key,
        })
    }

    /// The stored names of these objects; no service is called. Of many, only the first are searched.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn object_names(&self, keys: &[RecordKey]) -> Result<HashMap<RecordKey, String>, ServiceError> {
        let known = self.store().known_objects(&keys[..keys.len().min(NAMES)]).await?;
        let named = known.into_iter().filter_map(|object| {
            let name = self.engine().name(&object.record)?;
            Some((object.record.key, name))
        });
        Ok(named.collect())
    }

    /// The run that applied an event; `None` if it sent nothing, or expired.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn run_of_event(&self, event: &Event) -> Result<Option<OriginRun>, ServiceError> {
        for key in event.subjects.iter().flat_map(named_objects).take(TRACED) {
            let Some(confirmed) = self.store().object(&key).await?.and_then(|entry| entry.confirmed) else {
                continue;
            };
            if event_of(&confirmed, &self.events_about(&key).await?).as_ref() == Some(&event.id) {
                return Ok(confirmed.run);
            }
        }
        Ok(None)
    }

    /// Makes the leader read an object again and send it even if it didn't change, to restore it in Assets. `false` if
    /// the ID is invalid.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn resend(&self, key: &RecordKey) -> Result<bool, ServiceError> {
        let Some(subject) = subject(key) else { return Ok(false) };
        self.store().mark_for_resend(key, self.now()).await?;
        self.enqueue(&[subject]).await?;
        Ok(true)
    }

    /// Both sides through the mapping; `None` where the schemas cannot be compared.
    async fn through(&self, patience: Duration) -> Option<Through> {
        self.lookup.through(self.engine().active_mapping_version(), patience).await
    }

    /// The events that named an object, the newest first.
    async fn events_about(&self, key: &RecordKey) -> Result<Vec<Event>, ServiceError> {
        let filter = EventFilter { state: None, search: Some(key.id.clone()), limit: EVENTS };
        let mut events = self.store().find_events(&filter).await?;
        events.retain(|event| event.subjects.iter().any(|subject| is_about(subject, key)));
        Ok(events)
    }
}

/// The subject of an object; `None` for an ID that Okta can't have.
fn subject(key: &RecordKey) -> Option<Subject> {
    let id = |id: &str| {
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        ((1..=64).contains(&id.len()) && id.chars().all(fits)).then(|| id.to_owned())
    };
    Some(match key.kind {
        ObjectKind::User => Subject::User(UserId::new(id(&key.id)?)),
        ObjectKind::Group => Subject::Group(GroupId::new(id(&key.id)?)),
        ObjectKind::Membership => {
            let (group, user) = key.id.split_once('/')?;
            Subject::Membership { group: GroupId::new(id(group)?), user: UserId::new(id(user)?) }
        }
    })
}

/// The other name of an object, if only that contains a text, ignoring case.
fn also(record: &Record, name: Option<&str>, text: &str) -> Option<String> {
    let text = text.to_lowercase();
    let has = |called: &str| called.to_lowercase().contains(&text);
    if text.is_empty() || name.is_some_and(has) || record.key.id.to_lowercase() == text {
        return None;
    }
    let field = |name: &str| record.fields.get(name).and_then(Value::as_str).unwrap_or_default();
    let whole = format!("{} {}", field("profile_firstName"), field("profile_lastName"));
    // Those that the store searches.
    ["profile_displayName", "profile_login", "profile_name", "profile_email"]
        .into_iter()
        .map(field)
        .chain([whole.trim()])
        .find(|called| has(called))
        .map(str::to_owned)
}

/// The objects of a subject, one at a time.
pub fn named_objects(subject: &Subject) -> Vec<RecordKey> {
    match subject {
        Subject::User(user) => vec![RecordKey::user(user)],
        Subject::Group(group) | Subject::GroupMembers(group) => vec![RecordKey::group(group)],
        Subject::Membership { group, user } => vec![RecordKey::user(user), RecordKey::group(group)],
        Subject::RecentChanges | Subject::EntireDirectory | Subject::Schema => Vec::new(),
    }
}

fn is_about(subject: &Subject, key: &RecordKey) -> bool {
    match (subject, key.kind) {
        (Subject::User(id), ObjectKind::User) => id.as_str() == key.id,
        (Subject::Group(id) | Subject::GroupMembers(id), ObjectKind::Group) => id.as_str() == key.id,
        (Subject::Membership { user, .. }, ObjectKind::User) => user.as_str() == key.id,
        (Subject::Membership { group, .. }, ObjectKind::Group) => group.as_str() == key.id,
        (Subject::Membership { group, user }, ObjectKind::Membership) => key.id == format!("{group}/{user}"),
        _ => false,
    }
}

/// The newest event at the time when Okta was read for the record: a batch is read after its events are received.
fn event_of(confirmed: &ConfirmedRecord, events: &[Event]) -> Option<EventId> {
    let by_events = confirmed.run.is_some_and(|run| run.kind == Some(RunKind::EventSync));
    let mut before = events.iter().filter(|event| event.arrived < confirmed.reading.number);
    before.next().filter(|_| by_events).map(|event| event.id.clone())
}
