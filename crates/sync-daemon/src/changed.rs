//! The state that a change affects, for the audit log: read before and after it, without secrets.

use diagnostics::Pause;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use sync_engine::{LeaderState, StoreError};
use sync_model::ConnectionName;
use sync_store::Store;

use crate::error::ServiceError;

/// The state of a connection that a change can affect: its saved settings, the names of its secrets, and its pause.
/// Empty for an unknown connection.
///
/// # Errors
/// When the store fails, or the saved settings can't be read.
pub async fn connection_state(
    store: &Store,
    name: &ConnectionName,
    now: Timestamp,
) -> Result<Value, ServiceError> {
    let saved = store.saved_connections().await?.into_iter().find(|saved| saved.name == *name);
    let paused = match store.known_connection(name).await? {
        Some(connection) => connection.paused_until().await?,
        None => None,
    };
    let paused = paused.filter(|until| *until > now).map(Pause::from_stored);
    let settings = saved.as_ref().map(|saved| serde_json::from_str::<Value>(&saved.settings)).transpose();
    let settings = settings.map_err(|error| StoreError::new("read the saved settings", error))?;
    Ok(json!({
        "settings": settings,
        "secrets": saved.as_ref().map(|saved| saved.secrets.keys().collect::<Vec<_>>()),
        "saved_at": saved.as_ref().map(|saved| saved.saved),
        "paused": paused,
    }))
}

/// The access tokens by number: name, role, and end of each.
///
/// # Errors
/// When the store fails.
pub async fn token_state(store: &Store) -> Result<Value, ServiceError> {
    let tokens = store.access().tokens().await?.into_iter().map(|token| {
        let state = json!({
            "name": token.name,
            "role": token.role,
            "expires_at": token.expires_at,
            "revoked_at": token.revoked_at,
        });
        (token.id.to_string(), state)
    });
    Ok(json!({ "tokens": tokens.collect::<Map<_, _>>() }))
}

/// Both states, without what is the same in them.
pub fn difference(before: Value, after: Value) -> (Option<Value>, Option<Value>) {
    if before == after {
        return (None, None);
    }
    let (Value::Object(mut before), Value::Object(mut after)) = (before.clone(), after.clone()) else {
        return (Some(before).filter(|it| !it.is_null()), Some(after).filter(|it| !it.is_null()));
    };
    let keys: Vec<String> = before.keys().chain(after.keys()).cloned().collect();
    for key in keys {
        let parts =
            difference(before.remove(&key).unwrap_or_default(), after.remove(&key).unwrap_or_default());
        before.extend(parts.0.map(|value| (key.clone(), value)));
        after.extend(parts.1.map(|value| (key.clone(), value)));
    }
    let kept = |map: Map<String, Value>| (!map.is_empty()).then_some(Value::Object(map));
    (kept(before), kept(after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn difference_holds_changes_alone() {
        let before = json!({ "settings": { "a": 1, "b": { "c": 2, "d": 3 } }, "paused": null });
        let after = json!({ "settings": { "a": 1, "b": { "c": 4, "d": 3 } }, "paused": true });
        let told = difference(before.clone(), after);
        assert_eq!(told.0, Some(json!({ "settings": { "b": { "c": 2 } } })));
        assert_eq!(told.1, Some(json!({ "settings": { "b": { "c": 4 } }, "paused": true })));
        assert_eq!(difference(before.clone(), before), (None, None));
        assert_eq!(difference(Value::Null, json!({ "a": 1 })), (None, Some(json!({ "a": 1 }))));
    }

    #[tokio::test]
    async fn unknown_connection_has_empty_state() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("state.db")).await.unwrap();
        let name = ConnectionName::try_from("nobody".to_owned()).unwrap();
        let state = connection_state(&store, &name, Timestamp::UNIX_EPOCH).await.unwrap();
        assert!(state.as_object().unwrap().values().all(Value::is_null), "{state}");
        assert!(store.known_connection(&name).await.unwrap().is_none(), "looking registers nothing");
    }
}
