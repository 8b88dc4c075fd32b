//! `okta-insight plan`

use std::process::ExitCode;

use serde::Serialize;
use serde_json::Value;
use sync_service::engine::{Change, FieldChange, ObjectChange, SyncPlan};
use sync_service::model::ConnectionName;

use super::{open, stop_on_signal};
use crate::args::{Output, Plan};
use crate::output::{FOUND, Outcome, count, print_json, table};
use crate::progress::Bars;

#[derive(Serialize)]
struct Planned {
    connection: ConnectionName,
    #[serde(flatten)]
    plan: SyncPlan,
    /// Why a sync would not carry it out.
    refusal: Option<String>,
    objects: Vec<ObjectChange>,
}

pub(crate) async fn run(args: &Plan, output: Output) -> Outcome {
    let opened = open(&args.common).await?;
    let stop = stop_on_signal();
    let bars = Bars::new();
    let mut planned = Vec::new();
    for connection in &opened.connections {
        let engine = connection.engine();
        let plan = engine.plan(&bars, &stop).await?;
        let objects = engine.changes(plan.run, None, args.limit).await?;
        engine.discard(plan.clone()).await?;
        let limits = opened.config.connections.get(connection.name()).map(|c| c.limits).unwrap_or_default();
        let refusal = plan.clone().approve(&limits).err().map(|refusal| refusal.to_string());
        planned.push(Planned { connection: connection.name().clone(), plan, refusal, objects });
    }
    drop(bars);
    opened.store.close().await;
    let changes: u64 = planned.iter().map(|p| p.plan.changes()).sum();
    match output {
        Output::Json => print_json(&serde_json::json!({ "changes": changes, "connections": planned }))?,
        Output::Text => planned.iter().for_each(print),
    }
    Ok(if changes == 0 { ExitCode::SUCCESS } else { ExitCode::from(FOUND) })
}

fn print(planned: &Planned) {
    println!("Connection {}", planned.connection);
    if let Some(structure) = &planned.plan.structure {
        structure.added_types.iter().for_each(|name| println!("  + object type {name}"));
        if !structure.added_attributes.is_empty() {
            println!("  + {}", count(structure.added_attributes.len() as u64, "attribute"));
        }
        structure.notes.iter().for_each(|note| println!("  i {note}"));
        structure.drift.iter().for_each(|drift| println!("  ! {drift}"));
    }
    let mut rows = table(["kind", "known", "read", "create", "update", "mark as deleted"]);
    for (kind, plan) in &planned.plan.kinds {
        let numbers = [plan.known, plan.read, plan.create, plan.update, plan.retire].map(|n| n.to_string());
        rows.add_row(std::iter::once(kind.to_string()).chain(numbers));
    }
    println!("{rows}");
    for object in &planned.objects {
        let sign = match object.change {
            Change::Create => '+',
            Change::Update => '~',
            Change::Retire => '-',
        };
        println!("  {sign} {}", object.key);
        if object.change == Change::Update {
            object.fields.iter().for_each(|field| println!("      {}", field_line(field)));
        }
    }
    let hidden = planned.plan.changes().saturating_sub(planned.objects.len() as u64);
    if hidden > 0 {
        println!("  and {}", count(hidden, "more object"));
    }
    if let Some(refusal) = &planned.refusal {
        println!(
            "  ! A sync would be refused: {refusal}; `okta-insight sync --accept-shrink` carries it out."
        );
    }
    planned.plan.problems.iter().for_each(|problem| println!("  ! {problem}"));
    if planned.plan.changes() == 0 {
        println!("  Nothing to send.");
    }
}

fn field_line(field: &FieldChange) -> String {
    let show = |value: &Value| match value {
        Value::Null => "(empty)".to_owned(),
        Value::String(text) if text.is_empty() => "(empty)".to_owned(),
        Value::Array(items) => format!("[{}]", count(items.len() as u64, "value")),
        other => other.to_string(),
    };
    format!("{}: {} → {}", field.field, show(&field.old), show(&field.new))
}
