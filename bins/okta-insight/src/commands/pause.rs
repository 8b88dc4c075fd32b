//! `okta-insight pause` and `okta-insight resume`

use std::process::ExitCode;

use serde::Serialize;
use sync_service::wire::PauseStatus;

use super::open;
use super::remote::{Remote, remote};
use crate::args::{Common, Output, Pause as Args};
use crate::output::{Outcome, print_json};
use crate::words::state;

/// The pause of a connection after the command.
#[derive(Serialize)]
struct Changed {
    #[serde(flatten)]
    status: PauseStatus,
    /// True if the connection was paused before.
    was_paused: bool,
}

pub(crate) async fn pause(args: &Args, output: Output) -> Outcome {
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
