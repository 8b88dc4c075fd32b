//! `okta-insight doctor`

use std::process::ExitCode;

use clap::Args;
use comfy_table::{Cell, Color, ColumnConstraint, ContentArrangement, Table, Width, presets};
use diagnostics::{Check, CheckReport, CheckStatus, examine};
use sync_daemon::ThisProcess;

use super::backend::{inspections, only_here};
use super::findings::cell;
use super::{known, stop_on_signal};
use crate::args::{Common, Output};
use crate::failure::FOUND;
use crate::output::{Outcome, coloured, print_json};
use crate::words::findings::check_details;
use crate::words::remedies::remedy;
use crate::words::units::count;

#[derive(Debug, Args)]
pub(crate) struct Doctor {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Fix the state store, object types, mapping, and event hook, and repeat the checks
    #[arg(long)]
    pub(crate) fix: bool,
}

pub(crate) async fn run(args: &Doctor, output: Output) -> Outcome {
    let found = if args.fix {
        only_here(&args.common, "doctor --fix")?;
        let local = &args.common.local;
        let known = known(local).await?;
        let chosen = known.chosen(local.connection.as_deref())?;
        examine(&known.config, local.file.path(), &chosen, true, &ThisProcess).await
    } else {
        let inspections = inspections(&args.common).await?;
        let stop = stop_on_signal();
        let mut found = Vec::new();
        for inspection in inspections {
            found.push(inspection.examine(&stop).await?);
        }
        found
    };
    let passed = found.iter().all(|report| report.passed);
    match output {
        Output::Json => print_json(&serde_json::json!({ "passed": passed, "connections": found }))?,
        Output::Text => found.iter().for_each(print),
    }
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::from(FOUND) })
}

fn print(report: &CheckReport) {
    println!("Connection {}", report.connection);
    if !report.fixes.is_empty() {
        println!("\nFixes");
        for fix in &report.fixes {
            let (symbol, word) = if fix.succeeded { ("✓", "fixed") } else { ("✗", "failed") };
            println!("  {symbol} {word:<7}  {}: {}", fix.action, fix.message);
            let remedies =
                fix.findings.iter().filter_map(|finding| finding.remedy.as_ref()).chain(&fix.remedy);
            for action in remedies {
                println!("               → {}", remedy(action));
            }
        }
    }
    let width = report.checks.iter().map(|check| check.title.chars().count()).max().unwrap_or_default();
    for area in report.checks.chunk_by(|one, next| one.area == next.area) {
        let Some(first) = area.first() else { continue };
        println!("\n{}", first.area.title());
        println!("{}", rows(area, width).trim_fmt());
    }
    println!("\n{}", summary(report));
}

/// A table whose columns are as wide in every area.
fn rows(checks: &[Check], width: usize) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    for check in checks {
        let (symbol, word, colour) = sign(check.status);
        let mut state = Cell::new(format!(" {symbol} {word}"));
        if coloured() {
            state = state.fg(colour);
        }
        table.add_row([state, Cell::new(&check.title), Cell::new(text(check))]);
    }
    // Each column includes one space on either side.
    let fixed = |width| ColumnConstraint::Absolute(Width::Fixed(width));
    for (n, width) in [(0, 12), (1, u16::try_from(width).unwrap_or(u16::MAX).saturating_add(2))] {
        if let Some(column) = table.column_mut(n) {
            column.set_constraint(fixed(width));
        }
    }
    table
}

/// The findings, observations, and remedies as lines.
fn text(check: &Check) -> String {
    let mut lines: Vec<String> = Vec::new();
    if !check.findings.is_empty() {
        lines.push(cell(&check.findings));
    }
    if !check.observations.is_empty() {
        lines.push(check_details(&check.observations, &[]));
    }
    lines.extend(check.remedies.iter().map(|action| format!("→ {}", remedy(action))));
    lines.join("\n")
}

const fn sign(state: CheckStatus) -> (&'static str, &'static str, Color) {
    match state {
        CheckStatus::Passed => ("✓", "passed", Color::Green),
        CheckStatus::Warning => ("!", "warning", Color::Yellow),
        CheckStatus::Failed => ("✗", "failed", Color::Red),
        CheckStatus::Unknown => ("?", "unknown", Color::Cyan),
        CheckStatus::Skipped => ("-", "skipped", Color::DarkGrey),
    }
}

fn summary(report: &CheckReport) -> String {
    let number = |state| u64::try_from(report.count(state)).unwrap_or(u64::MAX);
    let mut parts = vec![match number(CheckStatus::Failed) {
        0 => "No failed checks".to_owned(),
        n => count(n, "failed check"),
    }];
    parts.extend(Some(number(CheckStatus::Warning)).filter(|n| *n > 0).map(|n| count(n, "warning")));
    for (state, word) in [(CheckStatus::Unknown, "unknown"), (CheckStatus::Skipped, "skipped")] {
        parts.extend(Some(number(state)).filter(|n| *n > 0).map(|n| format!("{n} {word}")));
    }
    let fixable = report.checks.iter().any(|check| check.auto_fixable && check.status == CheckStatus::Failed);
    let hint = if fixable { ". To apply the available fixes, run `okta-insight doctor --fix`" } else { "" };
    format!("{}{hint}.", parts.join(", "))
}
