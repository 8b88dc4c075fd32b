//! Addresses of pages, and links to what a text names.

use maud::{Markup, html};
use sync_service::engine::Subject;
use sync_service::model::{ConnectionName, ObjectKind, RecordKey, RunId};
use url::Url;
use url::form_urlencoded::Serializer;

/// The address of a page of a connection, whatever characters the parts of its path have.
pub(super) fn address(connection: &ConnectionName, path: &[&str]) -> String {
    let parts = ["connections", connection.as_str()].into_iter().chain(path.iter().copied());
    // Only the path is used; the origin is there because an address needs one.
    let Ok(mut url) = Url::parse("http://localhost/") else { return "/".to_owned() };
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.clear().extend(parts);
    }
    url.path().to_owned()
}

/// An address with what is asked of the page; what is empty is left out.
pub(super) fn asking(path: &str, asked: &[(&str, &str)]) -> String {
    let asked: Vec<_> = asked.iter().filter(|(_, value)| !value.is_empty()).collect();
    if asked.is_empty() {
        return path.to_owned();
    }
    let query = Serializer::new(String::new()).extend_pairs(asked.iter().copied()).finish();
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

/// A run by its number.
pub(super) fn run(connection: &ConnectionName, run: RunId) -> Markup {
    html! { a href=(address(connection, &["runs", &run.to_string()])) { "Run " (run) } }
}

/// What an event names.
pub(super) fn subject(connection: &ConnectionName, subject: &Subject) -> Markup {
    let link = |kind, id: &str| object(connection, &RecordKey { kind, id: id.to_owned() }, None);
    let (user, group) = (|id: &str| link(ObjectKind::User, id), |id: &str| link(ObjectKind::Group, id));
    html! {
        @match subject {
            Subject::User(id) => { "user " (user(id.as_str())) }
            Subject::Group(id) => { "group " (group(id.as_str())) }
            Subject::Members(id) => { "members of group " (group(id.as_str())) }
            Subject::Membership { group: of, user: who } => { "user " (user(who.as_str())) " in group " (group(of.as_str())) }
            Subject::Recent => "what changed lately",
            Subject::Directory => "everything",
            Subject::Schema => "the schemas",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_stays_one_part_of_an_address_whatever_it_has_in_it() {
        let main = ConnectionName::try_from("main".to_owned()).unwrap();
        let key = RecordKey { kind: ObjectKind::User, id: "a/b?c#\"<".into() };
        assert_eq!(object_address(&main, &key), "/connections/main/objects/user/a%2Fb%3Fc%23%22%3C");
    }

    #[test]
    fn what_is_not_asked_is_not_in_the_address() {
        assert_eq!(asking("/a", &[("q", ""), ("state", "dead & gone")]), "/a?state=dead+%26+gone");
        assert_eq!(asking("/a", &[("q", "")]), "/a");
    }
}
