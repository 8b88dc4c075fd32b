//! New key pairs.

use josekit::jwk::Jwk;
use josekit::jwk::alg::ec::{EcCurve, EcKeyPair};
use josekit::jwk::alg::rsa::RsaKeyPair;

use crate::key::{KeyError, MIN_RSA_BITS, PrivateKey, thumbprint};

/// A kind of key pair to generate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyKind {
    /// RSA with this number of bits, 2048 or more. Generating a key with more than 4096 bits can require many seconds.
    Rsa(u32),
    /// EC on P-256 (ES256).
    P256,
    /// EC on P-384 (ES384).
    P384,
    /// EC on P-521 (ES512).
    P521,
}

impl Default for KeyKind {
    /// The type that Okta itself generates.
    fn default() -> Self {
        Self::Rsa(MIN_RSA_BITS)
    }
}

impl PrivateKey {
    /// A new key pair; its ID is the thumbprint (RFC 7638). Generation blocks the thread: in an asynchronous program, use a
    /// blocking task.
    ///
    /// # Errors
    /// [`KeyError::TooShort`] for RSA with fewer than 2048 bits, and [`KeyError::NotGenerated`] if the random number
    /// generator of the system fails.
    pub fn generate(kind: KeyKind) -> Result<Self, KeyError> {
        let curve = match kind {
            KeyKind::Rsa(bits) if bits < MIN_RSA_BITS => return Err(KeyError::TooShort(bits)),
            KeyKind::Rsa(bits) => {
                let pair = RsaKeyPair::generate(bits).map_err(|_| KeyError::NotGenerated)?;
                return Self::new_pair(&pair.to_jwk_key_pair());
            }
            KeyKind::P256 => EcCurve::P256,
            KeyKind::P384 => EcCurve::P384,
            KeyKind::P521 => EcCurve::P521,
        };
        let pair = EcKeyPair::generate(curve).map_err(|_| KeyError::NotGenerated)?;
        Self::new_pair(&pair.to_jwk_key_pair())
    }

    fn new_pair(jwk: &Jwk) -> Result<Self, KeyError> {
        Self::from_parsed(jwk, Some(&thumbprint(jwk)))
    }

    /// A new EC key on P-256, the type for DPoP proofs.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn generate_ec() -> Result<Self, KeyError> {
        Self::generate(KeyKind::P256)
    }

    /// A new RSA key of 2048 bits, as Okta itself generates.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn generate_rsa() -> Result<Self, KeyError> {
        Self::generate(KeyKind::default())
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use josekit::jws::{ES256, ES384, ES512, JwsVerifier, RS256};
    use josekit::jwt::{self, JwtPayload};
    use secrecy::ExposeSecret;
    use serde_json::Value;
    use sha2::{Digest, Sha256};

    use super::*;

    /// A verifier with the public key only, as the registering party has it.
    fn verifier(public: &Value) -> Box<dyn JwsVerifier> {
        let jwk = Jwk::from_map(public.as_object().unwrap().clone()).unwrap();
        match public["alg"].as_str().unwrap() {
            "RS256" => Box::new(RS256.verifier_from_jwk(&jwk).unwrap()),
            "ES256" => Box::new(ES256.verifier_from_jwk(&jwk).unwrap()),
            "ES384" => Box::new(ES384.verifier_from_jwk(&jwk).unwrap()),
            "ES512" => Box::new(ES512.verifier_from_jwk(&jwk).unwrap()),
            other => panic!("{other}"),
        }
    }

    #[test]
    fn generated_key_signature_verifies() {
        for (kind, algorithm) in [
            (KeyKind::default(), "RS256"),
            (KeyKind::Rsa(3072), "RS256"),
            (KeyKind::P256, "ES256"),
            (KeyKind::P384, "ES384"),
            (KeyKind::P521, "ES512"),
        ] {
            let made = PrivateKey::generate(kind).unwrap();
            let stored = PrivateKey::parse(made.to_jwk().expose_secret()).unwrap();
            let public = stored.public_jwk();
            assert_eq!((public == made.public_jwk(), &public["alg"]), (true, &algorithm.into()), "{kind:?}");
            let mut claims = JwtPayload::new();
            claims.set_issuer("0oa1");
            let assertion = stored.sign_with_kid(&claims).unwrap();
            let (read, header) = jwt::decode_with_verifier(&assertion, &*verifier(&public)).unwrap();
            assert_eq!((read.issuer(), header.claim("kid")), (Some("0oa1"), Some(&public["kid"])));
            let other = PrivateKey::generate(kind).unwrap().public_jwk();
            assert!(jwt::decode_with_verifier(&assertion, &*verifier(&other)).is_err(), "{kind:?}");
        }
    }

    #[test]
    fn public_jwk_has_use_and_thumbprint() {
        let key = PrivateKey::generate(KeyKind::default()).unwrap();
        let public = key.public_jwk();
        let mut members: Vec<&String> = public.as_object().unwrap().keys().collect();
        members.sort();
        assert_eq!(members, ["alg", "e", "kid", "kty", "n", "use"]);
        assert_eq!((public["use"].as_str(), public["kty"].as_str()), (Some("sig"), Some("RSA")));
        // RFC 7638, section 3: the required members, in lexical order, without white space.
        let required = format!(r#"{{"e":{},"kty":"RSA","n":{}}}"#, public["e"], public["n"]);
        assert_eq!(public["kid"], URL_SAFE_NO_PAD.encode(Sha256::digest(required)));
    }

    #[test]
    fn short_rsa_key_is_not_generated() {
        assert_eq!(PrivateKey::generate(KeyKind::Rsa(1024)).unwrap_err(), KeyError::TooShort(1024));
    }
}
