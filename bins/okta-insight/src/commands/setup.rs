//! `okta-insight setup`

use std::process::ExitCode;

use clap::Args;
use connectors::ManualEventHook;
use serde::Serialize;
use serde_json::Value;
use sync_engine::{HookReport, SchemaReport, SetupReport};
use sync_model::ConnectionName;

use super::audit_entry::Audit;
use super::backend::{only_here, roads_to_change};
use super::findings::print_findings;
use super::{manual_hook, open, stop_on_signal};
use crate::args::{Common, Output};
use crate::failure::{FOUND, Failure};
use crate::output::{Outcome, print_json};
use crate::words::commands::{PLAN, SELFTEST, SYNC};
use crate::words::event_hook;
use crate::words::units::{count, number};

#[derive(Debug, Args)]
pub(crate) struct Setup {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Print the event hook's secret, a curl command, and a Terraform block instead of creating the event hook, for apps
    /// without the API scope okta.eventHooks.manage
    #[arg(long)]
    pub(crate) manual_event_hook: bool,
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

pub(crate) async fn run(args: &Setup, audit: &mut Audit<'_>, output: Output) -> Outcome {
    let done = if args.manual_event_hook {
        only_here(&args.common, "setup --manual-event-hook")?;
        set_up_by_hand(&args.common).await?
    } else {
        set_up(&args.common, audit).await?
    };
    let problems =
        done.iter().filter_map(|d| d.report.event_hook.as_ref()).any(|hook| !hook.findings.is_empty());
    match output {
        Output::Json => print_json(&serde_json::json!({ "connections": done }))?,
        Output::Text => {
            done.iter().for_each(print);
            if !problems {
                println!(
                    "Next: run `{SELFTEST}` to test the site, `{PLAN}` to review the changes, and `{SYNC}` to apply them."
                );
            }
        }
    }
    Ok(if problems { ExitCode::from(FOUND) } else { ExitCode::SUCCESS })
}

async fn set_up(common: &Common, audit: &mut Audit<'_>) -> Result<Vec<Done>, Failure> {
    let roads = roads_to_change(common, audit).await?;
    let stop = stop_on_signal();
    let mut done = Vec::new();
    for backend in roads.backends() {
        let report = backend.set_up(&stop).await?;
        done.push(Done { connection: backend.name().clone(), report, manual_hook: None, by_hand: None });
    }
    roads.close().await;
    Ok(done)
}

/// Creates the object types and the mapping. Only this process shows the secret of the event hook, so no daemon is asked.
async fn set_up_by_hand(common: &Common) -> Result<Vec<Done>, Failure> {
    let opened = open(common).await?.in_turn().await?;
    let mut done = Vec::new();
    for connection in &opened.connections {
        let report = connection.engine().setup(false).await?;
        let by_hand = match opened.config.connections.get(connection.name()) {
            Some(settings) => ManualEventHook::of(settings)?,
            None => None,
        };
        let manual_hook = by_hand.as_ref().map(manual_hook::document);
        done.push(Done { connection: connection.name().clone(), report, manual_hook, by_hand });
    }
    opened.store.close().await;
    Ok(done)
}

fn print(done: &Done) {
    println!("Connection {}", done.connection);
    print_schema(&done.report.schema);
    match (&done.report.event_hook, &done.by_hand) {
        (Some(hook), _) => print_hook(hook),
        (None, Some(_)) => println!("  Event hook     create it manually; see below"),
        (None, None) => println!("  Event hook     not used; the System Log is the only event source"),
    }
    if let Some(hook) = &done.by_hand {
        manual_hook::print(hook);
    }
}

fn print_schema(schema: &SchemaReport) {
    let added = (schema.added_types.len(), schema.added_attributes.len());
    println!("  Object types   {}", tally(added.0, schema.existing_types));
    schema.added_types.iter().for_each(|name| println!("    + {name}"));
    println!("  Attributes     {}", tally(added.1, schema.existing_attributes));
    if schema.existing_types > 0 {
        schema.added_attributes.iter().for_each(|name| println!("    + {name}"));
    }
    let mut cardinality = Vec::new();
    if !schema.fixed_attributes.is_empty() {
        cardinality.push(format!(
            "{} corrected with the Atlassian account",
            number(schema.fixed_attributes.len() as u64)
        ));
    }
    let limited = schema.limited_attributes().count();
    if limited > 0 {
        cardinality.push(format!("{} to correct manually", number(limited as u64)));
    }
    if cardinality.is_empty() {
        cardinality.push("correct".to_owned());
    }
    println!("  Cardinality    {}", cardinality.join(", "));
    schema.fixed_attributes.iter().for_each(|name| println!("    ~ {name}"));
    print_findings(4, &schema.notes);
    if !schema.drift.is_empty() {
        println!("  Schema drift   {}", count(schema.drift.len(), "difference"));
        print_findings(4, &schema.drift);
    }
}

fn tally(added: usize, kept: usize) -> String {
    let [created, existing] = [added, kept].map(|n| number(n as u64));
    match (added, kept) {
        (0, _) => format!("{existing} exist"),
        (_, 0) => format!("{created} created"),
        _ => format!("{created} created, {existing} exist"),
    }
}

fn print_hook(hook: &HookReport) {
    println!("  Event hook     {}", event_hook::changes(&hook.changes));
    println!("                 {}", hook.url);
    print_findings(4, &hook.findings);
}
