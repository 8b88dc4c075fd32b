//! `okta-insight plan`

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use admin_api::PlanView;
use admin_api::wire::MOST_PLANNED_OBJECTS;
use clap::Args;
use serde_json::Value;
use sync_daemon::Connection;
use sync_engine::{
    ChangeKind, EngineError, FieldChange, ObjectChange, ProgressSink, Subject, SyncPlan, error_chain,
};
use sync_model::RecordKey;
use tokio_util::sync::CancellationToken;

use super::backend::{only_here, roads_to_stage};
use super::findings::print_findings;
use super::{Opened, open, open_saved, status, stop_on_signal};
use crate::args::values::plan_limit;
use crate::args::{Common, Output};
use crate::failure::{ErrorCode, FOUND, Failure};
use crate::output::{Outcome, print_json, table};
use crate::progress::Bars;
use crate::words::safety;
use crate::words::units::{count, number};

/// The number of objects that are read from the store at once.
const PAGE: u32 = 500;

#[derive(Debug, Args)]
pub(crate) struct Plan {
    #[command(flatten)]
    common: Common,
    /// Maximum number of objects to list
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = plan_limit, allow_negative_numbers = true)]
    limit: u32,
    /// Folder of an export to read instead of Okta
    #[arg(long, value_name = "DIR")]
    from_export: Option<PathBuf>,
    /// File for the whole plan with all objects, as JSON
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(crate) async fn run(args: &Plan, output: Output) -> Outcome {
    if args.from_export.is_some() {
        only_here(&args.common, "plan --from-export")?;
    }
    if args.out.is_some() {
        only_here(&args.common, "plan --out")?;
    }
    let is_remote = args.common.remote.server().is_some();
    if args.from_export.is_none() && args.out.is_none() && (is_remote || args.limit <= MOST_PLANNED_OBJECTS) {
        return show_all(args, output).await;
    }
    let opened = match &args.from_export {
        Some(folder) => open_saved(&args.common, folder).await?,
        None => open(&args.common).await?,
    };
    // A plan is staged in the store until it is shown.
    let opened = opened.in_turn().await?;
    let mut file = args.out.as_deref().map(PlanFile::create).transpose()?;
    let outcome = show(&opened, args.limit, None, file.as_mut(), output).await?;
    if let Some(file) = file {
        file.end()?;
    }
    Ok(outcome)
}

/// Shows the plan of each connection, by its daemon or by this process.
async fn show_all(args: &Plan, output: Output) -> Outcome {
    let roads = roads_to_stage(&args.common).await?;
    let stop = stop_on_signal();
    let bars = Bars::new();
    let mut planned = Vec::new();
    for backend in roads.backends() {
        planned.push(backend.plan(args.limit, &bars, &stop).await?);
    }
    drop(bars);
    roads.close().await;
    result(&planned, output)
}

/// Computes and shows the plan of each connection by this process, of all or of some objects.
pub(crate) async fn show(
    opened: &Opened,
    limit: u32,
    subjects: Option<&[Vec<Subject>]>,
    mut file: Option<&mut PlanFile>,
    output: Output,
) -> Outcome {
    let stop = stop_on_signal();
    let bars = Bars::new();
    let mut planned = Vec::new();
    for (n, connection) in opened.connections.iter().enumerate() {
        let limits =
            opened.config.connections.get(connection.name()).map(|c| c.safeguards).unwrap_or_default();
        let subjects = subjects.and_then(|subjects| subjects.get(n)).map(Vec::as_slice);
        if subjects.is_some_and(<[Subject]>::is_empty) {
            continue;
        }
        let plan = compute(connection, subjects, &bars, &stop).await?;
        let engine = connection.engine();
        let objects = engine.changes(&plan, None, limit).await?;
        let mut shown = connection.plan_view(plan.clone(), &limits).await?;
        if let Some(file) = &mut file {
            file.begin(&shown)?;
            let mut after: Option<RecordKey> = None;
            loop {
                let page = engine.changes(&plan, after.as_ref(), PAGE).await?;
                let Some(last) = page.last() else { break };
                after = Some(last.key.clone());
                file.add(&page)?;
            }
        }
        shown.objects = Some(objects);
        engine.discard(plan).await?;
        planned.push(shown);
    }
    drop(bars);
    opened.store.close().await;
    result(&planned, output)
}

fn result(planned: &[PlanView], output: Output) -> Outcome {
    let changes: u64 = planned.iter().map(|p| p.plan.changes()).sum();
    match output {
        Output::Json => print_json(&serde_json::json!({ "changes": changes, "connections": planned }))?,
        Output::Text => planned.iter().for_each(print),
    }
    Ok(if planned.iter().all(PlanView::is_empty) { ExitCode::SUCCESS } else { ExitCode::from(FOUND) })
}

async fn compute(
    connection: &Connection,
    subjects: Option<&[Subject]>,
    progress: &dyn ProgressSink,
    stop: &CancellationToken,
) -> Result<SyncPlan, EngineError> {
    let engine = connection.engine();
    match subjects {
        None => engine.plan(progress, stop).await,
        Some(subjects) => engine.targeted_plan(subjects, progress, stop).await,
    }
}

/// A plan that is written to a file, object by object.
pub(crate) struct PlanFile {
    path: PathBuf,
    file: BufWriter<File>,
    plans: u64,
    objects: u64,
}

impl PlanFile {
    fn create(path: &Path) -> Result<Self, Failure> {
        let failed = |error| unwritten(path, &error);
        let mut options = File::options();
        options.write(true).create(true).truncate(true);
        // Plans hold personal data.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = BufWriter::new(options.open(path).map_err(failed)?);
        let mut file = Self { path: path.to_owned(), file, plans: 0, objects: 0 };
        file.write("{\"connections\":[")?;
        Ok(file)
    }

    fn write(&mut self, text: &str) -> Result<(), Failure> {
        self.file.write_all(text.as_bytes()).map_err(|error| unwritten(&self.path, &error))
    }

    /// A plan without its objects, which follow.
    fn begin(&mut self, planned: &PlanView) -> Result<(), Failure> {
        let text = serde_json::to_string(planned)
            .map_err(|e| Failure::new(ErrorCode::InternalError, e.to_string()))?;
        let open = text.strip_suffix('}').unwrap_or(&text);
        let between = match self.plans {
            0 => "\n",
            _ => "\n]},\n",
        };
        self.plans += 1;
        self.objects = 0;
        self.write(&format!("{between}{open},\"objects\":["))
    }

    fn add(&mut self, objects: &[ObjectChange]) -> Result<(), Failure> {
        for object in objects {
            let text = serde_json::to_string(object)
                .map_err(|e| Failure::new(ErrorCode::InternalError, e.to_string()))?;
            let between = if self.objects == 0 { "\n" } else { ",\n" };
            self.objects += 1;
            self.write(&format!("{between}{text}"))?;
        }
        Ok(())
    }

    fn end(mut self) -> Result<(), Failure> {
        self.write(if self.plans == 0 { "]}\n" } else { "\n]}\n]}\n" })?;
        self.file.flush().map_err(|error| unwritten(&self.path, &error))
    }
}

fn unwritten(path: &Path, error: &std::io::Error) -> Failure {
    let message = format!("could not write {}: {}", path.display(), error_chain(error));
    Failure::new(ErrorCode::FileFailed, message)
}

fn print(planned: &PlanView) {
    println!("Connection {}", planned.connection);
    if let Some(structure) = &planned.plan.schema {
        structure.added_types.iter().for_each(|name| println!("  + object type {name}"));
        if structure.added_types.is_empty() {
            structure.added_attributes.iter().for_each(|name| println!("  + attribute {name}"));
        } else {
            println!("  + {}", count(structure.added_attributes.len(), "attribute"));
        }
        print_findings(2, &structure.notes);
        print_findings(2, &structure.drift);
    }
    let mut rows = table(["object type", "current", "read", "create", "update", "retire"]);
    for (kind, plan) in &planned.plan.kinds {
        let numbers = [plan.current, plan.read, plan.create, plan.update, plan.retire].map(number);
        rows.add_row(std::iter::once(format!("{kind}s")).chain(numbers));
    }
    println!("{rows}");
    for object in planned.objects.iter().flatten() {
        let sign = match object.change {
            ChangeKind::Create => '+',
            ChangeKind::Update => '~',
            ChangeKind::Retire => '-',
        };
        match &object.name {
            Some(name) => println!("  {sign} {} {name} ({})", object.key.kind, object.key.id),
            None => println!("  {sign} {}", object.key),
        }
        if object.change != ChangeKind::Create {
            object.fields.iter().for_each(|field| println!("      {}", field_line(field)));
        }
    }
    let shown = planned.objects.as_ref().map_or(0, |objects| objects.len() as u64);
    let hidden = planned.plan.changes().saturating_sub(shown);
    if hidden > 0 {
        println!("  and {}; use `--limit` to list more or `--out` to save all", count(hidden, "more object"));
    }
    let removals = &planned.plan.removals;
    if removals.memberships.removed > 0 {
        let (removed, total) = (removals.memberships.removed, removals.memberships.total);
        println!("  {} of {} would be removed", number(removed), count(total, "membership"));
    }
    for cleared in &removals.cleared_values {
        let objects = count(cleared.total, cleared.kind.as_str());
        println!("  `{}` would be cleared on {} of {objects}", cleared.field, number(cleared.cleared));
    }
    print_findings(2, &planned.violations);
    print_findings(2, &planned.plan.data_findings());
    if !planned.outstanding.is_empty() {
        println!("  {}", safety::outstanding(&planned.outstanding));
    }
    status::print_unconfirmed(&planned.unconfirmed, planned.outstanding.unconfirmed);
    if planned.is_empty() {
        println!("  No changes.");
    }
}

fn field_line(field: &FieldChange) -> String {
    let show = |value: &Value| match value {
        Value::Null => "(empty)".to_owned(),
        Value::String(text) if text.is_empty() => "(empty)".to_owned(),
        Value::Array(items) => format!("[{}]", count(items.len(), "value")),
        other => other.to_string(),
    };
    format!("{}: {} → {}", field.field, show(&field.old), show(&field.new))
}
