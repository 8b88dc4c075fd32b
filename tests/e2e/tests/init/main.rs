//! The first configuration: without a terminal, and on one.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used, clippy::panic)]

mod dialog;
#[path = "../support/mod.rs"]
mod support;

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use support::{TestEnv, binary, in_sync};

const DOWN: &str = "\x1b[B";
const ENTER: &str = "\r";

/// Okta, Assets, and what an administrator would have noted down.
struct Site {
    world: TestEnv,
    ready: Value,
}

impl Site {
    fn start() -> Self {
        let world = TestEnv::start(&["--users", "20", "--groups", "3"]);
        let ready: Value =
            serde_json::from_str(&std::fs::read_to_string(world.path("ready.json")).unwrap()).unwrap();
        let site = Self { world, ready };
        site.write("key.jwk", &site.ready["okta"]["private_key_jwk"].to_string());
        site.write("token", &format!("{}\n", site.ready_text("/insight/import_token")));
        site.write("api", site.ready_text("/insight/api_token"));
        site
    }

    fn ready_text(&self, pointer: &str) -> &str {
        self.ready.pointer(pointer).unwrap().as_str().unwrap()
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.world.path(name), text).unwrap();
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.world.path(name)).unwrap()
    }

    fn mode(&self, name: &str) -> u32 {
        self.world.path(name).metadata().unwrap().permissions().mode() & 0o777
    }

    /// Arguments that work, each with its value.
    fn answers(&self) -> Vec<(&str, &str)> {
        vec![
            ("--config", "w.toml"),
            ("--org-url", self.ready_text("/okta/org_url")),
            ("--public-url", "https://sync.example.com"),
            ("--private-key-file", "key.jwk"),
            ("--client-id", self.ready_text("/okta/client_id")),
            ("--import-token-file", "token"),
            ("--api-url", self.ready_text("/insight/api_url")),
        ]
    }

    fn init(&self, answers: &[(&str, &str)], more: &[&str]) -> Output {
        let answers = answers.iter().flat_map(|(flag, value)| [*flag, *value]);
        self.world.run(&["init"].into_iter().chain(answers).chain(more.iter().copied()).collect::<Vec<_>>())
    }

    /// The same with one answer changed.
    fn init_with(&self, flag: &str, value: &str) -> Output {
        let mut answers = self.answers();
        answers.retain(|(given, _)| *given != flag);
        answers.push((flag, value));
        self.init(&answers, &[])
    }

    /// What differs from one run to the next, by what it is.
    fn normalized(&self, text: &str) -> String {
        text.replace(self.ready_text("/okta/org_url"), "OKTA")
            .replace(self.ready_text("/insight/api_url"), "ASSETS")
            .replace(self.ready_text("/okta/client_id"), "CLIENT")
    }

    fn no_secret_in(&self, text: &str) {
        for secret in ["/insight/import_token", "/insight/api_token", "/okta/private_key_jwk/d"] {
            assert!(!text.contains(self.ready_text(secret)), "{secret} is told");
        }
    }
}

fn output_text(output: &Output) -> String {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    format!("exit code {}\n{out}{err}", output.status.code().unwrap())
}

#[tokio::test]
async fn written_config_completes_a_sync() {
    let site = Site::start();
    let done = site.init(&site.answers(), &[]);
    assert!(done.status.success(), "{}", output_text(&done));
    site.no_secret_in(&output_text(&done));
    insta::assert_snapshot!("written", site.normalized(&output_text(&done)));
    insta::assert_snapshot!("file", site.normalized(&site.read("w.toml")));
    site.no_secret_in(&site.read("w.toml"));
    assert_eq!((site.mode("w.toml"), site.mode("okta-insight-main.import-token")), (0o600, 0o600));

    let mut answers = site.answers();
    answers.retain(|(flag, _)| !["--config", "--public-url"].contains(flag));
    answers.extend([("--config", "log.toml"), ("--connection", "eu")]);
    let account = [("--site-url", "/insight/site_url"), ("--email", "/insight/email")];
    answers.extend(account.map(|(flag, place)| (flag, site.ready_text(place))));
    answers.push(("--api-token-file", "api"));
    let done = site.init(&answers, &["--event-source", "system-log", "--output", "json"]);
    assert!(done.status.success(), "{}", output_text(&done));
    let document: Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!((&document["connection"], &document["config"]), (&json!("eu"), &json!("log.toml")));
    assert_eq!(document["public_jwk"]["kid"], site.ready["okta"]["kid"]);
    site.no_secret_in(&output_text(&done));
    for arguments in [["setup"], ["sync"]] {
        let run = site.world.run(&[&arguments[..], &["--config", "log.toml"]].concat());
        assert!(run.status.success(), "{}", output_text(&run));
    }
    let audit = in_sync(&site.world, Duration::ZERO).await;
    assert!(audit.in_sync, "{:?}", audit.differences);
}

#[tokio::test]
async fn wrong_answer_is_reported_with_remedy() {
    let site = Site::start();
    let control = site.world.control();
    let mut all = Vec::new();
    let mut case = |what: &str, output: Output| {
        site.no_secret_in(&output_text(&output));
        all.push(format!("-- {what}\n{}\n", output_text(&output)));
    };
    case("org: the admin console", site.init_with("--org-url", "https://example-admin.okta.com"));
    case("org: somebody else", site.init_with("--org-url", site.ready_text("/insight/api_url")));
    case("public URL", site.init_with("--public-url", "http://sync.example.com"));
    case("key: none", site.init_with("--private-key-file", "nothing.jwk"));
    site.write("public.jwk", r#"{"kty":"RSA","n":"AQAB","e":"AQAB"}"#);
    case("key: public", site.init_with("--private-key-file", "public.jwk"));
    case("client ID", site.init_with("--client-id", "0oawrong"));
    site.write("dead", "ATCTT3xwrong");
    case("import token", site.init_with("--import-token-file", "dead"));
    case("name", site.init_with("--connection", "Two words"));
    for (path, what) in [("/okta/scopes/okta.users.read/off", "scope"), ("/okta/role/off", "role")] {
        control.call("POST", path, &Value::Null).await.unwrap();
        case(what, site.init(&site.answers(), &[]));
        control.call("POST", "/okta/scopes/okta.users.read/on", &Value::Null).await.unwrap();
    }
    control.call("POST", "/okta/role/on", &Value::Null).await.unwrap();
    let account = [("--site-url", "/insight/site_url"), ("--email", "/insight/email")];
    let mut answers = site.answers();
    answers.extend(account.map(|(flag, place)| (flag, site.ready_text(place))));
    answers.push(("--api-token-file", "dead"));
    case("account", site.init(&answers, &[]));
    case("nothing", site.world.run(&["init", "--site-url", "https://example.atlassian.net"]));
    let twice = ["--import-token-file", "-", "--api-token-file", "-"];
    case(
        "one standard input",
        site.init(&site.answers()[..5], &[&twice[..], &["--site-url", "a", "--email", "b"]].concat()),
    );
    insta::assert_snapshot!(site.normalized(&all.concat()));
    assert!(
        !site.world.path("w.toml").exists() && !site.world.path("okta-insight-main.import-token").exists()
    );

    site.write("dead", "ATCTT3xwrong");
    let mut answers = site.answers();
    answers.retain(|(flag, _)| *flag != "--import-token-file");
    answers.push(("--import-token-file", "dead"));
    let kept = site.init(&answers, &["--skip-checks"]);
    assert!(kept.status.success(), "{}", output_text(&kept));
}

#[tokio::test]
async fn init_keeps_existing_connections() {
    let site = Site::start();
    let old = "# mine\n[connections.old]   # do not touch\nokta = { org_url = \"https://a.okta.com\", client_id = \"0oa1\", private_key = { env = \"KEY\" } }\n\
               assets.import_token = { env = \"TOKEN\" }\n\n[server]\nlisten = \"127.0.0.1:1\" # here\n";
    site.write("w.toml", old);
    let done = site.init(&site.answers(), &[]);
    assert!(done.status.success(), "{}", output_text(&done));
    let text = site.read("w.toml");
    for line in old.lines() {
        assert!(text.contains(line), "{line} is gone from\n{text}");
    }
    insta::assert_snapshot!("added", site.normalized(&text));

    let again = site.init(&site.answers(), &[]);
    assert_eq!(again.status.code(), Some(2));
    insta::assert_snapshot!("there_already", site.normalized(&output_text(&again)));
    assert_eq!(site.read("w.toml"), text);

    site.write(
        "w.toml",
        &text.replace(
            "[connections.main.okta]",
            "[connections.main.scope.users]\nstatus = [\"ACTIVE\"]\n\n[connections.main.okta]",
        ),
    );
    let mut answers = site.answers();
    answers.retain(|(flag, _)| *flag != "--public-url");
    let replaced = site.init(&answers, &["--force", "--event-source", "system-log"]);
    assert!(replaced.status.success(), "{}", output_text(&replaced));
    insta::assert_snapshot!("replaced", site.normalized(&site.read("w.toml")));

    let elsewhere = tempfile::tempdir().unwrap();
    let key = elsewhere.path().join("mine.jwk");
    std::fs::copy(site.world.path("key.jwk"), &key).unwrap();
    let mut answers = site.answers();
    answers.retain(|(flag, _)| *flag != "--private-key-file");
    answers.extend([("--private-key-file", key.to_str().unwrap()), ("--connection", "us")]);
    let copied = site.init(&answers, &[]);
    assert!(copied.status.success(), "{}", output_text(&copied));
    assert_eq!(site.read("okta-insight-us.jwk").trim(), site.read("key.jwk"));
    assert_eq!(site.mode("okta-insight-us.jwk"), 0o600);

    site.write("broken.toml", "[connections\nsecret = \"s3cret\"");
    let broken = site.init_with("--config", "broken.toml");
    assert_eq!(broken.status.code(), Some(2));
    assert!(
        output_text(&broken).contains("line ") && !output_text(&broken).contains("s3cret"),
        "{}",
        output_text(&broken)
    );
}

#[test]
fn generated_key_needs_no_terminal() {
    let site = Site::start();
    let mut answers = site.answers();
    answers.retain(|(flag, _)| *flag != "--private-key-file");
    let done = site.init(&answers, &["--generate-key", "--output", "json"]);
    assert!(done.status.success(), "{}", output_text(&done));
    let document: Value = serde_json::from_slice(&done.stdout).unwrap();
    let private: Value = serde_json::from_str(&site.read("okta-insight-main.jwk")).unwrap();
    assert_eq!(document["public_jwk"]["kid"], private["kid"]);
    assert!(!output_text(&done).contains(private["d"].as_str().unwrap()));
    assert!(output_text(&done).contains("the new key isn't in the app yet"), "{}", output_text(&done));
    answers.push(("--connection", "main"));
    std::fs::remove_file(site.world.path("w.toml")).unwrap();
    std::fs::remove_file(site.world.path("okta-insight-main.import-token")).unwrap();
    let again = site.init(&answers, &["--generate-key"]);
    assert!(
        again.status.code() == Some(2)
            && output_text(&again).contains("okta-insight-main.jwk already exists"),
        "{}",
        output_text(&again)
    );
}

#[test]
fn secrets_come_from_input_or_environment() {
    let site = Site::start();
    let command = |config: &str, token: &[&str]| {
        let mut command = Command::new(binary("okta-insight"));
        let answers: Vec<_> = site.answers();
        let answers = answers.iter().filter(|(flag, _)| !["--import-token-file", "--config"].contains(flag));
        command.arg("init").args(answers.flat_map(|(flag, value)| [flag, value]));
        command.args(["--config", config]).args(token).current_dir(site.world.folder()).stdin(Stdio::piped());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    };
    let mut piped =
        command("piped.toml", &["--connection", "piped", "--import-token-file", "-"]).spawn().unwrap();
    piped.stdin.take().unwrap().write_all(site.ready_text("/insight/import_token").as_bytes()).unwrap();
    let piped = piped.wait_with_output().unwrap();
    assert!(piped.status.success(), "{}", output_text(&piped));
    let variable = ("OKTA_INSIGHT_IMPORT_TOKEN", site.ready_text("/insight/import_token"));
    let named =
        command("named.toml", &["--connection", "named"]).env(variable.0, variable.1).output().unwrap();
    assert!(named.status.success(), "{}", output_text(&named));
    for name in ["piped", "named"] {
        assert_eq!(site.read(&format!("okta-insight-{name}.import-token")).trim(), variable.1);
    }
}

#[test]
fn keygen_protects_the_private_key() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        Command::new(binary("okta-insight")).args(arguments).current_dir(folder.path()).output().unwrap()
    };
    for (arguments, file, algorithm) in [
        (&["keygen"][..], "okta-insight.jwk", "RS256"),
        (&["keygen", "--bits", "3072", "--out", "long.jwk"], "long.jwk", "RS256"),
        (&["keygen", "--ec", "P-384", "--out", "ec.jwk"], "ec.jwk", "ES384"),
    ] {
        let made = run(arguments);
        assert!(made.status.success(), "{}", output_text(&made));
        let public: Value = serde_json::from_slice(&made.stdout).unwrap();
        assert_eq!((&public["use"], &public["alg"]), (&json!("sig"), &json!(algorithm)));
        let path = folder.path().join(file);
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let private: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let same = public.as_object().unwrap().iter().all(|(name, value)| private[name] == *value);
        assert!(same && !output_text(&made).contains(private["d"].as_str().unwrap()));
    }
    let before = std::fs::read(folder.path().join("okta-insight.jwk")).unwrap();
    let refused = run(&["keygen"]);
    insta::assert_snapshot!("keygen_exists", output_text(&refused));
    assert_eq!(std::fs::read(folder.path().join("okta-insight.jwk")).unwrap(), before);
    let replaced = run(&["keygen", "--force", "--output", "json"]);
    let document: Value = serde_json::from_slice(&replaced.stdout).unwrap();
    assert_eq!(document["private_key_file"], "okta-insight.jwk");
    assert_ne!(std::fs::read(folder.path().join("okta-insight.jwk")).unwrap(), before);
    assert_eq!(run(&["keygen", "--bits", "1024"]).status.code(), Some(2));
    for command in ["init", "keygen"] {
        insta::assert_snapshot!(format!("help_{command}"), output_text(&run(&[command, "--help"])));
    }
}
