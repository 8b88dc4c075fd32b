//! The app's private key.

mod error;
mod text;
mod thumbprint;

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use josekit::jwk::Jwk;
use josekit::jwk::alg::ec::EcKeyPair;
use josekit::jwk::alg::rsa::RsaKeyPair;
use josekit::jws::{ES256, ES384, ES512, JwsHeader, JwsSigner, JwsVerifier, RS256, RS384, RS512};
use josekit::jwt::{self, JwtPayload};
use openssl::pkey::{Id, PKey};
use secrecy::SecretString;

use crate::text::name;
pub use error::KeyError;
use text::Text;
pub use text::trimmed;
pub(crate) use thumbprint::thumbprint;

pub(crate) const MIN_RSA_BITS: u32 = 2048;

/// A key to sign with: RSA of 2048 bits or more, or EC on P-256, P-384 or P-521.
///
/// Cheap to clone.
#[derive(Clone)]
pub struct PrivateKey {
    signer: Arc<dyn JwsSigner>,
    algorithm: &'static str,
    kid: Option<String>,
    public: Jwk,
    private: Arc<Jwk>,
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateKey")
            .field("kid", &self.kid)
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}

impl PrivateKey {
    /// Reads a JWK or PEM key, also in the forms in which keys are often pasted: with a byte order mark or quotes, with
    /// literal `\n` for line breaks, on one line, with bag attributes, as a JSON string, or in a key set with one private
    /// key. Members of a JWK that signatures don't require are ignored.
    ///
    /// # Errors
    /// If the text isn't a private key for signatures. The error contains no part of the key.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        match text::read(text)? {
            Text::Pem(der) => Self::from_der(&der),
            Text::Jwk(members, kid) => Self::from_members(members, kid.as_deref()),
        }
    }

    /// The same key under another ID: the one that the app's key list in Okta shows. A blank ID changes nothing.
    #[must_use]
    pub fn with_kid(mut self, kid: &str) -> Self {
        self.kid = registered(Some(kid)).or(self.kid);
        self
    }

    /// The key with its thumbprint, as [`Self::generate`] names keys; `None` if its ID is known.
    pub(crate) fn under_own_id(&self) -> Option<Self> {
        self.kid.is_none().then(|| self.clone().with_kid(&thumbprint(&self.public)))
    }

    fn from_members(
        json: serde_json::Map<String, serde_json::Value>,
        kid: Option<&str>,
    ) -> Result<Self, KeyError> {
        let kind = json
            .get("kty")
            .and_then(|v| v.as_str())
            .ok_or_else(|| KeyError::Damaged("\"kty\" is missing".into()))?;
        if !matches!(kind, "RSA" | "EC") {
            return Err(KeyError::WrongType(name(kind)));
        }
        if let Some(other) = json.get("use").and_then(|v| v.as_str()).filter(|&u| u != "sig") {
            return Err(KeyError::WrongUse(name(other)));
        }
        if !json.contains_key("d") {
            return Err(KeyError::PublicOnly("d"));
        }
        // The parser's own messages may quote the key.
        let jwk = Jwk::from_map(json).map_err(|_| KeyError::Damaged("a member is invalid".into()))?;
        Self::from_parsed(&jwk, kid)
    }

    /// Reads the content of one PEM block (PKCS #8, PKCS #1 or SEC 1).
    fn from_der(der: &[u8]) -> Result<Self, KeyError> {
        let unreadable = || KeyError::Damaged("its content is neither an RSA key nor an EC key".into());
        // josekit allocates the length that the DER data claims, so it only gets output of OpenSSL.
        let pair = PKey::private_key_from_der(der).map_err(|_| unreadable())?;
        let der = pair.private_key_to_pkcs8().map_err(|_| unreadable())?;
        let jwk = match pair.id() {
            Id::RSA => RsaKeyPair::from_der(&der).map(|pair| pair.to_jwk_key_pair()),
            Id::EC => EcKeyPair::from_der(&der, None).map(|pair| pair.to_jwk_key_pair()),
            _ => return Err(unreadable()),
        };
        Self::from_parsed(&jwk.map_err(|_| unreadable())?, None)
    }

    pub(crate) fn from_parsed(jwk: &Jwk, kid: Option<&str>) -> Result<Self, KeyError> {
        let damaged = |what: &str| KeyError::Damaged(what.to_owned());
        let mut key = Jwk::new(jwk.key_type());
        let public_members: &[&str] = if jwk.key_type() == "RSA" { &["n", "e"] } else { &["crv", "x", "y"] };
        let private_members: &[&str] =
            if jwk.key_type() == "RSA" { &["d", "p", "q", "dp", "dq", "qi"] } else { &["d"] };
        for member in public_members {
            let value = jwk.parameter(member).ok_or_else(|| damaged(&format!("\"{member}\" is missing")))?;
            key.set_parameter(member, Some(value.clone()))
                .map_err(|_| damaged(&format!("\"{member}\" is not a string")))?;
        }
        let public = key.clone();
        for member in private_members {
            let value = jwk.parameter(member).ok_or_else(|| damaged(&format!("\"{member}\" is missing")))?;
            key.set_parameter(member, Some(value.clone()))
                .map_err(|_| damaged(&format!("\"{member}\" is not a string")))?;
        }
        let inconsistent = |_| damaged("its numbers don't form a valid key");
        let name = algorithm(jwk, &public)?;
        let (signer, verifier): (Arc<dyn JwsSigner>, Box<dyn JwsVerifier>) = match name {
            "RS384" => pair!(RS384, key, public, inconsistent),
            "RS512" => pair!(RS512, key, public, inconsistent),
            "ES256" => pair!(ES256, key, public, inconsistent),
            "ES384" => pair!(ES384, key, public, inconsistent),
            "ES512" => pair!(ES512, key, public, inconsistent),
            _ => pair!(RS256, key, public, inconsistent),
        };
        // A damaged key is reported here; Okta's error for it is unclear.
        let sample = b"okta-client";
        signer
            .sign(sample)
            .and_then(|signature| verifier.verify(sample, &signature))
            .map_err(inconsistent)?;
        let kid = registered(kid);
        Ok(Self { signer, algorithm: name, kid, public, private: Arc::new(key) })
    }

    /// The ID of the key in Okta, if it is known. A PEM document contains none, and it can't be computed from the key. Okta
    /// doesn't require it if the app has one key.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The public half, to be registered in Okta.
    pub fn public_jwk(&self) -> serde_json::Value {
        let mut json = serde_json::Value::Object(self.public.as_ref().clone());
        if let Some(kid) = self.kid() {
            json["kid"] = kid.into();
        }
        json["use"] = "sig".into();
        json["alg"] = self.algorithm.into();
        json
    }

    /// The whole key as a JWK, to be stored where only its owner can read it.
    pub fn to_jwk(&self) -> SecretString {
        let mut json = self.public_jwk();
        for (name, value) in self.private.as_ref().as_ref() {
            json[name] = value.clone();
        }
        json.to_string().into()
    }

    /// Signs claims; the header names the key by its ID, if known.
    pub(crate) fn sign_with_kid(&self, claims: &JwtPayload) -> Result<String, josekit::JoseError> {
        let mut header = JwsHeader::new();
        header.set_token_type("JWT");
        if let Some(kid) = self.kid() {
            header.set_key_id(kid);
        }
        jwt::encode_with_signer(claims, &header, &*self.signer)
    }

    /// Signs claims; the header contains the public key.
    pub(crate) fn sign_with_jwk(
        &self,
        kind: &str,
        claims: &JwtPayload,
    ) -> Result<String, josekit::JoseError> {
        let mut header = JwsHeader::new();
        header.set_token_type(kind);
        header.set_jwk(self.public.clone());
        jwt::encode_with_signer(claims, &header, &*self.signer)
    }
}

/// The ID of a key, unless it is blank.
fn registered(kid: Option<&str>) -> Option<String> {
    kid.map(text::trimmed).filter(|kid| !kid.is_empty()).map(str::to_owned)
}

/// A signer and the verifier that goes with it.
macro_rules! pair {
    ($algorithm:ident, $key:expr, $public:expr, $error:expr) => {
        (
            Arc::new($algorithm.signer_from_jwk(&$key).map_err($error)?),
            Box::new($algorithm.verifier_from_jwk(&$public).map_err($error)?),
        )
    };
}
use pair;

/// The signature algorithm of a key: the one that an RSA key names, or the one of the curve.
fn algorithm(jwk: &Jwk, public: &Jwk) -> Result<&'static str, KeyError> {
    let damaged = |what: &str| KeyError::Damaged(what.to_owned());
    if jwk.key_type() == "RSA" {
        let modulus = public
            .parameter("n")
            .and_then(|n| n.as_str())
            .and_then(|n| URL_SAFE_NO_PAD.decode(n.trim_end_matches('=')).ok())
            .ok_or_else(|| damaged("\"n\" is not Base64url"))?;
        let bits = bit_length(&modulus);
        if bits < MIN_RSA_BITS {
            return Err(KeyError::TooShort(bits));
        }
        return match jwk.algorithm() {
            None | Some("RS256") => Ok("RS256"),
            Some("RS384") => Ok("RS384"),
            Some("RS512") => Ok("RS512"),
            Some(other) => Err(KeyError::WrongAlgorithm(name(other))),
        };
    }
    let curve = public.parameter("crv").and_then(|c| c.as_str());
    let fits = match curve {
        Some("P-256") => "ES256",
        Some("P-384") => "ES384",
        Some("P-521") => "ES512",
        other => {
            return Err(KeyError::WrongType(format!("EC {}", other.map_or("without a curve".into(), name))));
        }
    };
    match jwk.algorithm() {
        Some(other) if other != fits => Err(KeyError::WrongAlgorithm(name(other))),
        _ => Ok(fits),
    }
}

fn bit_length(number: &[u8]) -> u32 {
    let significant: Vec<u8> = number.iter().copied().skip_while(|&b| b == 0).collect();
    significant.first().map_or(0, |first| {
        u32::try_from(significant.len()).unwrap_or(u32::MAX).saturating_mul(8) - first.leading_zeros()
    })
}

#[cfg(test)]
mod tests {
    use josekit::jwk::alg::ec::EcCurve;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".{0,200}", begin in any::<bool>()) {
            let _ = PrivateKey::parse(&text);
            let kind = if begin { "PRIVATE KEY" } else { "RSA PRIVATE KEY" };
            let pem = format!("-----BEGIN {kind}-----\n{text}\n-----END {kind}-----");
            prop_assert!(PrivateKey::parse(&pem).is_err());
        }

        #[test]
        fn random_jwk_members_are_rejected(
            kind in "(RSA|EC|oct|OKP)",
            members in proptest::collection::hash_map("(n|e|d|p|q|dp|dq|qi|crv|x|y|use|alg|kid)", "[A-Za-z0-9_=-]{0,12}", 0..12),
        ) {
            let mut jwk = serde_json::json!(members);
            jwk["kty"] = kind.into();
            prop_assert!(PrivateKey::parse(&jwk.to_string()).is_err());
        }
    }

    fn jwk(pair: &RsaKeyPair) -> serde_json::Value {
        serde_json::Value::Object(pair.to_jwk_key_pair().as_ref().clone())
    }

    #[test]
    fn jwk_and_pem_give_same_key() {
        let rsa = RsaKeyPair::generate(2048).unwrap();
        let one = PrivateKey::parse(&jwk(&rsa).to_string()).unwrap();
        let other = PrivateKey::parse(&String::from_utf8(rsa.to_pem_private_key()).unwrap()).unwrap();
        assert_eq!(one.public_jwk(), other.public_jwk());
        for curve in [EcCurve::P256, EcCurve::P384, EcCurve::P521] {
            let ec = EcKeyPair::generate(curve).unwrap();
            let pem = String::from_utf8(ec.to_pem_private_key()).unwrap();
            let text = serde_json::Value::Object(ec.to_jwk_key_pair().as_ref().clone()).to_string();
            assert_eq!(
                PrivateKey::parse(&pem).unwrap().public_jwk(),
                PrivateKey::parse(&text).unwrap().public_jwk()
            );
        }
    }

    #[test]
    fn key_id_is_read_or_set() {
        let pair = RsaKeyPair::generate(2048).unwrap();
        let pem = PrivateKey::parse(&String::from_utf8(pair.to_pem_private_key()).unwrap()).unwrap();
        assert_eq!(pem.kid(), None, "no thumbprint is guessed");
        assert_eq!(pem.public_jwk().get("kid"), None);
        let with = |kid: serde_json::Value| {
            let mut jwk = jwk(&pair);
            jwk["kid"] = kid;
            PrivateKey::parse(&jwk.to_string())
        };
        for unknown in [serde_json::json!(null), "".into(), " ".into()] {
            assert_eq!(with(unknown).unwrap().kid(), None);
        }
        let read = with("k1".into()).unwrap();
        assert_eq!(read.kid(), Some("k1"));
        assert_eq!(read.clone().with_kid("").kid(), Some("k1"));
        assert_eq!(read.with_kid("\u{feff}k2\n").kid(), Some("k2"));
        assert!(matches!(with(7.into()), Err(KeyError::Damaged(_))));
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        let good = jwk(&RsaKeyPair::generate(2048).unwrap());
        let change = |member: &str, value: serde_json::Value| {
            let mut bad = good.clone();
            bad[member] = value;
            PrivateKey::parse(&bad.to_string()).unwrap_err()
        };
        let mut public = good.clone();
        public.as_object_mut().unwrap().remove("d");
        assert_eq!(PrivateKey::parse(&public.to_string()).unwrap_err(), KeyError::PublicOnly("d"));
        let text = good.to_string();
        assert_eq!(PrivateKey::parse(&text[..text.len() / 2]).unwrap_err(), KeyError::NotAKey);
        assert_eq!(change("kty", "oct".into()), KeyError::WrongType("oct".into()));
        assert_eq!(change("use", "enc".into()), KeyError::WrongUse("enc".into()));
        assert!(matches!(change("n", "not base64".into()), KeyError::Damaged(_)));
        let ec = || {
            serde_json::Value::Object(EcKeyPair::generate(EcCurve::P256).unwrap().to_jwk_key_pair().into())
        };
        let mut mixed: serde_json::Value = ec();
        mixed["d"] = ec()["d"].clone();
        assert!(matches!(PrivateKey::parse(&mixed.to_string()).unwrap_err(), KeyError::Damaged(_)));
        let short = jwk(&RsaKeyPair::generate(1024).unwrap());
        assert_eq!(PrivateKey::parse(&short.to_string()).unwrap_err(), KeyError::TooShort(1024));
        let pem = String::from_utf8(RsaKeyPair::generate(2048).unwrap().to_pem_public_key()).unwrap();
        assert_eq!(PrivateKey::parse(&pem).unwrap_err(), KeyError::PublicOnly("PRIVATE KEY"));
    }

    #[test]
    fn nothing_of_the_key_is_shown() {
        let good = jwk(&RsaKeyPair::generate(2048).unwrap());
        let key = PrivateKey::parse(&good.to_string()).unwrap();
        let shown = format!("{key:?}{}", key.public_jwk());
        for member in ["d", "p", "q", "dp", "dq", "qi"] {
            assert!(!shown.contains(good[member].as_str().unwrap()), "{member}");
        }
    }
}
