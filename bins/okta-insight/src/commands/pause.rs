//! `okta-insight pause` and `okta-insight resume`

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use super::audit_entry::Audit;
use super::backend::roads_to_change;
use crate::args::values::pause_length;
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
        value_parser = pause_length,
        help = "Length of the pause, such as 30m or 2h [default: until `okta-insight resume`]"
    )]
    pub(crate) time: Option<Duration>,
}

pub(crate) async fn pause(args: &Pause, audit: &mut Audit<'_>, output: Output) -> Outcome {
    let roads = roads_to_change(&args.common, audit).await?;
    let mut statuses = Vec::new();
    for backend in roads.backends() {
        statuses.push(backend.pause(args.time).await?);
    }
    roads.close().await;
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

pub(crate) async fn resume(common: &Common, audit: &mut Audit<'_>, output: Output) -> Outcome {
    let roads = roads_to_change(common, audit).await?;
    let mut changed = Vec::new();
    for backend in roads.backends() {
        changed.push(backend.resume().await?);
    }
    roads.close().await;
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
