//! The promises of `AccessStore`, one test each.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use sync_store::access::{AccessToken, Hash, NewSession, NewToken, Revocation, Role};
use sync_store::{AccessStore, Store};

const IDLE: Duration = Duration::from_hours(1);

async fn access_store() -> (AccessStore, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("state.db")).await.unwrap();
    (store.access(), folder)
}

fn at(second: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_secs(1_000_000 + second)
}

const fn hash(n: u8) -> Hash {
    [n; 32]
}

async fn token(store: &AccessStore, n: u8, role: Role, expires: Option<Timestamp>) -> AccessToken {
    let new = NewToken { name: &format!("token {n}"), hash: &hash(n), role, expires };
    store.create_token(&new, at(0)).await.unwrap().unwrap()
}

async fn session(store: &AccessStore, n: u8, token: Option<i64>, expires: Timestamp) {
    let new = NewSession { hash: &hash(n), principal: "ada", role: Role::Admin, token, expires };
    store.begin_session(&new, at(0)).await.unwrap();
}

async fn is_valid_session(store: &AccessStore, n: u8, second: i64) -> bool {
    store.use_session(&hash(n), IDLE, at(second)).await.unwrap().is_some()
}

#[tokio::test]
async fn first_token_is_created_once() {
    let (store, _folder) = access_store().await;
    let first = NewToken { name: "first", hash: &hash(1), role: Role::Admin, expires: None };
    let made = store.create_first_token(&first, at(0)).await.unwrap().unwrap();
    let again = NewToken { name: "again", hash: &hash(2), ..first };
    assert_eq!(store.create_first_token(&again, at(1)).await.unwrap(), None);
    token(&store, 3, Role::Admin, None).await;
    store.revoke_token(made.id, at(2)).await.unwrap();
    assert_eq!(store.create_first_token(&again, at(3)).await.unwrap(), None);
    assert_eq!(store.tokens().await.unwrap().len(), 2);
}

#[tokio::test]
async fn token_is_found_until_it_ends() {
    let (store, _folder) = access_store().await;
    token(&store, 1, Role::Admin, None).await;
    let brief = token(&store, 2, Role::ReadOnly, Some(at(10))).await;
    assert_eq!(store.use_token(&hash(2), at(9)).await.unwrap().map(|t| t.id), Some(brief.id));
    assert_eq!(store.use_token(&hash(2), at(10)).await.unwrap(), None);
    assert_eq!(store.use_token(&hash(9), at(0)).await.unwrap(), None);
    let other = token(&store, 3, Role::Admin, None).await;
    assert!(matches!(store.revoke_token(other.id, at(1)).await.unwrap(), Revocation::Revoked(_)));
    assert_eq!(store.use_token(&hash(3), at(2)).await.unwrap(), None);
}

#[tokio::test]
async fn revoked_token_frees_its_name() {
    let (store, _folder) = access_store().await;
    token(&store, 1, Role::Admin, None).await;
    let first = token(&store, 2, Role::ReadOnly, None).await;
    let twin = NewToken { name: "token 2", hash: &hash(3), role: Role::ReadOnly, expires: None };
    assert_eq!(store.create_token(&twin, at(1)).await.unwrap(), None);
    store.revoke_token(first.id, at(2)).await.unwrap();
    assert!(store.create_token(&twin, at(3)).await.unwrap().is_some());
}

#[tokio::test]
async fn use_is_stored_once_a_minute() {
    let (store, _folder) = access_store().await;
    token(&store, 1, Role::Admin, None).await;
    session(&store, 2, None, at(10_000)).await;
    let last_used = async || store.tokens().await.unwrap()[0].last_used_at;
    let last_seen =
        async |second| store.use_session(&hash(2), IDLE, at(second)).await.unwrap().unwrap().last_seen;
    store.use_token(&hash(1), at(5)).await.unwrap();
    store.use_token(&hash(1), at(64)).await.unwrap();
    assert_eq!(last_used().await, Some(at(5)));
    store.use_token(&hash(1), at(65)).await.unwrap();
    assert_eq!(last_used().await, Some(at(65)));
    last_seen(59).await;
    assert_eq!(last_seen(60).await, at(0));
    assert_eq!(last_seen(61).await, at(60));
}

#[tokio::test]
async fn last_admin_token_is_kept() {
    let (store, _folder) = access_store().await;
    let admin = token(&store, 1, Role::Admin, None).await;
    token(&store, 2, Role::ReadOnly, None).await;
    token(&store, 3, Role::Admin, Some(at(5))).await;
    let refused = store.revoke_token(admin.id, at(6)).await.unwrap();
    assert!(matches!(refused, Revocation::LastAdmin(entry) if entry.id == admin.id));
    assert!(store.use_token(&hash(1), at(6)).await.unwrap().is_some());
    assert!(matches!(store.revoke_token(admin.id, at(4)).await.unwrap(), Revocation::Revoked(_)));
    assert_eq!(store.revoke_token(99, at(4)).await.unwrap(), Revocation::Unknown);
}

#[tokio::test]
async fn session_ends_by_its_limits() {
    let (store, _folder) = access_store().await;
    session(&store, 1, None, at(5_000)).await;
    session(&store, 2, None, at(100)).await;
    assert!(
        is_valid_session(&store, 2, 99).await && !is_valid_session(&store, 2, 100).await,
        "the absolute limit"
    );
    assert!(is_valid_session(&store, 1, 3_599).await, "the idle limit begins again");
    assert!(is_valid_session(&store, 1, 4_999).await && !is_valid_session(&store, 1, 5_000).await);
    session(&store, 3, None, at(9_000)).await;
    assert!(!is_valid_session(&store, 3, 3_600).await, "the idle limit");
    store.end_session(&hash(1)).await.unwrap();
    assert!(!is_valid_session(&store, 1, 1).await);
}

#[tokio::test]
async fn session_ends_with_its_token() {
    let (store, _folder) = access_store().await;
    token(&store, 1, Role::Admin, None).await;
    let revoked = token(&store, 2, Role::Admin, None).await;
    let brief = token(&store, 3, Role::Admin, Some(at(10))).await;
    session(&store, 4, Some(revoked.id), at(5_000)).await;
    session(&store, 5, Some(brief.id), at(5_000)).await;
    assert!(is_valid_session(&store, 4, 1).await && is_valid_session(&store, 5, 9).await);
    store.revoke_token(revoked.id, at(2)).await.unwrap();
    assert!(!is_valid_session(&store, 4, 3).await && !is_valid_session(&store, 5, 10).await);
}

#[tokio::test]
async fn future_session_is_expired() {
    let (store, _folder) = access_store().await;
    session(&store, 1, None, at(86_400)).await;
    assert!(is_valid_session(&store, 1, -4).await, "clocks are set right by seconds");
    assert!(!is_valid_session(&store, 1, -3600).await, "nothing says how long it has lasted");
    assert!(is_valid_session(&store, 1, 5).await);
    assert!(!is_valid_session(&store, 1, 31_536_000).await);
}
