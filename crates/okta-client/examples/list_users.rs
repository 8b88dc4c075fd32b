//! Lists the users of an org as they come, a page in memory at a time.
//!
//! `OKTA_CLIENT_ORGURL`, `OKTA_CLIENT_CLIENTID` and `OKTA_CLIENT_PRIVATEKEY` say which org; an argument is a filter:
//! `cargo run --example list_users -- 'status eq "ACTIVE"'`

use futures::TryStreamExt;
use okta_client::{OktaClientBuilder, UserQuery};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let okta = OktaClientBuilder::from_env()?.build()?;
    let query = std::env::args().nth(1).map(UserQuery::filter).unwrap_or_default();
    let mut users = std::pin::pin!(okta.users().list(&query));
    let mut count = 0;
    while let Some(user) = users.try_next().await? {
        println!("{}  {:<13}  {}", user.id, user.status.as_str(), user.profile.login().unwrap_or_default());
        count += 1;
    }
    let pacing = okta.pacer().state();
    eprintln!("{count} users with {} requests", pacing.requests);
    Ok(())
}
