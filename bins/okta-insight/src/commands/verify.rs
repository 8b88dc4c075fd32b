//! `okta-insight verify`

use std::process::ExitCode;

use serde::Serialize;
use sync_service::engine::VerifyReport;
use sync_service::model::ConnectionName;

use super::open;
use crate::args::{Common, Output};
use crate::output::{FOUND, Outcome, print_json};

#[derive(Serialize)]
struct Found {
    connection: ConnectionName,
    ok: bool,
    #[serde(flatten)]
    report: VerifyReport,
}

pub(crate) async fn run(common: &Common, output: Output) -> Outcome {
    let opened = open(common).await?;
    let mut found = Vec::new();
    for connection in &opened.connections {
        let report = connection.engine().verify(connection.has_hook()).await?;
        found.push(Found { connection: connection.name().clone(), ok: report.problems.is_empty(), report });
    }
    opened.store.close().await;
    let ok = found.iter().all(|f| f.ok);
    match output {
        Output::Json => print_json(&serde_json::json!({ "ok": ok, "connections": found }))?,
        Output::Text => found.iter().for_each(print),
    }
    Ok(if ok { ExitCode::SUCCESS } else { ExitCode::from(FOUND) })
}

fn print(found: &Found) {
    println!("Connection {}", found.connection);
    if found.ok {
        println!("  Object schema and mapping  present, and as Okta's schemas call for");
        match &found.report.hook {
            Some(hook) => println!(
                "  Event hook                 active, verified, subscribed\n                             {}",
                hook.uri
            ),
            None => println!("  Event hook                 none: this connection has no hook.public_url"),
        }
    }
    found.report.problems.iter().for_each(|problem| println!("  ! {problem}"));
}
