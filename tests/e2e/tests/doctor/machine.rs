//! Configuration, state store, daemon, addresses.

use std::net::TcpListener;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Executor};

use crate::doctor_env::{DoctorEnv, SIGNED_IN};
use crate::support::NO_LISTENER;

#[tokio::test]
async fn locked_or_foreign_store_is_reported() {
    let env = DoctorEnv::start();
    let path = env.path("c.db");
    let mut other = SqliteConnectOptions::new().filename(&path).connect().await.unwrap();
    other.execute("BEGIN IMMEDIATE").await.unwrap();
    let found = env.run_checks("c.toml");
    found.names("store", &["assets.objects", "assets.self_test", "event_hook.reachable"]);
    assert!(found.check("store")["details"].as_str().unwrap().contains("locked"));
    other.execute("ROLLBACK").await.unwrap();
    env.run_checks("c.toml").is_well();

    other.execute("UPDATE _sqlx_migrations SET version = 9999 WHERE version = 1").await.unwrap();
    let found = env.run_checks("c.toml");
    found.names("store", &["assets.objects", "assets.self_test", "event_hook.reachable"]);
    assert!(found.check("store")["details"].as_str().unwrap().contains("newer version"));
    other.execute("UPDATE _sqlx_migrations SET version = 1 WHERE version = 9999").await.unwrap();

    env.write("text.db", &"this is no database ".repeat(500));
    env.run_checks(env.with("path", "\"text.db\""))
        .names("store", &["assets.objects", "assets.self_test", "event_hook.reachable"]);
    env.run_checks(env.with("path", "\"none/c.db\""))
        .names("store", &["assets.objects", "assets.self_test", "event_hook.reachable"]);

    let new = env.with("path", "\"new.db\"");
    assert_eq!(env.run_checks(new).check("store")["status"], "warning");
    assert!(!env.path("new.db").exists(), "looking creates nothing");
    let fixed = env.fix(new);
    fixed.is_well();
    assert_eq!(fixed.check("store")["status"], "passed");
}

#[tokio::test]
async fn damaged_store_is_a_problem() {
    let env = DoctorEnv::start();
    let path = env.path("c.db");
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
    let found = env.run_checks("c.toml");
    found.names("store", &["assets.objects", "assets.self_test", "event_hook.reachable"]);
    assert!(found.check("store")["details"].as_str().unwrap().contains("damaged"));
    assert!(found.remedy("store").contains("backup"));
}

#[tokio::test]
async fn old_store_is_migrated_by_fix() {
    let env = DoctorEnv::start();
    let migrations = env.path("migrations");
    std::fs::create_dir(&migrations).unwrap();
    // Without any migration, every one of this version is missing.
    let options = SqliteConnectOptions::new().filename(env.path("old.db")).create_if_missing(true);
    let mut old = options.connect().await.unwrap();
    sqlx::migrate::Migrator::new(migrations.as_path()).await.unwrap().run(&mut old).await.unwrap();
    sqlx::Connection::close(old).await.unwrap();
    let config = env.with("path", "\"old.db\"");
    let found = env.run_checks(config);
    found.names("store", &["assets.objects", "assets.self_test", "event_hook.reachable"]);
    assert!(found.check("store")["details"].as_str().unwrap().contains("earlier version"));
    env.fix(config).is_well();
}

#[test]
fn malformed_secrets_are_config_problems() {
    let env = DoctorEnv::start();
    let rest: Vec<&str> = SIGNED_IN.into_iter().chain(["okta.credentials", "okta.rate_limit"]).collect();
    let found = env.run_checks(env.with("private_key", "\"s3cret\""));
    found.names("config", &rest);
    assert!(found.check("config")["details"].as_str().unwrap().contains("connections.main.okta.private_key"));
    assert!(!found.document.to_string().contains("s3cret"));
    let found = env.run_checks(env.with("import_token", "\"a\\u0001b\""));
    assert_eq!(found.with("failed"), ["config"]);
    assert_eq!(found.check("okta.log")["status"], "passed", "the other side is looked at all the same");
}

#[test]
fn occupied_addresses_are_reported() {
    let env = DoctorEnv::start();
    let holder = TcpListener::bind(env.server("metrics_listen")).unwrap();
    let found = env.run_checks("c.toml");
    found.names("listener.metrics", &[]);
    assert!(found.remedy("listener.metrics").contains("server.metrics_listen"));
    drop(holder);
    let holder = TcpListener::bind(env.server("listen")).unwrap();
    env.run_checks("c.toml").names("listener.event_hook", &["event_hook.reachable"]);
    drop(holder);
    let holder = TcpListener::bind(env.console()).unwrap();
    let found = env.run_checks("c.toml");
    found.names("listener.console", &[]);
    assert!(found.remedy("listener.console").contains("console.listen"));
    drop(holder);
    let everywhere = env.read("c.toml").replace(&env.console(), "0.0.0.0:18585");
    env.write("bad.toml", &everywhere);
    let found = env.run_checks("bad.toml");
    found.names("listener.console", &[]);
    assert!(found.remedy("listener.console").contains("server.tls_certificate"));

    let alerts = format!(
        "{}\n[connections.main.alerts]\nwebhook_url = \"http://{NO_LISTENER}/s3cret\"\n",
        env.read("c.toml")
    );
    env.write("bad.toml", &alerts);
    let found = env.run_checks("bad.toml");
    found.names("alerts.webhook", &[]);
    assert!(!found.document.to_string().contains("s3cret"));

    let daemon = env.daemon();
    let found = env.run_checks("c.toml");
    found.is_well();
    assert_eq!(found.with("warning"), [""; 0], "{:#}", found.document);
    for id in ["listener.event_hook", "listener.metrics", "listener.console"] {
        assert!(found.check(id)["details"].as_str().unwrap().starts_with("the daemon listens on"));
    }
    daemon.end();
    assert_eq!(env.run_checks("c.toml").with("warning"), ["daemon"]);
}
