//! `okta-insight pause` and `okta-insight resume`

use std::process::ExitCode;
use std::time::Duration;

use admin_api::wire::PauseStatus;
use clap::Args;
use serde::Serialize;

use super::open;
use super::remote::{Remote, remote};
use crate::args::values::duration;
use crate::args::{Common, Output};
use crate::output::{Outcome, print_json};
use crate::words::state;

#[derive(Debug, Args)]
pub(crate) struct Pause {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Length of the pause, such as 30m or 2h [default: until `resume`]
    #[arg(
        long = "for",
        value_name = "DURATION",
        value_parser = duration,
        help = "Length of the pause, such as 30m or 2h [default: until `okta-insight resume`]"
    )]
    pub(crate) time: Option<Duration>,
}

/// The pause of a connection after the command.
#[derive(Serialize)]
struct Changed {
    #[serde(flatten)]
    status: PauseStatus,
    /// True if the connection was paused before.
    was_paused: bool,
}

pub(crate) async fn pause(args: &Pause, output: Output) -> Outcome {
    let mut statuses = Vec::new();
    if let Some(Remote { client, names }) = remote(&args.common).await? {
        for name in &names {
            statuses.push(client.pause(name, args.time).await?);
        }
    } else {
        let opened = open(&args.common).await?.in_turn().await?;
        for connection in &opened.connections {
            let pause = connection.pause(args.time).await?;
            statuses.push(PauseStatus { connection: connection.name().clone(), pause: Some(pause) });
        }
        opened.store.close().await;
    }
    match output {
        Output::Json => print_json(&serde_json::json!({ "connections": statuses }))?,
        Output::Text => {
            for status in &statuses {
                println!("Connection {}\n  {}", status.connection, state::pause(status.pause));
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

pub(crate) async fn resume(common: &Common, output: Output) -> Outcome {
    let mut changed = Vec::new();
    if let Some(Remote { client, names }) = remote(common).await? {
        for name in &names {
            let before = client.connection(name).await?.status.and_then(|status| status.pause);
            changed.push(Changed { status: client.resume(name).await?, was_paused: before.is_some() });
        }
    } else {
        let opened = open(common).await?.in_turn().await?;
        for connection in &opened.connections {
            let was_paused = connection.paused().await?.is_some();
            connection.resume().await?;
            let status = PauseStatus { connection: connection.name().clone(), pause: None };
            changed.push(Changed { status, was_paused });
        }
        opened.store.close().await;
    }
    match output {
        Output::Json => print_json(&serde_json::json!({ "connections": changed }))?,
        Output::Text => {
            for changed in &changed {
                println!(
                    "Connection {}\n  {}",
                    changed.status.connection,
                    state::resumed(changed.was_paused)
                );
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}
