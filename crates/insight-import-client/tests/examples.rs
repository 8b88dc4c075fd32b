//! The example, as a reader of the documentation would run it, against the sandbox.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used)]

use std::process::Output;

use futures::TryStreamExt;
use insight_import_client::{AssetsClient, Error};
use sandbox::{Sandbox, SandboxOptions};
use tokio::process::Command;

/// The example as `cargo test` built it. With `--test examples` alone, Cargo builds no example: it is built here if there is
/// none yet. Always building it would repeat every dependency with the features of this package alone.
fn example() -> Command {
    let test = std::env::current_exe().unwrap();
    let built = test.ancestors().nth(2).unwrap().join("examples/laptops");
    if built.exists() {
        return Command::new(built);
    }
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args([
        "run",
        "--quiet",
        "--locked",
        "--package",
        "insight-import-client",
        "--example",
        "laptops",
        "--",
    ]);
    cargo
}

async fn laptops(sandbox: &Sandbox, file: &str) -> Output {
    let insight = &sandbox.ready()["insight"];
    let mut command = example();
    command.arg(file).kill_on_drop(true);
    command.env("ASSETS_API_URL", insight["api_url"].as_str().unwrap());
    command.env("ASSETS_IMPORT_TOKEN", insight["import_token"].as_str().unwrap());
    command.output().await.unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn laptops_example_creates_and_updates_objects() {
    let sandbox = Sandbox::start(&SandboxOptions::default()).await.unwrap();
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/laptops.csv");
    let output = laptops(&sandbox, file).await;
    assert_eq!(text(&output.stdout), "3 created, 0 updated, 0 as they were\n", "{}", text(&output.stderr));

    let folder = tempfile::tempdir().unwrap();
    let changed = folder.path().join("laptops.csv");
    let content = std::fs::read_to_string(file).unwrap().replace("grace@", "hopper@");
    std::fs::write(&changed, content).unwrap();
    let output = laptops(&sandbox, changed.to_str().unwrap()).await;
    assert_eq!(text(&output.stdout), "0 created, 1 updated, 2 as they were\n", "{}", text(&output.stderr));

    let insight = &sandbox.ready()["insight"];
    let word = |name: &str| insight[name].as_str().unwrap();
    let account = AssetsClient::builder(word("site_url")).api_token(word("email"), word("api_token").into());
    let assets = account.api_url(word("api_url")).build().unwrap();
    let found: Result<Vec<_>, Error> = assets.search("objectType = \"Laptop\"").try_collect().await;
    assert_eq!(found.unwrap().len(), 3);
}

#[tokio::test]
async fn a_missing_file_is_told() {
    let sandbox = Sandbox::start(&SandboxOptions::default()).await.unwrap();
    let output = laptops(&sandbox, "nowhere.csv").await;
    assert!(!output.status.success() && text(&output.stderr).contains("No such file"));
}
