//! Each check, with a token that fails it alone.

use josekit::jwk::alg::ec::{EcCurve, EcKeyPair};
use josekit::jwk::alg::rsa::RsaKeyPair;
use josekit::jws::{HS256, JwsHeader, JwsSigner};
use josekit::jwt::JwtPayload;
use serde_json::json;

use super::*;

const NOW: i64 = 1_800_000_000;

fn expected() -> Expected<'static> {
    Expected { issuer: "https://example.okta.com", client_id: "0oa1", nonce: "n-1", now: NOW }
}

fn claims() -> Value {
    json!({
        "iss": "https://example.okta.com", "aud": "0oa1", "sub": "00u1", "nonce": "n-1",
        "iat": NOW - 5, "exp": NOW + 3595, "preferred_username": "ada@example.com", "groups": ["Admins", "Everyone"],
    })
}

fn named(mut key: Jwk, kid: &str) -> Jwk {
    key.set_key_id(kid);
    key
}

struct Org {
    rsa: RsaKeyPair,
    ec: EcKeyPair,
    keys: Vec<Jwk>,
}

impl Org {
    fn new() -> Self {
        let (rsa, ec) = (RsaKeyPair::generate(2048).unwrap(), EcKeyPair::generate(EcCurve::P256).unwrap());
        let keys = vec![named(rsa.to_jwk_public_key(), "rsa"), named(ec.to_jwk_public_key(), "ec")];
        Self { rsa, ec, keys }
    }

    fn judge(&self, token: &str) -> Result<Claims, IdTokenError> {
        verify(&token.to_owned().into(), &self.keys, &expected())
    }

    fn with(&self, change: impl FnOnce(&mut Value)) -> Result<Claims, IdTokenError> {
        let mut changed = claims();
        change(&mut changed);
        self.judge(&sign(&changed, &RS256.signer_from_jwk(&self.rsa.to_jwk_private_key()).unwrap(), "rsa"))
    }
}

fn sign(claims: &Value, signer: &dyn JwsSigner, kid: &str) -> String {
    let mut header = JwsHeader::new();
    header.set_key_id(kid);
    let payload = JwtPayload::from_map(claims.as_object().unwrap().clone()).unwrap();
    jwt::encode_with_signer(&payload, &header, signer).unwrap()
}

#[test]
fn valid_token_identifies_user() {
    let org = Org::new();
    let told = org.with(|_| {}).unwrap();
    assert_eq!((told.sub.as_str(), told.preferred_username.as_deref()), ("00u1", Some("ada@example.com")));
    assert_eq!(told.groups.unwrap(), ["Admins", "Everyone"]);
    let ec = ES256.signer_from_jwk(&org.ec.to_jwk_private_key()).unwrap();
    assert!(org.judge(&sign(&claims(), &ec, "ec")).is_ok());
    assert!(org.with(|c| c["aud"] = json!(["0oa1"])).is_ok());
    assert!(org.with(|c| (c["aud"], c["azp"]) = (json!(["0oa1", "other"]), json!("0oa1"))).is_ok());
    assert!(org.with(|c| c["exp"] = json!(NOW - 60)).is_ok(), "clocks may differ a little");
    assert!(org.with(|c| c["iat"] = json!(NOW + 60)).is_ok());
}

#[test]
fn invalid_claim_is_rejected() {
    let org = Org::new();
    let changes: [(&str, Value, IdTokenError); 12] = [
        ("iss", json!("https://evil.okta.com"), IdTokenError::Issuer),
        ("iss", Value::Null, IdTokenError::Issuer),
        ("aud", json!("0oa2"), IdTokenError::Audience),
        ("aud", json!(["0oa1", "other"]), IdTokenError::Audience),
        ("azp", json!("other"), IdTokenError::Audience),
        ("exp", json!(NOW - 120), IdTokenError::Expired),
        ("exp", Value::Null, IdTokenError::Expired),
        ("iat", json!(NOW + 121), IdTokenError::IssuedLater),
        ("iat", Value::Null, IdTokenError::IssuedLater),
        ("nonce", json!("n-2"), IdTokenError::Nonce),
        ("nonce", Value::Null, IdTokenError::Nonce),
        ("groups", json!("Admins"), IdTokenError::Malformed),
    ];
    for (claim, value, problem) in changes {
        let change = |c: &mut Value| {
            if value.is_null() {
                c.as_object_mut().unwrap().remove(claim);
            } else {
                c[claim] = value.clone();
            }
        };
        assert_eq!(org.with(change).err(), Some(problem), "{claim} {value}");
    }
}

#[test]
fn untrusted_signature_is_rejected() {
    let org = Org::new();
    let other = RS256.signer_from_jwk(&RsaKeyPair::generate(2048).unwrap().to_jwk_private_key()).unwrap();
    assert_eq!(org.judge(&sign(&claims(), &other, "rsa")).err(), Some(IdTokenError::Signature));
    assert_eq!(org.judge(&sign(&claims(), &other, "new")).err(), Some(IdTokenError::UnknownKey));
    // Signed with what everybody knows.
    let public = org.rsa.to_pem_public_key();
    let hmac = HS256.signer_from_bytes(&public).unwrap();
    assert_eq!(org.judge(&sign(&claims(), &hmac, "rsa")).err(), Some(IdTokenError::Algorithm));
    let rsa = RS256.signer_from_jwk(&org.rsa.to_jwk_private_key()).unwrap();
    assert_eq!(org.judge(&sign(&claims(), &rsa, "ec")).err(), Some(IdTokenError::Algorithm));
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let unsigned = format!("{}.{}.", part(json!({"alg": "none", "kid": "rsa"})), part(claims()));
    assert_eq!(org.judge(&unsigned).err(), Some(IdTokenError::Algorithm));
    for nonsense in ["", "a", "a.b.c", "e30.e30.e30"] {
        assert!(org.judge(nonsense).is_err(), "{nonsense}");
    }
}
