//! `okta-insight pause` and `okta-insight resume`

use std::process::ExitCode;

use sync_service::Pause;
use sync_service::wire::PauseStatus;

use super::open;
use super::remote::{Remote, remote};
use crate::args::{Common, Output, Pause as Args};
use crate::output::{Outcome, print_json};

pub(crate) async fn pause(args: &Args, output: Output) -> Outcome {
    let mut told = Vec::new();
    if let Some(Remote { client, names }) = remote(&args.common).await? {
        for name in &names {
            told.push(client.pause(name, args.time).await?);
        }
        return tell(&told, output);
    }
    let opened = open(&args.common).await?.in_turn().await?;
    for connection in &opened.connections {
        let pause = connection.pause(args.time).await?;
        told.push(PauseStatus { connection: connection.name().clone(), pause: Some(pause) });
    }
    opened.store.close().await;
    tell(&told, output)
}

pub(crate) async fn resume(common: &Common, output: Output) -> Outcome {
    let mut told = Vec::new();
    if let Some(Remote { client, names }) = remote(common).await? {
        for name in &names {
            told.push(client.resume(name).await?);
        }
        return tell(&told, output);
    }
    let opened = open(common).await?.in_turn().await?;
    for connection in &opened.connections {
        connection.resume().await?;
        told.push(PauseStatus { connection: connection.name().clone(), pause: None });
    }
    opened.store.close().await;
    tell(&told, output)
}

fn tell(told: &[PauseStatus], output: Output) -> Outcome {
    match output {
        Output::Json => print_json(&serde_json::json!({ "connections": told }))?,
        Output::Text => {
            for told in told {
                println!("Connection {}\n  {}", told.connection, line(told.pause));
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A pause in words.
pub(crate) fn line(paused: Option<Pause>) -> String {
    match paused {
        None => "not paused".to_owned(),
        Some(Pause { until: None }) => "paused until `okta-insight resume`; events are kept".to_owned(),
        Some(Pause { until: Some(until) }) => format!("paused until {until:.0}; events are kept"),
    }
}
