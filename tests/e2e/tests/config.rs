//! `okta-insight config`, completions and manual; every command's help; and input that is wrong.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used)]

mod support;

use std::process::{Command, Output, Stdio};

use serde_json::Value;

use support::binary;

struct Desk(tempfile::TempDir);

const CONFIG: &str = "[connections.main.okta]\norg_url = \"https://example.okta.com\"\nclient_id = \"0oa1\"\n\
    private_key = { file = \"okta.jwk\" }\n[connections.main.assets]\nimport_token = { env = \"IMPORT_TOKEN\" }\n\
    [connections.main.schedule]\nfull_sync = \"0 3 * * *\"\n";

impl Desk {
    fn new(config: &str) -> Self {
        let desk = Self(tempfile::tempdir().unwrap());
        std::fs::write(desk.0.path().join("c.toml"), config).unwrap();
        desk
    }

    /// With a key in the file that the configuration names.
    fn with_key(config: &str) -> Self {
        let desk = Self::new(config);
        assert!(desk.run(&["keygen", "--out", "okta.jwk"]).status.success());
        desk
    }

    fn run(&self, arguments: &[&str]) -> Output {
        Command::new(binary("okta-insight"))
            .args(arguments)
            .current_dir(self.0.path())
            .env("NO_COLOR", "1")
            .env("COLUMNS", "100")
            .env("IMPORT_TOKEN", "eyJhbGciOiJIUzI1NiJ9.eyJ0IjoxfQ.c2ln")
            .env("OKTA_INSIGHT__SERVER__LISTEN", "127.0.0.1:8585")
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    fn printed(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// What a command that is used wrongly says.
    fn refused(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty());
        format!("$ okta-insight {}\n{}", arguments.join(" "), String::from_utf8(output.stderr).unwrap())
    }
}

#[test]
fn config_check_shows_effective_settings() {
    let desk = Desk::with_key(CONFIG);
    let text = desk.printed(&["config", "check", "--config", "c.toml"]);
    insta::assert_snapshot!("check", text);
    let document = desk.printed(&["config", "check", "--config", "c.toml", "--output", "json"]);
    assert!(!document.contains("eyJ"), "a secret");
    let document: Value = serde_json::from_str(&document).unwrap();
    insta::assert_json_snapshot!("check_json", document);
}

#[test]
fn config_prints_example_and_schema() {
    let desk = Desk::new("");
    let example = desk.printed(&["config", "example"]);
    std::fs::write(desk.0.path().join("example.toml"), &example).unwrap();
    // Its files do not exist: it is read that far.
    let told = desk.refused(&["config", "check", "--config", "example.toml"]);
    assert!(told.contains("private_key: could not read"), "{told}");
    let schema: Value = serde_json::from_str(&desk.printed(&["config", "schema"])).unwrap();
    assert!(schema["properties"]["connections"].is_object() && schema["$schema"].is_string());
}

#[test]
fn input_errors_name_place_and_suggestion() {
    let mut told = Vec::new();
    for (from, to) in [
        ("import_token", "import_tokn"),
        ("\"0oa1\"", "1"),
        ("\"0oa1\"", "\"0oa1"),
        ("full_sync = \"0 3 * * *\"", "full_sync = \"0 3 * *\""),
        (
            "[connections.main.schedule]",
            "[connections.main]\nevent_source = \"boht\"\n[connections.main.schedule]",
        ),
        ("okta.jwk", "nowhere.jwk"),
        ("https://example", "http://example"),
    ] {
        let desk = Desk::with_key(&CONFIG.replace(from, to));
        told.push(desk.refused(&["config", "check", "--config", "c.toml"]));
    }
    let desk = Desk::with_key(
        &CONFIG.replace("https://example.okta", "https://example-admin.okta").replace("0 3 * * *", "often"),
    );
    std::fs::write(desk.0.path().join("okta.jwk"), "no key").unwrap();
    told.push(desk.refused(&["config", "check", "--config", "c.toml"]));
    told.push(Desk::new("").refused(&["config", "check", "--config", "c.toml"]));
    let desk = Desk::with_key(CONFIG);
    told.push(desk.refused(&["status", "--config", "c.toml", "--connection", "mian"]));
    told.push(desk.refused(&["status", "--config", "nowhere.toml"]));
    told.push(desk.refused(&["pause", "--config", "c.toml", "--for", "soon"]));
    told.push(desk.refused(&["sync", "--config", "c.toml", "--overide-safeguards"]));
    told.push(desk.refused(&["statsu"]));
    told.push(desk.refused(&["sandbox", "--dpop", "maybe"]));
    let folder = desk.0.path().display().to_string();
    insta::assert_snapshot!("wrong", told.join("\n").replace(&folder, "FOLDER"));
}

/// The commands below one, from its help.
fn below(help: &str) -> Vec<String> {
    // Groups of commands have headings of their own; options follow them.
    let (_, commands) = help.split_once("\n\nUsage:").unwrap_or_default();
    let (_, commands) = commands.split_once("\n\n").unwrap_or_default();
    let (commands, _) = commands.split_once("Options:\n").unwrap_or_default();
    let (commands, _) = commands.split_once("Arguments:\n").unwrap_or((commands, ""));
    let names = commands.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let names = names.filter_map(|line| line.split_whitespace().next());
    names.filter(|name| *name != "help").map(str::to_owned).collect()
}

#[test]
fn every_command_has_help_and_manual() {
    let desk = Desk::new("");
    let mut pending: Vec<Vec<String>> = vec![Vec::new()];
    let (mut all, mut text) = (Vec::new(), String::new());
    while let Some(command) = pending.pop() {
        let mut arguments: Vec<&str> = command.iter().map(String::as_str).collect();
        arguments.push("--help");
        let help = desk.printed(&arguments);
        text = format!("{text}$ okta-insight {}\n{help}\n", arguments.join(" "));
        for name in below(&help).into_iter().rev() {
            pending.push([command.clone(), vec![name]].concat());
        }
        all.push(command);
    }
    assert!(all.len() > 24, "{all:?}");
    insta::assert_snapshot!("help", text);
    for shell in ["bash", "zsh", "fish"] {
        let script = desk.printed(&["completions", shell]);
        assert!(all.iter().filter_map(|c| c.last()).all(|name| script.contains(name)), "{shell}");
    }
    assert!(desk.printed(&["man"]).contains("okta\\-insight"));
    desk.printed(&["man", "--dir", "man"]);
    for command in all {
        let page = std::iter::once("okta-insight").chain(command.iter().map(String::as_str));
        let page = format!("man/{}.1", page.collect::<Vec<_>>().join("-"));
        assert!(desk.0.path().join(&page).exists(), "{page}");
    }
}

#[test]
fn closed_pipe_ends_command_quietly() {
    for arguments in [&["man"][..], &["config", "example"], &["tokens", "--help"], &["keygen"]] {
        let mut child = Command::new(binary("okta-insight"))
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!said.contains("panicked") && !said.contains("Broken pipe"), "{arguments:?}: {said}");
    }
}
