//! Reading what Okta answers with.
#![no_main]

use okta_client::LogCheckpoint;
use okta_client::model::{EventHook, Group, LogEvent, Schema, User, UserType};

libfuzzer_sys::fuzz_target!(|body: &[u8]| {
    let _ = serde_json::from_slice::<Vec<LogEvent>>(body);
    let _ = serde_json::from_slice::<Vec<EventHook>>(body);
    let _ = serde_json::from_slice::<Vec<UserType>>(body);
    if let Ok(user) = serde_json::from_slice::<User>(body) {
        let _ = (user.profile.login(), user.profile.iter().count(), format!("{user:?}"));
    }
    if let Ok(group) = serde_json::from_slice::<Group>(body) {
        let _ = (group.is_everyone(), group.users_count());
    }
    if let Ok(schema) = serde_json::from_slice::<Schema>(body) {
        for (_, property) in schema.properties() {
            let _ = property.is_unique();
        }
    }
    if let Ok(text) = std::str::from_utf8(body) {
        let _ = text.parse::<LogCheckpoint>();
    }
});
