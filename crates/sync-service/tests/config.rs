//! Settings from files and the environment.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used)]

use std::path::Path;

use sync_service::{Config, ConfigError};

const WHOLE: &str = r#"
[connections.main.okta]
org_url = "https://example.okta.com"
client_id = "0oa1"
private_key = { file = "key.jwk" }

[connections.main.assets]
import_token = "ATCTT3x"

[connections.main.hook]
public_url = "https://sync.example.com/base/"
"#;

fn read(text: &str, environment: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("key.jwk"), "  the key\n").unwrap();
    let environment: Vec<_> = environment.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    Config::from_toml(text, "c.toml", folder.path(), environment)
}

fn told(text: &str, environment: &[(&str, &str)]) -> String {
    read(text, environment).unwrap_err().to_string()
}

#[test]
fn the_hook_s_address_is_below_the_public_url_and_its_secret_is_the_same_every_time() {
    use secrecy::ExposeSecret;
    let secret = |config: &Config| {
        let hook = config.connections.values().next().unwrap().hook.clone().unwrap();
        (hook.url.to_string(), hook.secret.expose_secret().to_owned())
    };
    let (one, other) = (read(WHOLE, &[]).unwrap(), read(WHOLE, &[]).unwrap());
    assert_eq!(secret(&one), secret(&other));
    assert_eq!(secret(&one).0, "https://sync.example.com/base/hooks/okta/main");
    assert!(secret(&one).1.len() > 40 && !format!("{one:?}").contains(&secret(&one).1));
}

#[test]
fn the_environment_goes_over_the_file() {
    let config = read(
        WHOLE,
        &[
            ("OKTA_INSIGHT__SERVER__LISTEN", "127.0.0.1:1"),
            ("OKTA_INSIGHT__CONNECTIONS__MAIN__LIMITS__MIN_GONE", "7"),
            ("OKTA_CLIENT_CLIENTID", "0oa2"),
        ],
    )
    .unwrap();
    let main = config.connections.values().next().unwrap();
    assert_eq!(config.listen.port(), 1);
    assert_eq!((main.okta.client_id.as_str(), main.limits.min_gone), ("0oa2", 7));
}

#[test]
fn the_environment_alone_can_be_everything() {
    let environment = [
        ("OKTA_CLIENT_ORGURL", "https://example.okta.com"),
        ("OKTA_CLIENT_CLIENTID", "0oa1"),
        ("OKTA_CLIENT_PRIVATEKEY", "key"),
        ("OKTA_INSIGHT__CONNECTIONS__MAIN__ASSETS__IMPORT_TOKEN", "ATCTT3x"),
    ];
    assert_eq!(read("", &environment).unwrap().connections.len(), 1);
}

#[test]
fn what_is_wrong_is_told_by_place_and_never_by_value() {
    let lines = [
        told(&WHOLE.replace("import_token", "import_tokn"), &[]),
        told(&WHOLE.replace("client_id = \"0oa1\"\n", ""), &[]),
        told(&WHOLE.replace("key.jwk", "nowhere.jwk"), &[]).split(" /").next().unwrap().to_owned(),
        told(&WHOLE.replace("{ file = \"key.jwk\" }", "{ env = \"OKTA_INSIGHT_TEST_UNSET\" }"), &[]),
        told(&WHOLE.replace("https://sync", "http://sync"), &[]),
        told(&WHOLE.replace("connections.main", "connections.Main"), &[]),
        told(&format!("server = \"s3cret\"\n{WHOLE}"), &[]),
        told(WHOLE, &[("OKTA_INSIGHT__SERVER__LISTEN", "here")]),
        read(WHOLE, &[]).unwrap().chosen(Some("other")).unwrap_err().to_string(),
        Config::load(Path::new("nowhere.toml")).unwrap_err().to_string(),
    ];
    insta::assert_snapshot!(lines.join("\n"));
}
