//! What the README shows, word for word.

use futures::TryStreamExt;
use okta_client::{OktaClientBuilder, UserQuery};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let okta = OktaClientBuilder::from_env()?.build()?;
    let mut users = std::pin::pin!(okta.users().list(&UserQuery::default()));
    while let Some(user) = users.try_next().await? {
        println!("{} {}", user.id, user.profile.login().unwrap_or_default());
    }
    Ok(())
}
