//! Reading a JWK or PEM.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| {
    let _ = okta_client::PrivateKey::parse(text);
});
