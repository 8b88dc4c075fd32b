//! `okta-insight verify`

use std::process::ExitCode;

use serde::Serialize;
use sync_service::engine::{SchemaState, VerifyReport};
use sync_service::model::ConnectionName;

use super::remote::{Remote, remote};
use super::{open, stop_on_signal};
use crate::args::{Common, Output};
use crate::output::{FOUND, Failure, Outcome, count, print_json};

#[derive(Serialize)]
struct Found {
    connection: ConnectionName,
    passed: bool,
    #[serde(flatten)]
    report: VerifyReport,
}

pub(crate) async fn run(common: &Common, output: Output) -> Outcome {
    let found = look(common).await?;
    let ok = found.iter().all(|f| f.passed);
    match output {
        Output::Json => print_json(&serde_json::json!({ "passed": ok, "connections": found }))?,
        Output::Text => found.iter().for_each(print),
    }
    Ok(if ok { ExitCode::SUCCESS } else { ExitCode::from(FOUND) })
}

async fn look(common: &Common) -> Result<Vec<Found>, Failure> {
    let mut found = Vec::new();
    if let Some(Remote { client, names }) = remote(common).await? {
        let stop = stop_on_signal();
        for name in names {
            let report = client.verify(&name, &stop).await?;
            found.push(Found { connection: name, passed: report.problems.is_empty(), report });
        }
        return Ok(found);
    }
    let opened = open(common).await?;
    for connection in &opened.connections {
        let report = connection.engine().verify(connection.has_hook()).await?;
        found.push(Found {
            connection: connection.name().clone(),
            passed: report.problems.is_empty(),
            report,
        });
    }
    opened.store.close().await;
    Ok(found)
}

fn print(found: &Found) {
    let (structure, hook) = (&found.report.schema, &found.report.event_hook);
    println!("Connection {}", found.connection);
    if structure.state == SchemaState::Missing {
        println!("  Object types   none yet");
    } else {
        println!("  Object types   {}", present(structure.existing_types, structure.added_types.len()));
        println!(
            "  Attributes     {}",
            present(structure.existing_attributes, structure.added_attributes.len())
        );
        let limited = structure.limited_attributes.len();
        let cardinalities =
            if limited == 0 { "as they should be".to_owned() } else { format!("{limited} too low") };
        println!("  Cardinalities  {cardinalities}");
    }
    match hook {
        None => println!("  Event hook     none is wanted: events come from the System Log alone"),
        Some(hook) => {
            let what = match (&hook.id, hook.findings.len()) {
                (None, _) => "none yet".to_owned(),
                (Some(_), 0) => "active, verified, subscribed".to_owned(),
                (Some(_), problems) => {
                    format!("there, with {}", count(u64::try_from(problems).unwrap_or(u64::MAX), "problem"))
                }
            };
            println!("  Event hook     {what}");
            println!("                 {}", hook.url);
        }
    }
    found.report.problems.iter().for_each(|problem| println!("  ! {problem}"));
    if found.passed {
        println!("  All is as it should be.");
    }
}

fn present(there: usize, missing: usize) -> String {
    if missing == 0 { format!("{there} present") } else { format!("{there} present, {missing} missing") }
}
