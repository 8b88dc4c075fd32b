//! `okta-insight status`

use std::process::ExitCode;

use sync_service::ConnectionStatus;

use super::open;
use crate::args::{Common, Output};
use crate::output::{Outcome, count, print_json, table};

/// How many runs are shown.
const RUNS: u32 = 5;

pub(crate) async fn run(common: &Common, output: Output) -> Outcome {
    let opened = open(common).await?;
    let mut found = Vec::new();
    for connection in &opened.connections {
        found.push(connection.status(RUNS).await?);
    }
    opened.store.close().await;
    match output {
        Output::Json => print_json(&serde_json::json!({ "connections": found }))?,
        Output::Text => found.iter().for_each(print),
    }
    Ok(ExitCode::SUCCESS)
}

fn print(status: &ConnectionStatus) {
    println!("Connection {}", status.connection);
    let fresh = match (status.inbox.oldest, status.last_full_sync) {
        (Some(oldest), _) => format!("waiting since {oldest:.0}"),
        (None, Some(_)) => "nothing waiting".to_owned(),
        (None, None) => "never synchronised; run `okta-insight sync`".to_owned(),
    };
    println!("  Freshness       {fresh}");
    if let Some(last) = status.last_full_sync {
        println!("  Last full sync  {last:.0}");
    }
    println!(
        "  Events          {} pending, {} given up",
        count(status.inbox.pending, "event"),
        status.inbox.dead
    );
    for (kind, census) in &status.objects {
        println!("  {:<15} {} live, {} marked as deleted", format!("{kind}s"), census.live, census.gone);
    }
    if status.uncleared.values > 0 {
        let held = count(status.uncleared.values, "value");
        println!("  Not cleared     {held} gone in Okta and still in Assets");
    }
    if status.runs.is_empty() {
        return;
    }
    let mut rows = table(["run", "kind", "started", "result", "sent", "seconds"]);
    for run in &status.runs {
        let (result, sent, seconds) = match &run.report {
            Some(report) => (
                format!("{:?}", report.result).to_lowercase(),
                report.records.values().map(|c| c.sent).sum::<u64>().to_string(),
                format!("{:.1}", report.seconds),
            ),
            None => ("running, or cut off".to_owned(), String::new(), String::new()),
        };
        rows.add_row([
            run.id.to_string(),
            run.kind.as_str().to_owned(),
            format!("{:.0}", run.started),
            result,
            sent,
            seconds,
        ]);
    }
    println!("{rows}");
}
