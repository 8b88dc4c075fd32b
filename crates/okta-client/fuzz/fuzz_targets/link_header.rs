//! Finding the next page.
#![no_main]

use http::header::LINK;
use http::{HeaderMap, HeaderValue};

libfuzzer_sys::fuzz_target!(|lines: Vec<Vec<u8>>| {
    let values = lines.iter().filter_map(|line| HeaderValue::from_bytes(line).ok());
    let headers: HeaderMap = values.map(|value| (LINK, value)).collect();
    let _ = okta_client::fuzzing::next_link(&headers);
});
