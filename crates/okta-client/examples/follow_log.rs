//! Follows the System Log, and goes on where it stopped when it is started again.
//!
//! `OKTA_CLIENT_ORGURL`, `OKTA_CLIENT_CLIENTID` and `OKTA_CLIENT_PRIVATEKEY` say which org; the argument is a file for
//! the place in the log: `cargo run --example follow_log -- checkpoint.txt`

#![expect(clippy::disallowed_methods, reason = "it starts at the present time of this machine")]

use std::time::Duration;

use futures::StreamExt;
use okta_client::{LogStart, OktaClientBuilder};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let file = std::env::args().nth(1).ok_or("name a file for the checkpoint")?;
    let okta = OktaClientBuilder::from_env()?.build()?;
    let start = match std::fs::read_to_string(&file) {
        Ok(checkpoint) => LogStart::At(checkpoint.trim().parse()?),
        Err(_) => LogStart::Since { since: jiff::Timestamp::now() - Duration::from_hours(1), filter: None },
    };
    let mut pages = std::pin::pin!(okta.logs().follow(&start, Duration::from_secs(2)));
    loop {
        let page = tokio::select! {
            page = pages.next() => page,
            _ = tokio::signal::ctrl_c() => return Ok(()),
        };
        match page {
            Some(Ok(page)) => {
                for event in &page.events {
                    let users: Vec<_> = event.users().collect();
                    println!("{}  {}  {}", event.published, event.event_type, users.join(" "));
                }
                // After the events: at worst some are seen twice, and their uuid tells. Never half a place.
                std::fs::write(format!("{file}.new"), page.checkpoint.to_string())?;
                std::fs::rename(format!("{file}.new"), &file)?;
            }
            Some(Err(error)) if error.is_transient() => eprintln!("{error}; going on"),
            Some(Err(error)) => return Err(error.into()),
            None => return Ok(()),
        }
    }
}
