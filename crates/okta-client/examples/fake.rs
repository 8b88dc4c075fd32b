//! A program that takes the trait, and a fake to test it with: no network, no org.

use async_trait::async_trait;
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};
use okta_client::model::{User, UserStatus};
use okta_client::{OktaApi, Result, UserQuery};

/// What is under test: it does not know what it talks to.
async fn locked_out(okta: &dyn OktaApi) -> Result<Vec<String>> {
    let users = okta.list_users(&UserQuery::default());
    let locked = users.try_filter(|user| std::future::ready(user.status == UserStatus::LockedOut));
    locked.map_ok(|user| user.profile.login().unwrap_or_default().to_owned()).try_collect().await
}

/// An org of three. Calls that are not written here answer that they are not supported.
struct SmallOrg;

#[async_trait]
impl OktaApi for SmallOrg {
    fn list_users(&self, _query: &UserQuery) -> BoxStream<'static, Result<User>> {
        let users =
            [("ada", UserStatus::Active), ("bob", UserStatus::LockedOut), ("eve", UserStatus::LockedOut)];
        stream::iter(users).map(|(login, status)| Ok(user(login, status))).boxed()
    }
}

fn user(login: &str, status: UserStatus) -> User {
    let mut profile = serde_json::Map::new();
    profile.insert("login".into(), format!("{login}@example.com").into());
    User { id: format!("00u{login}"), status, profile: profile.into(), ..User::default() }
}

#[tokio::main]
async fn main() -> Result<()> {
    println!("locked out: {}", locked_out(&SmallOrg).await?.join(", "));
    if let Err(error) = SmallOrg.get_user("00u1").await {
        println!("not written: {error}");
    }
    Ok(())
}
