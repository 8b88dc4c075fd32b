//! Pasted key text: PEM on one line or with literal `\n`, JSON inside a JSON string, a key set, a byte order mark or
//! quotes around the whole text.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Map, Value};

use crate::key::KeyError;
use crate::text::name;

/// Levels of JSON strings that are unwrapped.
const DEEPEST: usize = 3;
/// Members of a JWK that are read. Others (`x5c`, `key_ops`, and the like) don't matter for signatures.
const MEMBERS: [&str; 14] = ["kty", "use", "alg", "n", "e", "d", "p", "q", "dp", "dq", "qi", "crv", "x", "y"];
/// Labels of PEM blocks that hold a private key in the clear (RFC 7468, RFC 8017, RFC 5915).
const PRIVATE: [&str; 3] = ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"];
/// The label of an encrypted PKCS #8 key.
const ENCRYPTED: &str = "ENCRYPTED PRIVATE KEY";
/// The header of an encrypted PKCS #1 or SEC 1 key (RFC 1421).
const PROC_TYPE: &str = "Proc-Type";

/// A pasted secret or ID without the byte order mark, white space, and pairs of quotes around it.
pub fn trimmed(text: &str) -> &str {
    let blank = |c: char| c.is_whitespace() || matches!(c, '\u{feff}' | '\u{200b}' | '\u{2060}');
    let mut text = text.trim_matches(blank);
    for quote in ['"', '\'', '`'] {
        if let Some(inner) = text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)) {
            text = inner.trim_matches(blank);
        }
    }
    text
}

/// A key in one of the two forms that Okta shows.
pub(super) enum Text {
    /// The members of a JWK that matter, and its `kid`.
    Jwk(Map<String, Value>, Option<String>),
    /// The content of one PEM block, in DER.
    Pem(Vec<u8>),
}

/// Finds the private key in pasted text.
pub(super) fn read(text: &str) -> Result<Text, KeyError> {
    let mut text = Cow::Borrowed(text);
    for _ in 0..DEEPEST {
        if text.contains("-----BEGIN") {
            return pem(&text).map(Text::Pem);
        }
        let inner = trimmed(&text);
        // JSON inside a JSON string, with the quotes around it or without.
        let parsed = serde_json::from_str::<Value>(inner)
            .or_else(|_| serde_json::from_str::<String>(&format!("\"{inner}\"")).map(Value::String));
        match parsed {
            Ok(Value::Object(members)) => return jwk(members),
            Ok(Value::String(inner)) => text = Cow::Owned(inner),
            _ => break,
        }
    }
    Err(KeyError::NotAKey)
}

/// A JWK, or the only private key of a key set (RFC 7517, section 5).
fn jwk(mut members: Map<String, Value>) -> Result<Text, KeyError> {
    if let Some(Value::Array(keys)) = members.get_mut("keys") {
        let keys = std::mem::take(keys).into_iter().filter_map(|key| match key {
            Value::Object(key) => Some(key),
            _ => None,
        });
        let (private, public): (Vec<_>, Vec<_>) = keys.partition(|key| key.contains_key("d"));
        let count = private.len();
        members = match <[_; 1]>::try_from(private) {
            Ok([key]) => key,
            Err(_) if count > 1 => return Err(KeyError::SeveralKeys(count)),
            Err(_) if public.is_empty() => return Err(KeyError::Damaged("the key set is empty".into())),
            Err(_) => return Err(KeyError::PublicOnly("d")),
        };
    }
    let kid = match members.remove("kid") {
        None | Some(Value::Null) => None,
        Some(Value::String(kid)) => Some(kid),
        Some(_) => return Err(KeyError::Damaged("\"kid\" is not a string".into())),
    };
    members.retain(|name, value| MEMBERS.contains(&name.as_str()) && !value.is_null());
    Ok(Text::Jwk(members, kid))
}

/// The only private key of a PEM document. Other content (bag attributes, certificates, curve parameters) is omitted.
fn pem(text: &str) -> Result<Vec<u8>, KeyError> {
    let text = text.replace("\\\\", "\\").replace("\\r", "").replace("\\n", "\n");
    let (mut rest, mut private, mut others) = (text.as_str(), Vec::new(), Vec::new());
    while let Some((_, after)) = rest.split_once("-----BEGIN ") {
        let (label, after) = after.split_once("-----").ok_or(KeyError::NotAKey)?;
        let (body, after) = after.split_once(&format!("-----END {label}-----")).ok_or(KeyError::NotAKey)?;
        if label == ENCRYPTED || body.contains(PROC_TYPE) {
            return Err(KeyError::Encrypted);
        }
        if PRIVATE.contains(&label) {
            private.push(body);
        } else {
            others.push(label);
        }
        rest = after;
    }
    match private.as_slice() {
        [body] => {
            let body: String = body.chars().filter(char::is_ascii_graphic).collect();
            BASE64.decode(body).map_err(|_| KeyError::Damaged("its content is not Base64".into()))
        }
        [] => Err(named(&others)),
        several => Err(KeyError::SeveralKeys(several.len())),
    }
}

/// The type of a document without a private key.
fn named(labels: &[&str]) -> KeyError {
    let has = |part: &str| labels.iter().any(|label| label.contains(part));
    if has("PUBLIC KEY") {
        KeyError::PublicOnly("PRIVATE KEY")
    } else if has("CERTIFICATE") {
        KeyError::Certificate
    } else {
        labels.first().map_or(KeyError::NotAKey, |label| KeyError::WrongType(name(label)))
    }
}

#[cfg(test)]
mod tests {
    use josekit::jwk::alg::ec::{EcCurve, EcKeyPair};
    use josekit::jwk::alg::rsa::RsaKeyPair;
    use serde_json::json;

    use super::*;
    use crate::key::PrivateKey;

    fn pem_of(bytes: Vec<u8>) -> String {
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn pasted_key_formats_are_accepted() {
        let pair = RsaKeyPair::generate(2048).unwrap();
        let jwk = Value::Object(pair.to_jwk_key_pair().as_ref().clone());
        let pem = pem_of(pair.to_pem_private_key());
        let expected = PrivateKey::parse(&jwk.to_string()).unwrap().public_jwk();
        let escaped = pem.replace('\n', "\\n");
        let text = jwk.to_string();
        let mut unused = jwk.clone();
        for (member, value) in
            [("x5t", json!(null)), ("x5c", json!(7)), ("key_ops", json!("sign")), ("use", json!(null))]
        {
            unused[member] = value;
        }
        let public = json!({"kty": "RSA", "n": jwk["n"], "e": jwk["e"]});
        let certificate = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
        for (form, pasted) in [
            ("PEM", pem.clone()),
            ("PKCS #1", pem_of(pair.to_traditional_pem_private_key())),
            ("PEM with literal line breaks", escaped.clone()),
            ("PEM with literal line breaks of Windows", pem.replace('\n', "\\r\\n")),
            ("PEM escaped twice", pem.replace('\n', "\\\\n")),
            ("PEM in quotes", format!("\"{escaped}\"")),
            ("PEM in single quotes", format!("'{pem}'")),
            ("PEM after a byte order mark", format!("\u{feff}{pem}")),
            ("PEM with line breaks of Windows", pem.replace('\n', "\r\n")),
            ("PEM on one line", pem.replace('\n', " ")),
            ("PEM without line breaks", pem.replace('\n', "")),
            (
                "PEM with bag attributes",
                format!("Bag Attributes\n    friendlyName: okta\nKey Attributes: <No Attributes>\n{pem}"),
            ),
            ("PEM with its certificate", format!("{certificate}{pem}")),
            ("JWK", text.clone()),
            ("JWK after a byte order mark", format!("\u{feff}{text}\r\n")),
            ("JWK in single quotes", format!("'{text}'")),
            ("JWK as a JSON string", Value::String(text.clone()).to_string()),
            (
                "JWK as a JSON string, twice",
                Value::String(Value::String(text.clone()).to_string()).to_string(),
            ),
            ("JWK as the inside of a JSON string", text.replace('"', "\\\"")),
            ("PEM as a JSON string", Value::String(pem.clone()).to_string()),
            ("key set", json!({"keys": [jwk]}).to_string()),
            ("key set with a public key", json!({"keys": [public, jwk, 1]}).to_string()),
            ("JWK with members that are not used", unused.to_string()),
        ] {
            let key = PrivateKey::parse(&pasted);
            assert_eq!(key.map(|key| key.public_jwk()), Ok(expected.clone()), "{form}");
        }
    }

    #[test]
    fn curve_parameters_are_left_out() {
        let pair = EcKeyPair::generate(EcCurve::P256).unwrap();
        let parameters = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
        let pem = format!("{parameters}{}", pem_of(pair.to_traditional_pem_private_key()));
        assert!(PrivateKey::parse(&pem).is_ok());
    }

    #[test]
    fn refused_key_text_is_named() {
        let block = |label: &str| format!("-----BEGIN {label}-----\nMIIB\n-----END {label}-----\n");
        let pair = RsaKeyPair::generate(2048).unwrap();
        let pem = pem_of(pair.to_pem_private_key());
        let jwk = Value::Object(pair.to_jwk_key_pair().as_ref().clone());
        let public = json!({"kty": "RSA", "n": jwk["n"], "e": jwk["e"]});
        let proc_type = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nMIIB\n-----END RSA PRIVATE KEY-----";
        for (pasted, error) in [
            (block("ENCRYPTED PRIVATE KEY"), KeyError::Encrypted),
            (block("ENCRYPTED PRIVATE KEY").replace('\n', "\\n"), KeyError::Encrypted),
            (proc_type.to_owned(), KeyError::Encrypted),
            (block("CERTIFICATE"), KeyError::Certificate),
            (block("PUBLIC KEY"), KeyError::PublicOnly("PRIVATE KEY")),
            (block("OPENSSH PRIVATE KEY"), KeyError::WrongType("OPENSSH PRIVATE KEY".into())),
            (format!("{pem}{pem}"), KeyError::SeveralKeys(2)),
            (json!({"keys": [jwk, jwk]}).to_string(), KeyError::SeveralKeys(2)),
            (json!({"keys": [public]}).to_string(), KeyError::PublicOnly("d")),
            (json!({"keys": []}).to_string(), KeyError::Damaged("the key set is empty".into())),
            (pem[..pem.len() / 2].to_owned(), KeyError::NotAKey),
            ("\u{feff}".to_owned(), KeyError::NotAKey),
        ] {
            assert_eq!(PrivateKey::parse(&pasted).unwrap_err(), error, "{pasted}");
        }
    }

    #[test]
    fn claimed_der_lengths_reserve_nothing() {
        let damaged = KeyError::Damaged("its content is neither an RSA key nor an EC key".into());
        let ec = EcKeyPair::generate(EcCurve::P256).unwrap();
        let encrypted = openssl::pkey::PKey::private_key_from_der(&ec.to_der_private_key())
            .unwrap()
            .private_key_to_pkcs8_passphrase(openssl::symm::Cipher::aes_256_cbc(), b"secret")
            .unwrap();
        let version_of_256_gib = b"\x30\x80\x02\x85\x40\x00\x00\x00\x00\x01".to_vec();
        for der in [version_of_256_gib, encrypted, b"\x30\x84\xff\xff\xff\xff".to_vec(), Vec::new()] {
            for label in PRIVATE {
                let pem = format!("-----BEGIN {label}-----\n{}\n-----END {label}-----", BASE64.encode(&der));
                assert_eq!(PrivateKey::parse(&pem).unwrap_err(), damaged, "{label}");
            }
        }
    }

    #[test]
    fn misplaced_key_text_is_hidden() {
        let key = "MHcCAQEEIGx1Y2t5bnVtYmVyc2FyZW5vdHNlY3JldA";
        let label = format!("{key} KEY");
        for pasted in [
            json!({"kty": key, "d": "x"}).to_string(),
            json!({"kty": "EC", "use": key, "d": "x"}).to_string(),
            format!("-----BEGIN {label}-----\nMIIB\n-----END {label}-----"),
        ] {
            let told = PrivateKey::parse(&pasted).unwrap_err().to_string();
            assert!(told.contains('…') && !told.contains(&key[..12]), "{told}");
        }
        let told =
            PrivateKey::parse(&json!({"kty": "a\u{1b}[2J\u{202e}"}).to_string()).unwrap_err().to_string();
        assert!(told.contains("\"a [2J \""), "{told}");
    }

    #[test]
    fn quotes_and_marks_are_trimmed() {
        for text in ["a", " a\n", "\u{feff}a\r\n", "\"a\"", "' a '\n", "\u{feff}\"a\"", "\u{200b}a"] {
            assert_eq!(trimmed(text), "a", "{text:?}");
        }
        assert_eq!(trimmed("\"a"), "\"a", "a quote without its pair belongs to the text");
        assert_eq!(trimmed("\""), "\"");
    }
}
