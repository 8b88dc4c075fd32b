//! `okta-insight verify`

use std::process::ExitCode;

use serde::Serialize;
use sync_engine::{SchemaState, VerifyReport};
use sync_model::ConnectionName;

use super::backend::roads;
use super::findings::print_findings;
use super::stop_on_signal;
use crate::args::{Common, Output};
use crate::failure::{FOUND, Failure};
use crate::output::{Outcome, print_json};
use crate::words::units::{count, number};

#[derive(Serialize)]
struct Found {
    connection: ConnectionName,
    passed: bool,
    #[serde(flatten)]
    report: VerifyReport,
}

pub(crate) async fn run(common: &Common, output: Output) -> Outcome {
    let found = verify(common).await?;
    let passed = found.iter().all(|found| found.passed);
    match output {
        Output::Json => print_json(&serde_json::json!({ "passed": passed, "connections": found }))?,
        Output::Text => found.iter().for_each(print),
    }
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::from(FOUND) })
}

async fn verify(common: &Common) -> Result<Vec<Found>, Failure> {
    let roads = roads(common).await?;
    let stop = stop_on_signal();
    let mut found = Vec::new();
    for backend in roads.backends() {
        let report = backend.verify(&stop).await?;
        let passed = report.findings.is_empty();
        found.push(Found { connection: backend.name().clone(), passed, report });
    }
    roads.close().await;
    Ok(found)
}

fn print(found: &Found) {
    let (schema, hook) = (&found.report.schema, &found.report.event_hook);
    println!("Connection {}", found.connection);
    if schema.state == SchemaState::Missing {
        println!("  Object types   none");
    } else {
        println!("  Object types   {}", present(schema.existing_types, schema.added_types.len()));
        println!("  Attributes     {}", present(schema.existing_attributes, schema.added_attributes.len()));
        let limited = schema.limited_attributes().count();
        let cardinality = if limited == 0 { "correct".to_owned() } else { format!("{limited} too low") };
        println!("  Cardinality    {cardinality}");
    }
    match hook {
        None => println!("  Event hook     not used; the System Log is the only event source"),
        Some(hook) => {
            let state = match (&hook.id, hook.findings.len()) {
                (None, _) => "missing".to_owned(),
                (Some(_), 0) => "active, verified, subscribed".to_owned(),
                (Some(_), problems) => format!("exists, {}", count(problems, "problem")),
            };
            println!("  Event hook     {state}");
            println!("                 {}", hook.url);
        }
    }
    print_findings(2, &found.report.findings);
    if found.passed {
        println!("  Verified.");
    }
}

fn present(existing: usize, missing: usize) -> String {
    let [existing, added] = [existing, missing].map(|n| number(n as u64));
    if missing == 0 { format!("{existing} exist") } else { format!("{existing} exist, {added} missing") }
}
