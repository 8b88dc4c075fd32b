//! Configuration, state store, daemon, addresses.

use std::net::TcpListener;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Executor};

use crate::clinic::{DoctorEnv, SIGNED_IN};
use crate::support::NO_LISTENER;

#[tokio::test]
async fn locked_or_foreign_store_is_reported() {
    let clinic = DoctorEnv::start();
    let path = clinic.path("c.db");
    let mut other = SqliteConnectOptions::new().filename(&path).connect().await.unwrap();
    other.execute("BEGIN IMMEDIATE").await.unwrap();
    let found = clinic.look("c.toml");
    found.names("store", &["assets.objects", "event_hook.reachable"]);
    assert!(found.check("store")["details"].as_str().unwrap().contains("locked"));
    other.execute("ROLLBACK").await.unwrap();
    clinic.look("c.toml").is_well();

    other.execute("UPDATE _sqlx_migrations SET version = 9999 WHERE version = 1").await.unwrap();
    let found = clinic.look("c.toml");
    found.names("store", &["assets.objects", "event_hook.reachable"]);
    assert!(found.check("store")["details"].as_str().unwrap().contains("newer version"));
    other.execute("UPDATE _sqlx_migrations SET version = 1 WHERE version = 9999").await.unwrap();

    clinic.write("text.db", &"this is no database ".repeat(500));
    clinic
        .look(clinic.with("path", "\"text.db\""))
        .names("store", &["assets.objects", "event_hook.reachable"]);
    clinic
        .look(clinic.with("path", "\"none/c.db\""))
        .names("store", &["assets.objects", "event_hook.reachable"]);

    let new = clinic.with("path", "\"new.db\"");
    assert_eq!(clinic.look(new).check("store")["status"], "warning");
    assert!(!clinic.path("new.db").exists(), "looking creates nothing");
    let fixed = clinic.fix(new);
    fixed.is_well();
    assert_eq!(fixed.check("store")["status"], "passed");
}

#[tokio::test]
async fn damaged_store_is_a_problem() {
    let clinic = DoctorEnv::start();
    let path = clinic.path("c.db");
    let mut store = SqliteConnectOptions::new().filename(&path).connect().await.unwrap();
    store.execute("PRAGMA wal_checkpoint(TRUNCATE)").await.unwrap();
    let root: i64 = sqlx::query_scalar("SELECT rootpage FROM sqlite_master WHERE name = 'audit_log'")
        .fetch_one(&mut store)
        .await
        .unwrap();
    sqlx::Connection::close(store).await.unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    let start = usize::try_from(root - 1).unwrap() * 4096;
    bytes[start..start + 2048].iter_mut().for_each(|byte| *byte ^= 0xff);
    std::fs::write(&path, bytes).unwrap();
    let found = clinic.look("c.toml");
    found.names("store", &["assets.objects", "event_hook.reachable"]);
    assert!(found.check("store")["details"].as_str().unwrap().contains("damaged"));
    assert!(found.remedy("store").contains("backup"));
}

#[tokio::test]
async fn old_store_is_migrated_by_fix() {
    let clinic = DoctorEnv::start();
    let migrations = clinic.path("migrations");
    std::fs::create_dir(&migrations).unwrap();
    // Without any migration, every one of this version is missing.
    let options = SqliteConnectOptions::new().filename(clinic.path("old.db")).create_if_missing(true);
    let mut old = options.connect().await.unwrap();
    sqlx::migrate::Migrator::new(migrations.as_path()).await.unwrap().run(&mut old).await.unwrap();
    sqlx::Connection::close(old).await.unwrap();
    let config = clinic.with("path", "\"old.db\"");
    let found = clinic.look(config);
    found.names("store", &["assets.objects", "event_hook.reachable"]);
    assert!(found.check("store")["details"].as_str().unwrap().contains("earlier version"));
    clinic.fix(config).is_well();
}

#[test]
fn malformed_secrets_are_config_problems() {
    let clinic = DoctorEnv::start();
    let rest: Vec<&str> = SIGNED_IN.into_iter().chain(["okta.credentials", "okta.rate_limit"]).collect();
    let found = clinic.look(clinic.with("private_key", "\"s3cret\""));
    found.names("config", &rest);
    assert!(found.check("config")["details"].as_str().unwrap().contains("connections.main.okta.private_key"));
    assert!(!found.document.to_string().contains("s3cret"));
    let found = clinic.look(clinic.with("import_token", "\"a\\u0001b\""));
    assert_eq!(found.with("failed"), ["config"]);
    assert_eq!(found.check("okta.log")["status"], "passed", "the other side is looked at all the same");
}

#[test]
fn occupied_addresses_are_reported() {
    let clinic = DoctorEnv::start();
    let holder = TcpListener::bind(clinic.server("metrics_listen")).unwrap();
    let found = clinic.look("c.toml");
    found.names("listener.metrics", &[]);
    assert!(found.remedy("listener.metrics").contains("server.metrics_listen"));
    drop(holder);
    let holder = TcpListener::bind(clinic.server("listen")).unwrap();
    clinic.look("c.toml").names("listener.event_hook", &["event_hook.reachable"]);
    drop(holder);
    let holder = TcpListener::bind(clinic.console()).unwrap();
    let found = clinic.look("c.toml");
    found.names("listener.console", &[]);
    assert!(found.remedy("listener.console").contains("console.listen"));
    drop(holder);
    let everywhere = clinic.read("c.toml").replace(&clinic.console(), "0.0.0.0:18585");
    clinic.write("bad.toml", &everywhere);
    let found = clinic.look("bad.toml");
    found.names("listener.console", &[]);
    assert!(found.remedy("listener.console").contains("server.tls_certificate"));

    let alerts = format!(
        "{}\n[connections.main.alerts]\nwebhook_url = \"http://{NO_LISTENER}/s3cret\"\n",
        clinic.read("c.toml")
    );
    clinic.write("bad.toml", &alerts);
    let found = clinic.look("bad.toml");
    found.names("alerts.webhook", &[]);
    assert!(!found.document.to_string().contains("s3cret"));

    let daemon = clinic.daemon();
    let found = clinic.look("c.toml");
    found.is_well();
    assert_eq!(found.with("warning"), [""; 0], "{:#}", found.document);
    for id in ["listener.event_hook", "listener.metrics", "listener.console"] {
        assert!(found.check(id)["details"].as_str().unwrap().starts_with("the daemon listens on"));
    }
    daemon.end();
    assert_eq!(clinic.look("c.toml").with("warning"), ["daemon"]);
}
