//! `okta-insight selftest`

use std::process::ExitCode;

use admin_api::wire::SelfTestOptions;
use clap::Args as ClapArgs;
use plain_text::{site_fact_reason, site_fact_state, site_fact_statement};
use serde::Serialize;
use sync_engine::SelfTestReport;
use sync_model::ConnectionName;

use super::audit_entry::Audit;
use super::backend::roads_to_change;
use super::stop_on_signal;
use crate::args::{Common, Output};
use crate::failure::{FOUND, Failure};
use crate::output::{Outcome, print_json, table};

#[derive(Debug, ClapArgs)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Permit that the test objects remain in Assets, marked as deleted: without an Atlassian account, they can't be
    /// deleted
    #[arg(long)]
    pub(crate) keep_objects: bool,
}

#[derive(Serialize)]
struct Tested {
    connection: ConnectionName,
    #[serde(flatten)]
    report: SelfTestReport,
}

pub(crate) async fn run(args: &Args, audit: &mut Audit<'_>, output: Output) -> Outcome {
    let tested = test(args, audit).await?;
    let is_proven = tested.iter().all(|tested| tested.report.reference_form.is_some());
    match output {
        Output::Json => print_json(&serde_json::json!({ "passed": is_proven, "connections": tested }))?,
        Output::Text => tested.iter().for_each(print),
    }
    Ok(if is_proven { ExitCode::SUCCESS } else { ExitCode::from(FOUND) })
}

async fn test(args: &Args, audit: &mut Audit<'_>) -> Result<Vec<Tested>, Failure> {
    let roads = roads_to_change(&args.common, audit).await?;
    let stop = stop_on_signal();
    let mut tested = Vec::new();
    for backend in roads.backends() {
        eprintln!("Testing connection `{}`. It needs about three minutes.", backend.name());
        let options = SelfTestOptions { keep_objects: args.keep_objects };
        let report = backend.self_test(options, &stop).await?;
        tested.push(Tested { connection: backend.name().clone(), report });
    }
    roads.close().await;
    Ok(tested)
}

fn print(tested: &Tested) {
    let Tested { connection, report } = tested;
    println!("Connection {connection}");
    let form = report.reference_form.map_or("none proven", |form| form.as_str());
    println!("  Reference form {form}");
    let objects = if report.objects_remain { "remain in Assets, marked as deleted" } else { "deleted" };
    println!("  Test objects   {objects}");
    let mut rows = table(["statement", "answer", "reason"]);
    for fact in &report.facts {
        rows.add_row([
            site_fact_statement(fact.id),
            site_fact_state(fact.state),
            site_fact_reason(fact.reason),
        ]);
    }
    println!("{rows}");
}
