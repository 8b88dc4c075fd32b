//! A table of hostile input to the receiver and the console: each ends with a definite status or a closed connection,
//! stores nothing, and echoes no secret.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used)]

// Shared with tests that need more of it.
#[allow(dead_code)]
#[path = "../support/daemon.rs"]
mod daemon;
mod rows;

use std::net::SocketAddr;
use std::time::Duration;

use futures::future::join_all;
use sandbox::SandboxOptions;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use daemon::{Daemon, KEY};
use rows::{Row, To, rows};

/// The time after which an answer counts as hanging. The bounds under test are much shorter.
const PATIENCE: Duration = Duration::from_mins(2);

/// Text that may stand in no answer.
const MARKED: &str = "s3cret";

/// The result of a row: the status of the last answer, or the end of the connection.
async fn play(row: &Row, address: SocketAddr) -> (String, String) {
    let stream = TcpStream::connect(address).await.unwrap();
    let (mut from, mut to) = stream.into_split();
    // The other side may end the connection before it has taken everything.
    let writing = async {
        let _ = to.write_all(&row.bytes).await;
        if row.cut {
            let _ = to.shutdown().await;
        }
        // Held open until the answer is there.
        to
    };
    let reading = async {
        let mut answer = Vec::new();
        let mut buffer = [0; 4096];
        while let Ok(read @ 1..) = from.read(&mut buffer).await {
            answer.extend_from_slice(&buffer[..read]);
            if answer.windows(4).any(|window| window == b"\r\n\r\n") && !row.to_the_end {
                break;
            }
        }
        answer
    };
    let (answer, _open) = tokio::join!(timeout(PATIENCE, reading), writing);
    let Ok(answer) = answer else { return ("hangs".into(), String::new()) };
    let text = String::from_utf8_lossy(&answer).into_owned();
    let status = text.strip_prefix("HTTP/1.1 ").or_else(|| text.strip_prefix("HTTP/1.0 "));
    let told = status.map_or_else(
        || if text.is_empty() { "closed".into() } else { "no HTTP/1".into() },
        |status| status.chars().take(3).collect(),
    );
    (told, text)
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_input_is_rejected() {
    let daemon =
        Daemon::start(&SandboxOptions { users: 1, groups: 1, ..SandboxOptions::default() }, KEY).await;
    let console: SocketAddr = daemon.url.strip_prefix("http://").unwrap().parse().unwrap();
    let http = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().unwrap();
    let token = daemon.token.expose_secret();
    let api = |path: &str| format!("{}/api/v1{path}", daemon.url);
    let saved = http.put(api("/connections/main")).bearer_auth(token).json(&daemon.draft()).send().await;
    assert_eq!(saved.unwrap().status(), 201);
    let member = daemon.fleet.get(&"main".to_owned().try_into().unwrap()).unwrap();
    let secret = member.settings().unwrap().event_hook.as_ref().unwrap().secret.expose_secret().to_owned();

    let rows = rows(&secret, token);
    assert!(rows.len() >= 80, "{}", rows.len());
    let mut names: Vec<&str> = rows.iter().map(|row| row.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), rows.len(), "each row has a name of its own");

    // In lots, so that no row is ended by the limits for connections.
    let mut wrong = Vec::new();
    for lot in rows.chunks(50) {
        let played = join_all(lot.iter().map(async |row| {
            let address = if row.to == To::Hook { daemon.hook } else { console };
            (row, play(row, address).await)
        }));
        for (row, (told, text)) in played.await {
            if !row.expected.split('|').any(|expected| expected == told) {
                wrong.push(format!("{}: {told} in the place of {}", row.name, row.expected));
            }
            if [MARKED, &secret, token].iter().any(|secret| text.contains(secret)) {
                wrong.push(format!("{}: a secret was told", row.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");

    let get = async |path: &str| -> Value {
        http.get(api(path)).bearer_auth(token).send().await.unwrap().json().await.unwrap()
    };
    assert_eq!(get("/connections/main/events").await["events"], json!([]), "something was stored");
    let connections = get("/connections").await;
    assert_eq!(connections["connections"].as_array().unwrap().len(), 1, "something was saved");
    assert_eq!(get("/tokens").await["tokens"].as_array().unwrap().len(), 1, "a token was made");
    // Both are as before.
    let hook = format!("http://{}/hooks/okta/main", daemon.hook);
    let delivery = http.post(hook).header("authorization", &secret).body(rows::delivery("last")).send().await;
    assert_eq!(delivery.unwrap().status(), 200);
    daemon.end().await;
}
