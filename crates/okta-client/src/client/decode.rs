//! The error of an unexpected response.

use serde::de::IgnoredAny;

use crate::error::Error;
use crate::item::without_mark;

/// The problem of a response and its position, without its content: that can be personal data, or a token.
pub(crate) fn undecodable(
    path: &str,
    expected: &'static str,
    text: &[u8],
    error: serde_json::Error,
) -> Error {
    let well_formed = serde_json::from_slice::<IgnoredAny>(without_mark(text)).is_ok();
    let quotes = error.is_data() && !error.to_string().starts_with("missing field");
    let source = if quotes {
        let place = format!("line {} column {}", error.line(), error.column());
        serde::de::Error::custom(format!("unexpected type before {place}"))
    } else {
        error
    };
    Error::Decode { path: path.to_owned(), expected, well_formed, source }
}
