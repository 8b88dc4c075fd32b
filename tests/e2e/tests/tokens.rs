//! `okta-insight tokens`: told once, kept as hashes, and one is always left to get in with.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use support::binary;

const CONFIG: &str = "[connections.main.okta]\norg_url = \"https://example.okta.com\"\nclient_id = \"0oa1\"\n\
    private_key = \"unused\"\n[connections.main.assets]\nimport_token = \"unused\"\n";

struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Self {
        let desk = Self(tempfile::tempdir().unwrap());
        fs::write(desk.0.path().join("c.toml"), CONFIG).unwrap();
        desk
    }

    fn run(&self, arguments: &[&str]) -> Output {
        Command::new(binary("okta-insight"))
            .arg("tokens")
            .args(arguments)
            .args(["--config", "c.toml"])
            .current_dir(self.0.path())
            .env("NO_COLOR", "1")
            .env("COLUMNS", "140")
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(&[arguments, &["--output", "json"]].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// All that a command says, without what differs from time to time.
    fn transcript(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let lines = format!(
            "$ okta-insight tokens {}\n{}{}(exit {})",
            arguments.join(" "),
            text(&output.stdout),
            text(&output.stderr),
            output.status.code().unwrap()
        );
        let words = lines.split_inclusive(char::is_whitespace).map(|word| {
            let bare = word.trim_end();
            let is_time = bare.len() >= 20 && bare.ends_with('Z') && bare.as_bytes()[10] == b'T';
            let is_token = bare.len() == 47 && bare.starts_with("oia_");
            match () {
                () if is_time => word.replace(bare, "TIME----------------"),
                () if is_token => word.replace(bare, "TOKEN"),
                () => word.to_owned(),
            }
        });
        words.collect::<String>().lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
    }
}

#[test]
fn tokens_are_made_listed_and_revoked() {
    let desk = Desk::new();
    let told = [
        desk.transcript(&["list"]),
        desk.transcript(&["create", "--role", "admin", "--name", "ada"]),
        desk.transcript(&["create", "--role", "read-only", "--name", "dashboard", "--expires-in", "30d"]),
        desk.transcript(&["create", "--role", "admin", "--name", "ada"]),
        desk.transcript(&["list"]),
        desk.transcript(&["revoke", "ada"]),
        desk.transcript(&["revoke", "nobody"]),
        desk.transcript(&["revoke", "2"]),
        desk.transcript(&["list"]),
        desk.transcript(&["create", "--role", "owner", "--name", "x"]),
    ];
    insta::assert_snapshot!(told.join("\n\n"));
}

#[test]
fn token_is_printed_but_not_stored() {
    let desk = Desk::new();
    let output = desk.run(&["create", "--role", "admin", "--name", "ada"]);
    let printed = String::from_utf8(output.stdout).unwrap();
    let token = printed.trim_end();
    assert!(token.starts_with("oia_") && token.len() == 47 && printed == format!("{token}\n"));
    assert!(!String::from_utf8(output.stderr).unwrap().contains(token));
    let made = desk.json(&["create", "--role", "read-only", "--name", "robot"]);
    assert_eq!(made["entry"]["role"], "read_only");
    let secrets = [token, made["token"].as_str().unwrap()];
    let list = desk.json(&["list"]);
    assert_eq!(list["tokens"].as_array().unwrap().len(), 2);
    for file in fs::read_dir(desk.0.path()).unwrap().flatten() {
        let bytes = fs::read(file.path()).unwrap();
        let holds = |secret: &str| bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
        assert!(!secrets.iter().any(|secret| holds(secret)), "{}", file.path().display());
    }
    assert!(!secrets.iter().any(|secret| list.to_string().contains(secret)));
    assert_eq!(desk.json(&["revoke", "robot"])["revoked"]["name"], "robot");
}
