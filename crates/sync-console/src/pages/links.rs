//! Addresses of pages, and links to objects and runs.

use std::collections::HashMap;

use maud::{Markup, html};
use sync_daemon::{Connection, ServiceError, named_objects};
use sync_engine::{Event, OriginRun, Subject};
use sync_model::{ConnectionName, RecordKey, RunId};
use url::Url;
use url::form_urlencoded::Serializer;

use crate::words::labels;

/// The address of a page of a connection, with escaped path segments.
pub(super) fn address(connection: &ConnectionName, path: &[&str]) -> String {
    let parts = ["connections", connection.as_str()].into_iter().chain(path.iter().copied());
    // Only the path is used; the origin is there because an address needs one.
    let Ok(mut url) = Url::parse("http://localhost/") else { return "/".to_owned() };
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.clear().extend(parts);
    }
    url.path().to_owned()
}

/// An address with its query parameters; empty ones are omitted.
pub(super) fn asking(path: &str, query: &[(&str, &str)]) -> String {
    let query: Vec<_> = query.iter().filter(|(_, value)| !value.is_empty()).collect();
    if query.is_empty() {
        return path.to_owned();
    }
    let query = Serializer::new(String::new()).extend_pairs(query.iter().copied()).finish();
    format!("{path}?{query}")
}

/// The address of an object.
pub(super) fn object_address(connection: &ConnectionName, key: &RecordKey) -> String {
    address(connection, &["objects", key.kind.as_str(), &key.id])
}

/// An object by its name, where it has one, or by its id.
pub(super) fn object(connection: &ConnectionName, key: &RecordKey, name: Option<&str>) -> Markup {
    html! { a href=(object_address(connection, key)) { (name.unwrap_or(&key.id)) } }
}

/// The known names of the objects on a page.
#[derive(Default)]
pub(super) struct Names(HashMap<RecordKey, String>);

impl Names {
    /// The names of objects, had at once.
    pub(super) async fn of(connection: &Connection, keys: &[RecordKey]) -> Result<Self, ServiceError> {
        if keys.is_empty() {
            return Ok(Self::default());
        }
        Ok(Self(connection.object_names(keys).await?))
    }

    /// The names of the subjects and pending work of events; of each event, at most `most`.
    pub(super) async fn of_events(
        connection: &Connection,
        events: &[Event],
        most: usize,
    ) -> Result<Self, ServiceError> {
        let subjects = events.iter().flat_map(|event| {
            let waits = event.pending_work.iter().map(|waits| &waits.subject);
            event.subjects.iter().take(most).chain(waits.take(most))
        });
        let keys: Vec<RecordKey> = subjects.flat_map(named_objects).collect();
        Self::of(connection, &keys).await
    }

    /// An object that is referred to: by its name with its id in the title, or by its id.
    pub(super) fn link(&self, connection: &ConnectionName, key: &RecordKey) -> Markup {
        let name = self.0.get(key);
        html! {
            a href=(object_address(connection, key)) title=[name.map(|_| &key.id)] { (name.unwrap_or(&key.id)) }
        }
    }
}

/// A run by its number.
pub(super) fn run(connection: &ConnectionName, run: RunId) -> Markup {
    html! { a href=(address(connection, &["runs", &run.to_string()])) { "Run " (run) } }
}

/// A run with its kind, while the history has it.
pub(super) fn origin(connection: &ConnectionName, run: OriginRun) -> Markup {
    html! {
        @match run.kind {
            Some(kind) => { (self::run(connection, run.id)) ", " (labels::run_kind(kind)) },
            None => { "Run " (run.id) " (expired)" },
        }
    }
}

/// A subject of an event.
pub(super) fn subject(connection: &ConnectionName, names: &Names, subject: &Subject) -> Markup {
    let user = |id| names.link(connection, &RecordKey::user(id));
    let group = |id| names.link(connection, &RecordKey::group(id));
    html! {
        @match subject {
            Subject::User(id) => { "User " (user(id)) }
            Subject::Group(id) => { "Group " (group(id)) }
            Subject::GroupMembers(id) => { "Members of group " (group(id)) }
            Subject::Membership { group: of, user: who } => { "User " (user(who)) " in group " (group(of)) }
            Subject::RecentChanges => "Recent changes",
            Subject::EntireDirectory => "All users and groups",
            Subject::Schema => "Schemas",
        }
    }
}

#[cfg(test)]
mod tests {
    use sync_model::UserId;

    use super::*;

    #[test]
    fn object_id_is_percent_encoded() {
        let main = ConnectionName::try_from("main".to_owned()).unwrap();
        let key = RecordKey::user(&UserId::new("a/b?c#\"<"));
        assert_eq!(object_address(&main, &key), "/connections/main/objects/user/a%2Fb%3Fc%23%22%3C");
    }

    #[test]
    fn empty_parameters_are_omitted() {
        assert_eq!(asking("/a", &[("q", ""), ("state", "a & b")]), "/a?state=a+%26+b");
        assert_eq!(asking("/a", &[("q", "")]), "/a");
    }
}
