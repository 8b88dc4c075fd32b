//! Fuzz targets for responses of Assets and of gateways in between. See tests/fuzz.
// Outcomes are short.
#![allow(clippy::format_push_string)]

mod answers;
mod headers;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::client::ImportClient;
use crate::http::Answer;

/// A credential that inputs hold and no error may.
const SECRET: &str = "ATCTT3xSecretTokenValue1234567890";
/// The longest message, in characters.
const LONGEST: usize = 12_000;

fn client() -> ImportClient {
    ImportClient::builder(SECRET.into()).build().unwrap()
}

fn answer(status: u16, body: &[u8]) -> Option<Answer> {
    let status = StatusCode::from_u16(status).ok()?;
    Some(Answer { status, headers: HeaderMap::new(), body: Bytes::copy_from_slice(body) })
}

/// The text up to a line break, and the rest.
fn line(input: &[u8]) -> (&[u8], &[u8]) {
    match input.iter().position(|byte| *byte == b'\n') {
        Some(at) => (&input[..at], &input[at + 1..]),
        None => (input, &[]),
    }
}

/// Lines such as `name: value`, as far as they can be headers.
fn headers(lines: &[&[u8]]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in lines {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let name = HeaderName::from_bytes(&line[..colon]);
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(line[colon + 1..].trim_ascii())) {
            headers.append(name, value);
        }
    }
    headers
}
