//! Users and groups as an operator names them: users by Okta user ID or login, groups by Okta group ID or name.

use std::borrow::Borrow;

use connectors::okta_error;
use sync_engine::{EngineError, Subject};
use sync_model::{GroupId, ObjectKind, RecordKey, UserId};

use crate::connection::Connection;
use crate::error::ServiceError;
use crate::named_error::NamedError;

/// The longest value that can name a user or a group, in characters.
const LONGEST: usize = 255;

/// The subjects that values name, for each of the connections. Each value has to name an object of at least one of them.
///
/// # Errors
/// When a value is malformed, matches nothing, or matches several groups, and when Okta or the store cannot be read.
pub async fn named_subjects<C: Borrow<Connection>>(
    connections: &[C],
    users: &[String],
    groups: &[String],
) -> Result<Vec<Vec<Subject>>, ServiceError> {
    let users = users.iter().map(|value| (ObjectKind::User, value.trim()));
    let groups = groups.iter().map(|value| (ObjectKind::Group, value.trim()));
    let values: Vec<(ObjectKind, &str)> = users.chain(groups).collect();
    for (kind, value) in &values {
        check(*kind, value)?;
    }
    let mut subjects = vec![Vec::new(); connections.len()];
    for (kind, value) in values {
        let mut matched = false;
        for (connection, subjects) in connections.iter().zip(&mut subjects) {
            if let Some(subject) = connection.borrow().named(kind, value).await? {
                matched = true;
                if !subjects.contains(&subject) {
                    subjects.push(subject);
                }
            }
        }
        if !matched {
            return Err(NamedError::Unmatched { kind, value: value.to_owned() }.into());
        }
    }
    Ok(subjects)
}

pub(crate) fn check(kind: ObjectKind, value: &str) -> Result<(), NamedError> {
    let wrong = |why| Err(NamedError::Malformed { kind, value: value.chars().take(LONGEST).collect(), why });
    match () {
        () if value.is_empty() => wrong("it is empty"),
        () if value.chars().any(char::is_control) => wrong("it contains control characters"),
        () if value.chars().nth(LONGEST).is_some() => wrong("it is longer than 255 characters"),
        () => Ok(()),
    }
}

impl Connection {
    /// The object that a value names, in Okta or among those that were sent before.
    async fn named(&self, kind: ObjectKind, value: &str) -> Result<Option<Subject>, ServiceError> {
        let found = match kind {
            ObjectKind::User => self.lookup.user_named(value).await.map_err(unread)?,
            _ => self.named_group(value).await?,
        };
        let id = if let Some(id) = found {
            id
        } else {
            // An object that doesn't exist in Okta is named by its ID, to be retired.
            let key = RecordKey { kind, id: value.to_owned() };
            if !self.store.record_states(std::slice::from_ref(&key)).await?.contains_key(&key) {
                return Ok(None);
            }
            key.id
        };
        Ok(Some(match kind {
            ObjectKind::User => Subject::User(UserId::new(id)),
            _ => Subject::Group(GroupId::new(id)),
        }))
    }

    async fn named_group(&self, value: &str) -> Result<Option<String>, ServiceError> {
        let mut ids = self.lookup.groups_named(value).await.map_err(unread)?;
        if ids.len() > 1 {
            return Err(NamedError::Ambiguous { value: value.to_owned(), ids }.into());
        }
        Ok(ids.pop())
    }
}

fn unread(error: okta_client::Error) -> ServiceError {
    EngineError::Directory(okta_error("could not look up users and groups", error)).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn malformed_values_are_rejected() {
        for value in ["", "a\u{1b}[31m", &"x".repeat(300)] {
            let error = check(ObjectKind::User, value).unwrap_err();
            assert!(error.is_usage() && error.to_string().len() < 400, "{error}");
        }
        assert_eq!(check(ObjectKind::Group, "Sales, EMEA"), Ok(()));
    }
}
