//! Records that the site always rejects because of their values: an option for tests, off by default.

use serde_json::Value;

/// Prefixes of values whose records are rejected over HTTP, with the response status.
const OVER_HTTP: [(&str, u16); 3] = [("refuse 400", 400), ("refuse 413", 413), ("refuse 422", 422)];
/// The beginning of a value that has its record left out in the result.
const IN_RESULT: &str = "refuse result";
/// The same with a message that names it.
const BY_NAME: &str = "refuse result by name";

/// The status with which a chunk is rejected; `None` if it is accepted.
pub(super) fn of_chunk(chunk: &Value) -> Option<u16> {
    let refused = OVER_HTTP.iter().find(|(mark, _)| has_mark(&chunk["data"], mark));
    refused.map(|(_, status)| *status)
}

/// True if an entry is left out in the result.
pub(super) fn of_entry(entry: &Value) -> bool {
    has_mark(entry, IN_RESULT)
}

/// True if a message names the entry that is left out.
pub(super) fn is_named(entry: &Value) -> bool {
    has_mark(entry, BY_NAME)
}

fn has_mark(value: &Value, mark: &str) -> bool {
    match value {
        Value::String(text) => text.starts_with(mark),
        Value::Array(items) => items.iter().any(|item| has_mark(item, mark)),
        Value::Object(members) => members.values().any(|member| has_mark(member, mark)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn marks_refuse_chunks_and_entries() {
        let chunk = |title: &str| json!({ "data": { "users": [{ "title": title }, { "title": null }] } });
        assert_eq!(of_chunk(&chunk("refuse 413: too large")), Some(413));
        assert_eq!(of_chunk(&chunk("Engineer")), None);
        assert!(of_entry(&json!({ "groups": ["refuse result"] })) && !of_entry(&json!({ "title": 400 })));
    }
}
