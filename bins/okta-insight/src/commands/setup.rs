//! `okta-insight setup`

use std::process::ExitCode;

use serde::Serialize;
use sync_service::engine::{SetupReport, StructureState};
use sync_service::model::ConnectionName;
use sync_service::{Connection, Receiver};
use tokio_util::sync::CancellationToken;

use super::open;
use crate::args::{Common, Output};
use crate::output::{FOUND, Failure, Outcome, count, print_json};

#[derive(Serialize)]
struct Done {
    connection: ConnectionName,
    #[serde(flatten)]
    report: SetupReport,
}

pub(crate) async fn run(common: &Common, output: Output) -> Outcome {
    let opened = open(common).await?;
    let stop = CancellationToken::new();
    // Okta verifies a hook by calling it. With no daemon there, this process answers for as long as it takes.
    let receiver = Receiver::bind(opened.config.listen, &opened.connections).await.ok();
    let serving = receiver.map(|receiver| tokio::spawn(receiver.serve(stop.clone())));
    let mut done = Vec::new();
    let result = set_up(&opened.connections, &mut done).await;
    stop.cancel();
    if let Some(serving) = serving {
        // It ends by itself once told to stop.
        let _ = serving.await;
    }
    opened.store.close().await;
    result?;
    let problems = done.iter().filter_map(|d| d.report.hook.as_ref()).any(|hook| !hook.problems.is_empty());
    match output {
        Output::Json => print_json(&serde_json::json!({ "connections": done }))?,
        Output::Text => done.iter().for_each(print),
    }
    Ok(if problems { ExitCode::from(FOUND) } else { ExitCode::SUCCESS })
}

async fn set_up(connections: &[Connection], done: &mut Vec<Done>) -> Result<(), Failure> {
    for connection in connections {
        let report = connection.engine().setup(connection.has_hook()).await?;
        done.push(Done { connection: connection.name().clone(), report });
    }
    Ok(())
}

fn print(done: &Done) {
    println!("Connection {}", done.connection);
    let structure = &done.report.structure;
    let what = match structure.state {
        StructureState::Created => format!(
            "created: {}, {}",
            count(structure.added_types.len() as u64, "object type"),
            count(structure.added_attributes.len() as u64, "attribute")
        ),
        StructureState::Extended => {
            format!("added {}", count(structure.added_attributes.len() as u64, "attribute"))
        }
        _ => "as it should be; nothing to do".to_owned(),
    };
    println!("  Object schema and mapping  {what}");
    if structure.state == StructureState::Extended {
        structure.added_attributes.iter().for_each(|name| println!("    + {name}"));
    }
    structure.corrected.iter().for_each(|name| println!("    ~ {name}: put right with the account"));
    structure.notes.iter().for_each(|note| println!("    i {note}"));
    structure.drift.iter().for_each(|drift| println!("    ! {drift}"));
    match &done.report.hook {
        None => println!("  Event hook                 none: this connection has no hook.public_url"),
        Some(hook) => {
            let what = if hook.changes.is_empty() {
                "as it should be; nothing to do".to_owned()
            } else {
                hook.changes.join(", ")
            };
            println!("  Event hook                 {what}");
            println!("                             {}", hook.uri);
            hook.problems.iter().for_each(|problem| println!("    ! {problem}"));
        }
    }
}
