//! `okta-insight schema`

use std::process::ExitCode;

use admin_api::{AttributeComparison, SchemaView, TypeComparison};
use clap::Args;
use comfy_table::{Cell, Color};
use schema_mapper::AttributeState;
use sync_engine::Finding;

use super::backend::inspections;
use super::findings::print_findings;
use super::stop_on_signal;
use crate::args::{Common, Output};
use crate::failure::FOUND;
use crate::output::{Outcome, coloured, print_json, table};
use crate::words::commands::SETUP;
use crate::words::units::count;

#[derive(Debug, Args)]
pub(crate) struct Schema {
    #[command(flatten)]
    common: Common,
    /// Show only attributes that differ
    #[arg(long)]
    only_differences: bool,
}

pub(crate) async fn run(args: &Schema, output: Output) -> Outcome {
    let inspections = inspections(&args.common).await?;
    let stop = stop_on_signal();
    let mut views = Vec::new();
    for inspection in inspections {
        views.push(inspection.compare_schemas(&stop).await?);
    }
    let has_differences = views.iter().any(|view| view.has_differences);
    match output {
        Output::Json => {
            print_json(&serde_json::json!({ "has_differences": has_differences, "connections": views }))?;
        }
        Output::Text => views.iter().for_each(|view| print(view, args.only_differences)),
    }
    Ok(if has_differences { ExitCode::from(FOUND) } else { ExitCode::SUCCESS })
}

fn print(view: &SchemaView, only_differences: bool) {
    println!("Connection {}", view.connection);
    for object_type in &view.types {
        print_type(object_type, only_differences);
    }
    print_findings(2, &view.notes);
    if view.has_differences {
        println!("To add new attributes, run `{SETUP}`.");
    } else {
        println!("No differences.");
    }
}

fn print_type(object_type: &TypeComparison, only_differences: bool) {
    let missing = if object_type.exists { "" } else { " (missing in Assets)" };
    println!("\n{}{missing}", object_type.name);
    let is_shown = |view: &&AttributeComparison| {
        !only_differences || matches!(view.state, AttributeState::New | AttributeState::Drifted)
    };
    let shown: Vec<&AttributeComparison> = object_type.attributes.iter().filter(is_shown).collect();
    if !shown.is_empty() {
        let mut rows = table(["state", "okta", "title", "type", "assets", "type", "cardinality"]);
        for view in &shown {
            rows.add_row(row(view));
        }
        println!("{rows}");
    }
    let hidden = object_type.attributes.len() - shown.len();
    if hidden > 0 {
        println!("  {} matched or excluded", count(hidden, "attribute"));
    }
    let differences = object_type.attributes.iter().flat_map(|view| &view.differences);
    let differences: Vec<Finding> = differences.chain(&object_type.differences).cloned().collect();
    print_findings(2, &differences);
}

fn row(view: &AttributeComparison) -> Vec<Cell> {
    let (word, colour) = match view.state {
        AttributeState::Matched => ("✓ matched", Color::Green),
        AttributeState::New => ("+ new", Color::Yellow),
        AttributeState::Drifted => ("! drifted", Color::Red),
        AttributeState::Excluded => ("- excluded", Color::DarkGrey),
    };
    let mut state = Cell::new(word);
    if coloured() {
        state = state.fg(colour);
    }
    let mut cells = vec![state];
    match &view.okta {
        Some(okta) => cells.extend([&okta.name, &okta.title, &okta.kind].map(Cell::new)),
        None => cells.extend(["", "", ""].map(Cell::new)),
    }
    match &view.assets {
        Some(assets) => {
            let values = match assets.maximum_cardinality {
                -1 => "unlimited".to_owned(),
                n => n.to_string(),
            };
            cells.extend([&assets.name, &assets.kind, &values].map(Cell::new));
        }
        None => cells.extend(["", "", ""].map(Cell::new)),
    }
    cells
}
