//! Settings from files and the environment.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used, clippy::panic)]

mod documents;

use std::collections::BTreeSet;
use std::path::Path;

use secrecy::ExposeSecret;
use sync_config::{Config, ConfigError, EventSource};

const WHOLE: &str = r#"
[connections.main.okta]
org_url = "https://example.okta.com"
client_id = "0oa1"
private_key = { file = "key.jwk" }

[connections.main.assets]
import_token = "ATCTT3x"

[connections.main.event_hook]
public_url = "https://sync.example.com/base/"
"#;

fn read(text: &str, environment: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("key.jwk"), "  the key\n").unwrap();
    let environment: Vec<_> = environment.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    Config::from_toml(text, "c.toml", folder.path(), environment)
}

fn config_error(text: &str, environment: &[(&str, &str)]) -> String {
    read(text, environment).unwrap_err().to_string()
}

#[test]
fn event_hook_settings_are_derived() {
    let secret = |config: &Config| {
        let hook = config.connections.values().next().unwrap().event_hook.clone().unwrap();
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
            ("OKTA_INSIGHT__CONNECTIONS__MAIN__SAFEGUARDS__MIN_RETIRED_COUNT", "7"),
            ("OKTA_CLIENT_CLIENTID", "0oa2"),
        ],
    )
    .unwrap();
    let main = config.connections.values().next().unwrap();
    assert_eq!(config.listen.port(), 1);
    assert_eq!((main.okta.client_id.as_str(), main.safeguards.min_retired_count), ("0oa2", 7));
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
fn okta_sdk_variables_apply_or_warn() {
    let config = read(
        WHOLE,
        &[
            ("OKTA_CLIENT_PRIVATEKEYID", "kQ7\n"),
            ("OKTA_CLIENT_SCOPES", "okta.users.read, okta.groups.read,okta.logs.read"),
            ("OKTA_CLIENT_CLIENTID", "\u{feff}0oa2\r\n"),
            ("OKTA_CLIENT_AUTHORIZATIONMODE", "SSWS"),
            ("OKTA_CLIENT_PROXY_HOST", "proxy.example.com"),
            ("OKTA_CLIENT_ORGURL", ""),
        ],
    )
    .unwrap();
    let okta = &config.connections.values().next().unwrap().okta;
    assert_eq!((okta.key_id.as_deref(), okta.client_id.as_str()), (Some("kQ7"), "0oa2"));
    assert_eq!(okta.api_scopes, ["okta.users.read", "okta.groups.read", "okta.logs.read"]);
    assert_eq!(okta.org_url, "https://example.okta.com", "a blank variable sets nothing");
    let unsupported = |config: &Config| -> Vec<String> {
        config.unsupported_variables.iter().map(|it| it.name.clone()).collect()
    };
    assert_eq!(unsupported(&config), ["OKTA_CLIENT_PROXY_HOST", "OKTA_CLIENT_AUTHORIZATIONMODE"]);
}

#[test]
fn pasted_values_are_trimmed() {
    let pasted = WHOLE
        .replace("\"https://example.okta.com\"", "\"\u{feff} https://example.okta.com\\n\"")
        .replace("\"0oa1\"", "'\"0oa1\"'")
        .replace("\"ATCTT3x\"", "\"\u{feff}ATCTT3x\\r\\n\"");
    let scopes = [("OKTA_INSIGHT__CONNECTIONS__MAIN__OKTA__API_SCOPES", "okta.users.read,okta.groups.read")];
    let config = read(&pasted, &scopes).unwrap();
    let main = config.connections.values().next().unwrap();
    assert_eq!(
        (main.okta.org_url.as_str(), main.okta.client_id.as_str()),
        ("https://example.okta.com", "0oa1")
    );
    assert_eq!(main.assets.import_token.expose_secret(), "ATCTT3x");
    assert_eq!(main.okta.api_scopes, ["okta.users.read", "okta.groups.read"]);
    let blank = config_error(&WHOLE.replace("\"ATCTT3x\"", "\"\u{feff}\""), &[]);
    assert!(blank.contains("assets.import_token: is empty"), "{blank}");
}

#[test]
fn config_errors_name_the_key() {
    let lines = [
        config_error(&WHOLE.replace("import_token", "import_tokn"), &[]),
        config_error(&WHOLE.replace("client_id = \"0oa1\"\n", ""), &[]),
        config_error(&WHOLE.replace("key.jwk", "nowhere.jwk"), &[]).split(" /").next().unwrap().to_owned(),
        config_error(&WHOLE.replace("{ file = \"key.jwk\" }", "{ env = \"OKTA_INSIGHT_TEST_UNSET\" }"), &[]),
        config_error(&WHOLE.replace("https://sync", "http://sync"), &[]),
        config_error(&WHOLE.replace("connections.main", "connections.Main"), &[]),
        config_error(&format!("server = \"s3cret\"\n{WHOLE}"), &[]),
        config_error(WHOLE, &[("OKTA_INSIGHT__SERVER__LISTEN", "here")]),
        config_error(&format!("{WHOLE}[connections.main.scope.users]\nstatus = [\"ALIVE\"]\n"), &[]),
        config_error(&format!("{WHOLE}[connections.main.scope.users]\nmember_of = [\"Staff\"]\n"), &[]),
        config_error(&format!("{WHOLE}[connections.main.scope.groups]\nname = [\"team-*\"]\n"), &[]),
        read(WHOLE, &[]).unwrap().chosen(Some("other")).unwrap_err().to_string(),
        Config::load(Path::new("nowhere.toml")).unwrap_err().to_string(),
    ];
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn all_faults_are_listed_at_once() {
    let text = WHOLE
        .replace("\"0oa1\"", "\"0oa\\n1\"")
        .replace("key.jwk", "nowhere.jwk")
        .replace("import_token", "import_tokn")
        .replace("https://sync", "http://sync");
    let more = "event_source = \"webhook\"\n\
                schedule = { full_sync = \"often\", jitter = 5 }\n\
                safeguards = { max_retired_percent = 200, min_retired_count = -1 }\n\
                mapping = { external_id_prefix = \"a/b\", object_schema_name = \"\", user_label = \" \", lable = 1 }\n";
    let all = format!("[server]\nlisten = \"8484\"\n{text}[connections.main]\n{more}[connections.Eu]\n");
    let error = read(&all, &[("OKTA_INSIGHT__SERVER__STALL_TIMEOUT", "soon")]).unwrap_err();
    let keys: BTreeSet<&str> = error.faults().iter().filter_map(|fault| fault.key()).collect();
    assert_eq!(keys.len(), error.faults().len(), "one fault for each key");
    let shown = error.to_string();
    let place = shown.find("could not read").and_then(|at| Some((at, shown[at..].find("nowhere.jwk")?)));
    let (at, length) = place.unwrap();
    insta::assert_snapshot!(format!("{}could not read {}", &shown[..at], &shown[at + length..]));
}

#[test]
fn invalid_percentage_is_rejected() {
    for setting in ["max_retired_percent", "max_removed_memberships_percent", "max_cleared_values_percent"] {
        let key = format!("connections.main.safeguards.{setting}");
        let variable = format!("OKTA_INSIGHT__CONNECTIONS__MAIN__SAFEGUARDS__{}", setting.to_uppercase());
        for (given, shown) in [
            ("200", "200"),
            ("100.5", "100.5"),
            ("-1", "-1"),
            ("nan", "NaN"),
            ("inf", "inf"),
            ("-inf", "-inf"),
        ] {
            let problem = format!("{key}: must be a percentage from 0 to 100; got {shown}");
            let file =
                config_error(&format!("{WHOLE}[connections.main.safeguards]\n{setting} = {given}\n"), &[]);
            assert_eq!(file, format!("c.toml, line 13: {problem}"));
            assert_eq!(
                config_error(WHOLE, &[(variable.as_str(), given)]),
                format!("{variable} in the environment: {problem}")
            );
        }
        for percentage in ["0", "0.5", "20", "100"] {
            read(WHOLE, &[(variable.as_str(), percentage)]).unwrap();
        }
        let schema = &sync_config::json_schema()["$defs"]["Safeguards"]["properties"][setting];
        assert_eq!(
            (schema["minimum"].as_f64(), schema["maximum"].as_f64()),
            (Some(0.0), Some(100.0)),
            "{schema}"
        );
    }
}

#[test]
fn environment_of_wrong_type_is_named() {
    let wrong = |key: &str, value: &str| {
        let variable = format!("OKTA_INSIGHT__CONNECTIONS__MAIN__{key}");
        // Beside a valid variable, which must not be named.
        config_error(
            WHOLE,
            &[("OKTA_INSIGHT__CONNECTIONS__MAIN__OKTA__KEY_ID", "kid-1"), (variable.as_str(), value)],
        )
    };
    let lines = [
        wrong("SAFEGUARDS__MAX_RETIRED_PERCENT", "abc"),
        wrong("SAFEGUARDS__MAX_RETIRED_PERCENT", "true"),
        wrong("SAFEGUARDS__MIN_RETIRED_COUNT", "abc"),
        wrong("SAFEGUARDS__MIN_RETIRED_COUNT", "1.5"),
        wrong("SAFEGUARDS__MIN_RETIRED_COUNT", "-1"),
        wrong("SAFEGUARDS__MIN_RETIRED_COUN", "1"),
        wrong("SAFEGUARDS", "s3cret"),
        wrong("EVENT_SOURCE", "pigeons"),
        wrong("ASSETS__RENAME_ATTRIBUTES", "s3cret"),
        config_error(
            &WHOLE.replace(
                "[connections.main.event_hook]",
                "[connections.main.safeguards]\nmin_retired_count = 1.5\n[connections.main.event_hook]",
            ),
            &[],
        ),
        config_error(WHOLE, &[("OKTA_INSIGHT__STORE__PATH", "7")]),
        config_error(WHOLE, &[("OKTA_INSIGHT__STORE__PATH", "")]),
    ];
    assert!(lines.iter().all(|line| !line.contains("s3cret")), "{lines:?}");
    insta::assert_snapshot!(lines.join("\n"));
}

#[cfg(unix)]
#[test]
fn endless_secret_file_is_refused() {
    let problem = "could not read /dev/zero: it is a device; use a regular file";
    let key = config_error(&WHOLE.replace("key.jwk", "/dev/zero"), &[]);
    assert_eq!(key, format!("c.toml, line 5: connections.main.okta.private_key: {problem}"));
    let token = config_error(&WHOLE.replace("\"ATCTT3x\"", "{ file = \"/dev/zero\" }"), &[]);
    assert_eq!(token, format!("c.toml, line 8: connections.main.assets.import_token: {problem}"));
    let config = sync_engine::error_chain(&Config::load(Path::new("/dev/zero")).unwrap_err());
    assert_eq!(config, "could not read the configuration /dev/zero: it is a device; use a regular file");
}

const ACCOUNT: &str =
    "site_url = \"https://example.atlassian.net\"\nemail = \"sync@example.com\"\napi_token = \"s3cret\"\n";

/// The file with more in it, below `[connections.main]` and below `[connections.main.assets]`.
fn with(more: &str, assets: &str) -> String {
    let (before, after) = WHOLE.split_once("\n[connections.main.event_hook]").unwrap();
    format!("{before}{assets}\n[connections.main.event_hook]{after}\n[connections.main]\n{more}")
}

#[test]
fn omitted_settings_have_safe_defaults() {
    let config = read(WHOLE, &[]).unwrap();
    let main = config.connections.values().next().unwrap();
    assert_eq!(config.metrics_listen.unwrap().to_string(), "127.0.0.1:9464", "not where Okta comes");
    assert_eq!(config.stall_timeout.as_secs(), 600);
    assert_eq!(main.event_source, EventSource::Both);
    assert!(main.alerts.is_none() && main.assets.account.is_none() && !main.assets.rename_attributes);
    insta::assert_debug_snapshot!(main.schedule);
    let alone = WHOLE.split("[connections.main.event_hook]").next().unwrap();
    let main = read(alone, &[]).unwrap().connections.into_values().next().unwrap();
    assert_eq!(main.event_source, EventSource::SystemLog, "without a hook there is the log");
}

#[test]
fn every_key_is_read() {
    let more = "event_source = \"event_hook\"\n\
                schedule = { full_sync = \"0 3 * * SUN\", incremental_sync = \"never\", schema_check = \"1h\", system_log_poll = \"30s\", jitter = \"2m\", history_retention = \"7d\" }\n\
                safeguards = { max_retired_percent = 50, min_retired_count = 3 }\n\
                alerts = { webhook_url = \"https://hooks.example.com/s3cret\", format = \"slack\", repeat_interval = \"1h\" }\n";
    let text = format!(
        "[server]\nmetrics_listen = \"10.0.0.1:9000\"\nstall_timeout = \"5m\"\n{}",
        with(more, &format!("{ACCOUNT}rename_attributes = true\n"))
    );
    let config = read(&text, &[]).unwrap();
    let main = config.connections.values().next().unwrap();
    assert_eq!((config.metrics_listen.unwrap().port(), config.stall_timeout.as_secs()), (9000, 300));
    assert!(
        main.assets.account.is_some()
            && main.assets.rename_attributes
            && main.event_source == EventSource::EventHook
    );
    assert_eq!(main.safeguards.min_retired_count, 3);
    let shown = format!("{:#?}", (&main.schedule, &main.alerts));
    assert!(!shown.contains("s3cret") && !shown.contains("hooks.example.com"), "{shown}");
    assert!(!format!("{:?}", main.assets).contains("s3cret"));
    let off = format!("[server]\nmetrics_listen = \"off\"\n{WHOLE}");
    assert_eq!(read(&off, &[]).unwrap().metrics_listen, None);
}

#[test]
fn invalid_setting_shows_valid_values() {
    let alone = WHOLE.split("[connections.main.event_hook]").next().unwrap();
    let schedule = |line: &str| config_error(&with(&format!("schedule = {{ {line} }}\n"), ""), &[]);
    let alerts = |line: &str| config_error(&with(&format!("alerts = {{ {line} }}\n"), ""), &[]);
    let lines = [
        schedule("full_sync = \"61 * * * *\""),
        schedule("incremental_sync = \"soon\""),
        schedule("schema_check = \"15\""),
        schedule("system_log_poll = \"-5s\""),
        schedule("system_log_poll = \"0s\""),
        schedule("full_synk = \"1d\""),
        config_error(&format!("{alone}[connections.main]\nevent_source = \"event_hook\"\n"), &[]),
        config_error(&with("event_source = \"pigeons\"\n", ""), &[]),
        config_error(&with("", "site_url = \"https://example.atlassian.net\"\n"), &[]),
        config_error(&with("", &ACCOUNT.replace("api_token = \"s3cret\"\n", "")), &[]),
        alerts("webhook_url = \"http://hooks.example.com/s3cret\""),
        alerts("webhook_url = \"s3cret\""),
        alerts("format = \"slack\""),
        alerts("webhook_url = \"https://hooks.example.com/s3cret\", repeat_interval = \"often\""),
        alerts("webhook_url = \"https://hooks.example.com/s3cret\", format = \"teams\""),
        config_error(&with("mapping = { membership_strategy = \"objects\" }\n", ""), &[]),
        config_error(&with("mapping = { account = {} }\n", ""), &[]),
        config_error(&with("safeguards = { max_retired_percent = \"much\" }\n", ""), &[]),
        config_error(&with("safeguards = { window = \"0s\" }\n", ""), &[]),
        config_error(&with("safeguards = { window = \"an hour\" }\n", ""), &[]),
        config_error(&with("safeguards = { window = 3600 }\n", ""), &[]),
        config_error(&format!("[server]\nmetrics_listen = \"9464\"\n{WHOLE}"), &[]),
        config_error(&format!("[server]\nstall_timeout = \"never\"\n{WHOLE}"), &[]),
    ];
    assert!(lines.iter().all(|line| !line.contains("s3cret")), "{lines:?}");
    insta::assert_snapshot!(lines.join("\n"));
}
