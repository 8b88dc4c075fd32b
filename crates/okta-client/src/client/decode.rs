//! The error of an unexpected response.

use serde::de::{DeserializeOwned, Error as _, IgnoredAny};
use serde_json::Value;

use crate::error::Error;
use crate::item::without_mark;

/// The problem of a response that isn't a `T`, and its position, without its content: that can be personal data, or a
/// token.
pub(crate) fn undecodable<T: DeserializeOwned>(
    path: &str,
    expected: &'static str,
    text: &[u8],
    error: serde_json::Error,
) -> Error {
    let text = without_mark(text);
    let well_formed = serde_json::from_slice::<IgnoredAny>(text).is_ok();
    let source = if error.is_data() { without_values::<T>(text, &error) } else { error };
    Error::Decode { path: path.to_owned(), expected, well_formed, source }
}

/// The problem of the same response with fixed values: it can't quote one.
fn without_values<T: DeserializeOwned>(text: &[u8], error: &serde_json::Error) -> serde_json::Error {
    let place = format!("line {} column {}", error.line(), error.column());
    let blanked = serde_json::from_slice(text).map(|mut value| {
        blank(&mut value);
        value
    });
    match blanked.and_then(serde_json::from_value::<T>) {
        Err(problem) if problem.is_data() => serde_json::Error::custom(format!("{problem}, before {place}")),
        _ => serde_json::Error::custom(format!("unexpected value before {place}")),
    }
}

/// Replaces all values by fixed ones of the same type.
fn blank(value: &mut Value) {
    match value {
        Value::Null => {}
        Value::Bool(value) => *value = false,
        Value::Number(value) => *value = 0.into(),
        Value::String(value) => "x".clone_into(value),
        Value::Array(items) => items.iter_mut().for_each(blank),
        Value::Object(members) => members.values_mut().for_each(blank),
    }
}
