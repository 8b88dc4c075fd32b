//! Reading a JWK or PEM.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| {
    let _ = okta_client::PrivateKey::parse(text);
    let _ = okta_client::PrivateKey::from_pem(text, None);
});
