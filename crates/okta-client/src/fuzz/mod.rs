//! Fuzz targets for input from Okta, its hooks, gateways, and key files. See tests/fuzz.
// Outcomes are short.
#![allow(clippy::format_push_string)]

mod answers;
mod headers;
mod keys;

use http::{HeaderMap, HeaderName, HeaderValue};

/// A credential that inputs hold and no error may.
const SECRET: &str = "00AbSecretTokenValue1234567890";

/// The text up to a line break, and the rest.
fn line(input: &[u8]) -> (&[u8], &[u8]) {
    match input.iter().position(|byte| *byte == b'\n') {
        Some(at) => (&input[..at], &input[at + 1..]),
        None => (input, &[]),
    }
}

/// Lines such as `name: value`, as far as they can be headers.
fn headers(input: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in input.split(|byte| *byte == b'\n') {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let name = HeaderName::from_bytes(&line[..colon]);
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(line[colon + 1..].trim_ascii())) {
            headers.append(name, value);
        }
    }
    headers
}
