//! Fuzz targets for input from browsers, proxies, and the org. See tests/fuzz.

// Outcomes are short.
#![allow(clippy::format_push_string)]

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use fuzz::hostile::{Answer, Hostile};
use fuzz::{assert_shown, fuzz};
use jiff::{SignedDuration, Timestamp};
use josekit::jwk::Jwk;
use josekit::jwk::alg::ec::{EcCurve, EcKeyPair};
use josekit::jws::{ES256, JwsHeader};
use josekit::jwt::{self, JwtPayload};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use sync_daemon::client_address;
use sync_engine::error_chain;
use sync_store::access::Role;
use url::Url;

use super::cookies::Purpose;
use super::oidc::{Oidc, OidcSettings};
use super::origin::is_foreign;
use super::problem::is_for_page;
use super::return_to::local_path;

/// Header lines of an input; those that HTTP does not allow are left out.
fn headers(text: &str) -> HeaderMap {
    let lines = text.lines().filter_map(|line| line.split_once(':'));
    let pairs = lines.filter_map(|(name, value)| {
        let name = HeaderName::try_from(name.trim().to_ascii_lowercase()).ok()?;
        Some((name, HeaderValue::from_bytes(value.trim().as_bytes()).ok()?))
    });
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.append(name, value);
    }
    headers
}

/// The host of an address, as browsers compare it.
fn host(url: &Url) -> (Option<String>, Option<u16>) {
    (url.host_str().map(str::to_owned), url.port_or_known_default())
}

#[test]
fn headers_of_strangers_are_judged() {
    let words = [
        "cookie: ",
        "okta_insight_session=",
        "__Host-okta_insight_session=",
        "origin: https://",
        "host: ",
        "sec-fetch-site: same-origin",
        "x-forwarded-for: ",
        "authorization: Bearer ",
        "accept: text/html",
        "; ",
        "%2f",
        "[::1]",
    ];
    fuzz("console_headers", &words, |input| {
        let text = String::from_utf8_lossy(input);
        let headers = headers(&text);
        let mut outcome = String::new();
        let foreign = is_foreign(&headers, None);
        let word = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        if !foreign && word("sec-fetch-site").is_none() && headers.contains_key("origin") {
            let origin = Url::parse(word("origin").unwrap()).unwrap();
            let own = Url::parse(&format!("{}://{}", origin.scheme(), word("host").unwrap())).unwrap();
            assert_eq!(host(&origin), host(&own), "a foreign page is taken for our own");
        }
        outcome += &format!("{foreign} {} ", is_for_page("/runs", &headers));
        for secure in [false, true] {
            for purpose in [Purpose::Session, Purpose::Form, Purpose::Okta] {
                let Some(value) = purpose.read(&headers, secure) else { continue };
                assert!(!value.expose_secret().is_empty());
                let set = purpose.set(&value, secure);
                let names = set.matches("HttpOnly").count() + set.matches("SameSite=Lax").count();
                assert!(names >= 2, "a cookie for scripts: {set}");
                outcome += &format!("{purpose:?}{} ", HeaderValue::from_str(&set).is_ok());
            }
        }
        let peer = IpAddr::V4(Ipv4Addr::LOCALHOST);
        assert_eq!(client_address(peer, &headers, false), peer, "no peer speaks for another without a proxy");
        outcome += &format!("{}", client_address(peer, &headers, true).is_ipv6());
        for next in text.lines().filter_map(local_path) {
            leads_home(next);
            outcome += &format!("{} ", next.len() / 20);
        }
        outcome
    });
}

/// An address stays on this console under every reading: unchanged, decoded, with backslashes as slashes.
fn leads_home(next: &str) {
    let base = Url::parse("https://console.example/sign-in").unwrap();
    let decoded = percent(next);
    for read in [next.to_owned(), next.replace('\\', "/"), decoded.replace('\\', "/"), decoded] {
        let url = base.join(&read).unwrap();
        assert_eq!(url.origin(), base.origin(), "{next} leads to {url}");
    }
    assert!(HeaderValue::from_str(next).is_ok(), "{next:?} is no header");
}

/// The text without percent-encoding, as far as that is text.
fn percent(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let hex = bytes.get(at + 1..at + 3).and_then(|hex| std::str::from_utf8(hex).ok());
        let byte = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()).filter(|_| bytes[at] == b'%');
        decoded.push(byte.unwrap_or(bytes[at]));
        at += if byte.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// The responses of the org.
#[derive(Default)]
struct Org {
    discovery: Vec<u8>,
    keys: Vec<u8>,
    tokens: Vec<u8>,
    userinfo: Vec<u8>,
}

/// A secret of ours, and a token of the org: neither may be in an error.
const SECRETS: [&str; 2] = ["Cl1entSecretOfTheApp", "AccessT0kenOfThePerson"];
const CLIENT: &str = "0oa1";

/// A member of the input as the body of a response: text unchanged, anything else as JSON.
fn body(input: &Value, name: &str) -> String {
    match &input[name] {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    }
}

/// True if a secret is outside its field, where it may be quoted.
fn misplaced(input: &Value) -> bool {
    let mut rest = input.clone();
    if let Some(token) = rest.pointer_mut("/tokens/access_token").filter(|token| token.is_string()) {
        *token = Value::Null;
    }
    SECRETS.iter().any(|secret| rest.to_string().contains(secret))
}

struct SignIn {
    runtime: tokio::runtime::Runtime,
    server: Hostile,
    org: Arc<Mutex<Org>>,
    oidc: Oidc,
    key: EcKeyPair,
    public: Jwk,
}

impl SignIn {
    fn new() -> Self {
        let org = Arc::<Mutex<Org>>::default();
        let answering = Arc::clone(&org);
        let server = Hostile::start(move |_, line| {
            let org = answering.lock().unwrap_or_else(PoisonError::into_inner);
            let part = if line.contains("openid-configuration") {
                &org.discovery
            } else if line.contains("/keys") {
                &org.keys
            } else if line.starts_with("POST") {
                &org.tokens
            } else {
                &org.userinfo
            };
            Answer::json(part)
        });
        let settings = OidcSettings {
            issuer: Url::parse(server.url()).unwrap(),
            client_id: CLIENT.to_owned(),
            client_secret: SECRETS[0].to_owned().into(),
            admin_groups: vec!["Admins".to_owned()],
            read_only_groups: vec!["Readers".to_owned()],
            redirect_base: Url::parse("https://console.example/").unwrap(),
            allow_private_addresses: true,
        };
        let key = EcKeyPair::generate(EcCurve::P256).unwrap();
        let mut public = key.to_jwk_public_key();
        public.set_key_id("ec");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { runtime, server, org, oidc: Oidc::new(settings).unwrap(), key, public }
    }

    /// A token with these claims that the org signed.
    fn signed(&self, claims: &Value) -> Option<String> {
        let mut header = JwsHeader::new();
        header.set_key_id("ec");
        let payload = JwtPayload::from_map(claims.as_object()?.clone()).ok()?;
        let signer = ES256.signer_from_jwk(&self.key.to_jwk_private_key()).unwrap();
        jwt::encode_with_signer(&payload, &header, &signer).ok()
    }

    fn answer(&self, part: impl FnOnce(&mut Org)) {
        part(&mut self.org.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Runs a sign-in with these responses, at this time.
    async fn play(&self, input: &Value, now: Timestamp) -> String {
        let home = |text: String| text.replace("HOME", self.server.url());
        let keys = body(input, "keys").replace("\"OURS\"", &self.public.to_string());
        let discovery = home(body(input, "discovery"));
        self.answer(|org| *org = Org { discovery: discovery.into(), keys: keys.into(), ..Org::default() });
        let quoted = misplaced(input);
        let told = |error: &dyn std::error::Error| {
            let told = error_chain(error);
            let is_shown = SECRETS.iter().any(|secret| told.contains(secret));
            assert!(quoted || !is_shown, "a secret is shown: {told}");
            assert_shown(&told, 1200);
            told.replace(self.server.url(), "HOME")
        };
        let (address, cookie) = match self.oidc.begin(b"key", "/runs", now).await {
            Ok(begun) => begun,
            Err(error) => return told(&error),
        };
        assert_eq!(
            address.origin(),
            Url::parse(self.server.url()).unwrap().origin(),
            "a person is sent away"
        );
        let asked: HashMap<String, String> = address.query_pairs().into_owned().collect();
        let second = now.as_second();
        let times = |text: String| {
            let text = text
                .replace("\"NOW\"", &second.to_string())
                .replace("\"LATER\"", &(second + 3600).to_string());
            text.replace("NONCE", &asked["nonce"])
        };
        let claims = serde_json::from_str::<Value>(&times(home(input["claims"].to_string())));
        let claims = claims.unwrap_or_default();
        let tokens = match self.signed(&claims) {
            Some(token) => body(input, "tokens").replace("SIGNED", &token),
            None => body(input, "tokens"),
        };
        self.answer(|org| (org.tokens, org.userinfo) = (tokens.into(), body(input, "userinfo").into()));
        let query = HashMap::from([
            ("state".to_owned(), asked["state"].clone()),
            ("code".to_owned(), "c".to_owned()),
        ]);
        match self.oidc.finish(b"key", &cookie, &query, now).await {
            Ok((next, person)) => {
                assert_eq!(next, "/runs");
                assert_shown(&person.principal, 400);
                self.has_proof(&claims, &asked["nonce"], second);
                let groups =
                    claims.get("groups").cloned().unwrap_or_else(|| userinfo(input)["groups"].clone());
                let needed = if person.role == Role::Admin { "Admins" } else { "Readers" };
                let is_member = groups.as_array().is_some_and(|groups| groups.contains(&json!(needed)));
                assert!(is_member, "{groups} let a person in");
                format!("{:?} {}", person.role, person.principal.len())
            }
            Err(error) => told(&error),
        }
    }

    /// Checks that the claims that permit access are in the token.
    fn has_proof(&self, claims: &Value, nonce: &str, second: i64) {
        assert_eq!(claims["iss"], self.server.url(), "another issuer");
        assert_eq!(claims["nonce"], nonce, "another sign-in");
        let audience = &claims["aud"];
        let is_ours = |one: &Value| one == CLIENT;
        assert!(
            is_ours(audience) || audience.as_array().is_some_and(|all| all.iter().any(is_ours)),
            "{audience}"
        );
        assert!(claims["exp"].as_i64().unwrap() > second - 121, "it has expired");
        assert!(claims["iat"].as_i64().unwrap() <= second + 120, "it was issued later");
    }
}

fn userinfo(input: &Value) -> Value {
    serde_json::from_str(&body(input, "userinfo")).unwrap_or_default()
}

#[test]
fn sign_in_takes_proof_alone() {
    let words = [
        "iss",
        "aud",
        "azp",
        "sub",
        "nonce",
        "exp",
        "iat",
        "groups",
        "keys",
        "kid",
        "alg",
        "ES256",
        "HS256",
        "none",
        "id_token",
        "access_token",
        "SIGNED",
        "OURS",
        "HOME",
        "NONCE",
        "Admins",
        "Readers",
        "token_endpoint",
        "jwks_uri",
        "userinfo_endpoint",
    ];
    let sign_in = SignIn::new();
    // The provider's metadata is cached for one hour.
    let clock = std::cell::Cell::new(Timestamp::from_second(1_800_000_000).unwrap());
    fuzz("sign_in", &words, |input| {
        let Ok(input) = serde_json::from_slice::<Value>(input) else { return String::new() };
        clock.set(clock.get() + SignedDuration::from_hours(2));
        sign_in.runtime.block_on(sign_in.play(&input, clock.get()))
    });
}
