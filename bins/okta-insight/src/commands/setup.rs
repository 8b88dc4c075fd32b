//! `okta-insight setup`

use std::process::ExitCode;

use clap::Args;
use serde::Serialize;
use serde_json::Value;
use sync_service::engine::{HookReport, SchemaReport, SetupReport};
use sync_service::model::ConnectionName;
use sync_service::{Config, Connection, HookReceiver, ManualEventHook};
use tokio_util::sync::CancellationToken;

use super::remote::{Remote, only_here, remote};
use super::{manual_hook, open, stop_on_signal};
use crate::args::{Common, Output};
use crate::output::{FOUND, Failure, Outcome, count, print_json};

/// What `okta-insight setup` takes.
#[derive(Debug, Args)]
pub(crate) struct Setup {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Leave the event hook to a person, and print what that takes: its secret, a curl command, a Terraform block. For
    /// apps that must not have the scope okta.eventHooks.manage.
    #[arg(long)]
    pub(crate) manual_hook: bool,
}

#[derive(Serialize)]
struct Done {
    connection: ConnectionName,
    #[serde(flatten)]
    report: SetupReport,
    #[serde(skip_serializing_if = "Option::is_none")]
    manual_hook: Option<Value>,
    #[serde(skip)]
    by_hand: Option<ManualEventHook>,
}

pub(crate) async fn run(args: &Setup, output: Output) -> Outcome {
    if args.manual_hook {
        only_here(&args.common, "setup --manual-hook")?;
    }
    let done = match remote(&args.common).await? {
        Some(remote) => set_up_there(&remote).await?,
        None => set_up_here(args).await?,
    };
    let problems =
        done.iter().filter_map(|d| d.report.event_hook.as_ref()).any(|hook| !hook.findings.is_empty());
    match output {
        Output::Json => print_json(&serde_json::json!({ "connections": done }))?,
        Output::Text => {
            done.iter().for_each(print);
            if !problems {
                println!("Next: `okta-insight plan` shows what would be sent, `okta-insight sync` sends it.");
            }
        }
    }
    Ok(if problems { ExitCode::from(FOUND) } else { ExitCode::SUCCESS })
}

async fn set_up_there(remote: &Remote) -> Result<Vec<Done>, Failure> {
    let stop = stop_on_signal();
    let mut done = Vec::new();
    for name in &remote.names {
        let report = remote.client.set_up(name, &stop).await?;
        done.push(Done { connection: name.clone(), report, manual_hook: None, by_hand: None });
    }
    Ok(done)
}

async fn set_up_here(args: &Setup) -> Result<Vec<Done>, Failure> {
    let opened = open(&args.common).await?.in_turn().await?;
    let stop = CancellationToken::new();
    // Okta verifies a hook by calling it. With no daemon there, this process answers for as long as it takes.
    let receiver = HookReceiver::bind(opened.config.listen, &opened.connections).await.ok();
    let serving = receiver.map(|receiver| tokio::spawn(receiver.serve(stop.clone())));
    let mut done = Vec::new();
    let result = set_up(&opened.config, &opened.connections, args.manual_hook, &mut done).await;
    stop.cancel();
    if let Some(serving) = serving {
        // It ends by itself once told to stop.
        let _ = serving.await;
    }
    opened.store.close().await;
    result.map(|()| done)
}

async fn set_up(
    config: &Config,
    connections: &[Connection],
    manual: bool,
    done: &mut Vec<Done>,
) -> Result<(), Failure> {
    for connection in connections {
        let report = connection.engine().setup(connection.has_hook() && !manual).await?;
        let by_hand = match config.connections.get(connection.name()) {
            Some(settings) if manual => ManualEventHook::of(settings)?,
            _ => None,
        };
        let manual_hook = by_hand.as_ref().map(manual_hook::document);
        done.push(Done { connection: connection.name().clone(), report, manual_hook, by_hand });
    }
    Ok(())
}

fn print(done: &Done) {
    println!("Connection {}", done.connection);
    print_structure(&done.report.schema);
    match (&done.report.event_hook, &done.by_hand) {
        (Some(hook), _) => print_hook(hook),
        (None, Some(_)) => println!("  Event hook     left to a person, as asked for; see below"),
        (None, None) => println!("  Event hook     none is wanted: events come from the System Log alone"),
    }
    if let Some(hook) = &done.by_hand {
        manual_hook::print(hook);
    }
}

fn print_structure(structure: &SchemaReport) {
    let added = (structure.added_types.len(), structure.added_attributes.len());
    println!("  Object types   {}", tally(added.0, structure.existing_types));
    structure.added_types.iter().for_each(|name| println!("    + {name}"));
    println!("  Attributes     {}", tally(added.1, structure.existing_attributes));
    if structure.existing_types > 0 {
        structure.added_attributes.iter().for_each(|name| println!("    + {name}"));
    }
    let mut cardinalities = Vec::new();
    if !structure.fixed_attributes.is_empty() {
        cardinalities.push(format!("{} changed with the account", structure.fixed_attributes.len()));
    }
    if !structure.limited_attributes.is_empty() {
        cardinalities.push(format!("{} left to a person", structure.limited_attributes.len()));
    }
    if cardinalities.is_empty() {
        cardinalities.push("as they should be".to_owned());
    }
    println!("  Cardinalities  {}", cardinalities.join(", "));
    structure.fixed_attributes.iter().for_each(|name| println!("    ~ {name}"));
    structure.notes.iter().for_each(|note| println!("    i {note}"));
    if !structure.drift.is_empty() {
        let different = u64::try_from(structure.drift.len()).unwrap_or(u64::MAX);
        println!("  Left to you    {}", count(different, "difference"));
        structure.drift.iter().for_each(|drift| println!("    ! {drift}"));
    }
}

fn tally(added: usize, kept: usize) -> String {
    match (added, kept) {
        (0, kept) => format!("{kept} kept"),
        (added, 0) => format!("{added} created"),
        (added, kept) => format!("{added} created, {kept} kept"),
    }
}

fn print_hook(hook: &HookReport) {
    let what = if hook.changes.is_empty() { "kept".to_owned() } else { hook.changes.join(", ") };
    println!("  Event hook     {what}");
    println!("                 {}", hook.url);
    hook.findings.iter().for_each(|problem| println!("    ! {problem}"));
}
