//! Settings of both clients before anything is sent.

use insight_import_client::{AssetsClient, ConfigError, ImportClient};

/// Part of every secret below.
const CANARY: &str = "hunter2";

#[test]
fn builder_debug_hides_proxy_credentials() {
    let proxy = || reqwest::Proxy::all("http://bob:hunter2@127.0.0.1:9").unwrap();
    let import =
        ImportClient::builder("hunter2".into()).api_url("https://a:hunter2@example.com").proxy(proxy());
    let account = AssetsClient::builder("https://a:hunter2@example.atlassian.net")
        .api_token("a@example.com", "hunter2".into())
        .proxy(proxy());
    for shown in [format!("{import:?}"), format!("{account:?}")] {
        assert!(!shown.contains(CANARY) && shown.contains("proxy: true"), "{shown}");
    }
    let import = ImportClient::builder("t".into()).proxy(proxy()).build().unwrap();
    assert!(!format!("{import:?}").contains(CANARY));
}

#[tokio::test]
async fn unreachable_proxy_error_hides_credentials() {
    let proxy = reqwest::Proxy::all("http://bob:hunter2@127.0.0.1:9").unwrap();
    let account = AssetsClient::builder("http://127.0.0.1:1").api_url("http://127.0.0.1:1");
    let account = account.api_token("a@example.com", "t".into()).proxy(proxy).build().unwrap();
    tokio::time::pause();
    let error = account.workspace_id().await.unwrap_err();
    assert!(!format!("{error} {error:?}").contains(CANARY), "{error:?}");
}

#[test]
fn token_of_other_kind_is_named() {
    let import = ImportClient::builder("ATATT3xFfGF0x".into()).build().unwrap_err();
    assert!(matches!(import, ConfigError::ApiTokenForImport), "{import:?}");
    assert!(!import.to_string().contains("enerate"), "{import}");
    let account = AssetsClient::builder("https://example.atlassian.net");
    let account = account.api_token("a@example.com", "ATCTT3xFfGN0x".into()).build().unwrap_err();
    assert!(matches!(account, ConfigError::ImportTokenForAccount), "{account:?}");
    assert!(ImportClient::builder("of another form".into()).build().is_ok());
}
