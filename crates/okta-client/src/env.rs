//! The environment variables of Okta's own SDKs, read in one place for every program.
//!
//! Names as in the READMEs and configuration types of okta-sdk-golang, okta-sdk-java, okta-sdk-python, okta-sdk-nodejs,
//! and okta-sdk-dotnet. A name with the prefix that is not honored is reported, never ignored silently.

use std::path::{Path, PathBuf};

use secrecy::SecretString;

use crate::key::trimmed;

const PREFIX: &str = "OKTA_CLIENT_";

pub(crate) const ORG_URL: &str = "OKTA_CLIENT_ORGURL";
pub(crate) const CLIENT_ID: &str = "OKTA_CLIENT_CLIENTID";
pub(crate) const PRIVATE_KEY: &str = "OKTA_CLIENT_PRIVATEKEY";
pub(crate) const TOKEN: &str = "OKTA_CLIENT_TOKEN";
/// The key ID in okta-sdk-golang.
const PRIVATE_KEY_ID: &str = "OKTA_CLIENT_PRIVATEKEYID";
/// The key ID in okta-sdk-java and okta-sdk-python.
const KID: &str = "OKTA_CLIENT_KID";
const SCOPES: &str = "OKTA_CLIENT_SCOPES";
const AUTHORIZATION_MODE: &str = "OKTA_CLIENT_AUTHORIZATIONMODE";

/// Variables without an effect here, by the beginning of the name after the prefix, and the reason.
const UNSUPPORTED: [(&str, &str); 11] = [
    ("PROXY_", "set HTTPS_PROXY instead"),
    ("CLIENTASSERTION", "assertions are signed with the private key"),
    ("OAUTH2_ACCESSTOKEN", "access tokens are requested with the private key"),
    ("RATE", "requests are paced by the rate-limit headers of the org"),
    ("RETRY_", "retries follow the responses of the org"),
    ("CACHE_", "responses are not cached"),
    ("CONNECTION", "the program sets its timeouts"),
    ("REQUEST", "the program sets its timeouts"),
    ("USERAGENT", "the program sets its user agent"),
    ("DPOP", "DPoP follows the type of the token that Okta issues"),
    ("ID", "the client ID is read from OKTA_CLIENT_CLIENTID"),
];

/// A way to sign in that `OKTA_CLIENT_AUTHORIZATIONMODE` names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthorizationMode {
    /// `PrivateKey`: an API Services app with its private key.
    PrivateKey,
    /// `SSWS`: an API token.
    ApiToken,
}

/// A private key as text, or the file that contains it, as in Okta's SDKs.
#[derive(Debug, Clone)]
pub enum PrivateKeySource {
    /// A JWK or PEM.
    Text(SecretString),
    /// The path of a file with one.
    File(PathBuf),
}

/// A variable of Okta's SDKs that is set and has no effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnsupportedVariable {
    /// The name.
    pub name: String,
    /// The reason or the alternative.
    pub reason: &'static str,
}

/// The settings of Okta's SDKs in an environment. Blank values count as not set; values are trimmed.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct SdkEnvironment {
    /// `OKTA_CLIENT_ORGURL`
    pub org_url: Option<String>,
    /// `OKTA_CLIENT_CLIENTID`
    pub client_id: Option<String>,
    /// `OKTA_CLIENT_PRIVATEKEY`
    pub private_key: Option<PrivateKeySource>,
    /// `OKTA_CLIENT_PRIVATEKEYID`, or `OKTA_CLIENT_KID`
    pub key_id: Option<String>,
    /// `OKTA_CLIENT_SCOPES`
    pub scopes: Vec<String>,
    /// `OKTA_CLIENT_TOKEN`
    pub api_token: Option<SecretString>,
    /// `OKTA_CLIENT_AUTHORIZATIONMODE`
    pub authorization_mode: Option<AuthorizationMode>,
    /// Variables that are set and have no effect, in the order in which they were given.
    pub unsupported: Vec<UnsupportedVariable>,
    /// The names of the variables above that are set.
    pub honored: Vec<String>,
}

impl SdkEnvironment {
    /// Reads variables by name and value, such as [`std::env::vars`]. Other names than `OKTA_CLIENT_*` are ignored.
    pub fn read(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut found = Self::default();
        let mut kid = None;
        for (name, value) in variables {
            let whole = value;
            let value = trimmed(&whole);
            if !name.starts_with(PREFIX) || value.is_empty() {
                continue;
            }
            let given = || Some(value.to_owned());
            match name.as_str() {
                ORG_URL => found.org_url = given(),
                CLIENT_ID => found.client_id = given(),
                PRIVATE_KEY => found.private_key = Some(private_key(value)),
                PRIVATE_KEY_ID => found.key_id = given(),
                KID => kid = given(),
                SCOPES => found.scopes = split_scopes(&whole),
                TOKEN => found.api_token = Some(value.into()),
                AUTHORIZATION_MODE => match value.to_ascii_lowercase().as_str() {
                    "privatekey" => found.authorization_mode = Some(AuthorizationMode::PrivateKey),
                    "ssws" => found.authorization_mode = Some(AuthorizationMode::ApiToken),
                    _ => {
                        let reason = "must be PrivateKey or SSWS";
                        found.unsupported.push(UnsupportedVariable { name, reason });
                        continue;
                    }
                },
                _ => {
                    let reason = reason(&name);
                    found.unsupported.push(UnsupportedVariable { name, reason });
                    continue;
                }
            }
            found.honored.push(name);
        }
        found.key_id = found.key_id.or(kid);
        found
    }
}

fn private_key(value: &str) -> PrivateKeySource {
    let path = Path::new(value);
    if path.is_file() {
        PrivateKeySource::File(path.to_owned())
    } else {
        PrivateKeySource::Text(value.into())
    }
}

fn reason(name: &str) -> &'static str {
    let rest = name.strip_prefix(PREFIX).unwrap_or(name);
    let known = UNSUPPORTED.iter().find(|(start, _)| rest.starts_with(start));
    known.map_or("this variable isn't supported", |(_, reason)| *reason)
}

/// Scopes in a text, separated by commas or white space.
pub fn split_scopes(text: &str) -> Vec<String> {
    let parts = text.split(|c: char| c == ',' || c.is_whitespace());
    parts.map(trimmed).filter(|scope| !scope.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn read(variables: &[(&str, &str)]) -> SdkEnvironment {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        SdkEnvironment::read(variables)
    }

    #[test]
    fn sdk_variables_are_honored_or_reported() {
        // As documented by Okta's SDKs for Go, Java, Python, Node.js, and .NET.
        let names = [
            ("ORGURL", true),
            ("CLIENTID", true),
            ("PRIVATEKEY", true),
            ("PRIVATEKEYID", true),
            ("KID", true),
            ("SCOPES", true),
            ("TOKEN", true),
            ("CLIENTASSERTION", false),
            ("OAUTH2_ACCESSTOKEN", false),
            ("PROXY_HOST", false),
            ("PROXY_PORT", false),
            ("PROXY_USERNAME", false),
            ("PROXY_PASSWORD", false),
            ("CACHE_ENABLED", false),
            ("CACHE_DEFAULT_TTL", false),
            ("CONNECTION_TIMEOUT", false),
            ("CONNECTIONTIMEOUT", false),
            ("REQUEST_TIMEOUT", false),
            ("REQUESTTIMEOUT", false),
            ("RATE_LIMIT_MAX_RETRIES", false),
            ("RATELIMIT_MAXRETRIES", false),
            ("RETRY_MAXATTEMPTS", false),
            ("USERAGENT", false),
            ("DPOPENABLED", false),
            ("SOMETHING_NEW", false),
        ];
        for (name, honored) in names {
            let name = format!("{PREFIX}{name}");
            let found = read(&[(&name, "x")]);
            assert_eq!(found.honored, if honored { vec![name.clone()] } else { Vec::new() }, "{name}");
            assert_eq!(found.unsupported.iter().any(|it| it.name == name), !honored, "{name}");
        }
        let mode = |value| read(&[(AUTHORIZATION_MODE, value)]);
        assert_eq!(mode("PrivateKey").authorization_mode, Some(AuthorizationMode::PrivateKey));
        assert_eq!(mode("SSWS").authorization_mode, Some(AuthorizationMode::ApiToken));
        assert_eq!(mode("Bearer").unsupported.len(), 1);
        assert!(read(&[("OKTA_OTHER", "x"), (ORG_URL, " ")]).honored.is_empty());
    }

    #[test]
    fn both_key_id_variables_are_read() {
        assert_eq!(read(&[(KID, "k1")]).key_id.as_deref(), Some("k1"));
        assert_eq!(read(&[(PRIVATE_KEY_ID, "k2\n"), (KID, "k1")]).key_id.as_deref(), Some("k2"));
    }

    #[test]
    fn scopes_split_at_commas_and_spaces() {
        let expected = ["okta.users.read", "okta.groups.read", "okta.logs.read"];
        for text in [
            "okta.users.read okta.groups.read okta.logs.read",
            "okta.users.read,okta.groups.read,okta.logs.read",
            "okta.users.read, okta.groups.read ,\tokta.logs.read\n",
            "'okta.users.read' 'okta.groups.read' 'okta.logs.read'",
        ] {
            assert_eq!(read(&[(SCOPES, text)]).scopes, expected, "{text}");
        }
    }

    #[test]
    fn private_key_is_text_or_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let path = file.path().to_str().unwrap();
        assert!(matches!(
            read(&[(PRIVATE_KEY, path)]).private_key,
            Some(PrivateKeySource::File(found)) if found == file.path()
        ));
        let found = read(&[(PRIVATE_KEY, "MIIB/not/a/path")]).private_key;
        assert!(
            matches!(&found, Some(PrivateKeySource::Text(text)) if text.expose_secret() == "MIIB/not/a/path")
        );
        assert!(!format!("{found:?}").contains("MIIB"));
    }
}
