//! `okta-insight plan`

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde_json::Value;
use sync_service::engine::{
    ChangeKind, EngineError, FieldChange, ObjectChange, ProgressSink, Subject, SyncPlan,
};
use sync_service::model::RecordKey;
use sync_service::{Connection, PlanView, error_chain};
use tokio_util::sync::CancellationToken;

use super::remote::{Remote, only_here, remote};
use super::{Opened, open, open_saved, status, stop_on_signal, sync};
use crate::args::{Common, Output};
use crate::output::{FOUND, Failure, Outcome, count, print_json, table};
use crate::progress::Bars;

/// How many objects are taken from the store at once.
const PAGE: u32 = 500;

/// What `okta-insight plan` takes.
#[derive(Debug, Args)]
pub(crate) struct Plan {
    #[command(flatten)]
    common: Common,
    /// How many objects to show one by one.
    #[arg(long, default_value_t = 20)]
    limit: u32,
    /// Read an export instead of Okta, which is not asked for anything.
    #[arg(long, value_name = "DIR")]
    from: Option<PathBuf>,
    /// Save the whole plan, with every object, as JSON.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(crate) async fn run(args: &Plan, output: Output) -> Outcome {
    if args.from.is_some() {
        only_here(&args.common, "plan --from")?;
    }
    if args.out.is_some() {
        only_here(&args.common, "plan --out")?;
    }
    if let Some(remote) = remote(&args.common).await? {
        return show_there(&remote, args.limit, output).await;
    }
    let opened = match &args.from {
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

/// Makes and shows the plan of every connection, of everything or of some objects.
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
        let plan = make(connection, subjects, &bars, &stop).await?;
        let engine = connection.engine();
        let objects = engine.changes(&plan, None, limit).await?;
        let mut shown = PlanView::of(connection, plan.clone(), &limits).with_outstanding(connection).await?;
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
    told(&planned, output)
}

/// Has a daemon elsewhere make the plans. It tells so many of the objects, and never more.
async fn show_there(remote: &Remote, limit: u32, output: Output) -> Outcome {
    let stop = stop_on_signal();
    let mut planned = Vec::new();
    for name in &remote.names {
        let mut shown = remote.client.plan(name, &stop).await?;
        if let Some(objects) = &mut shown.objects {
            objects.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        }
        planned.push(shown);
    }
    told(&planned, output)
}

fn told(planned: &[PlanView], output: Output) -> Outcome {
    let changes: u64 = planned.iter().map(|p| p.plan.changes()).sum();
    match output {
        Output::Json => print_json(&serde_json::json!({ "changes": changes, "connections": planned }))?,
        Output::Text => planned.iter().for_each(print),
    }
    Ok(if planned.iter().all(PlanView::is_empty) { ExitCode::SUCCESS } else { ExitCode::from(FOUND) })
}

async fn make(
    connection: &Connection,
    subjects: Option<&[Subject]>,
    progress: &dyn ProgressSink,
    stop: &CancellationToken,
) -> Result<SyncPlan, EngineError> {
    let engine = connection.engine();
    match subjects {
        None => engine.plan(progress, stop).await,
        Some(subjects) => engine.plan_some(subjects, progress, stop).await,
    }
}

/// A plan on its way to a file, object by object.
pub(crate) struct PlanFile {
    path: PathBuf,
    file: BufWriter<File>,
    plans: u64,
    objects: u64,
}

impl PlanFile {
    fn create(path: &Path) -> Result<Self, Failure> {
        let failed =
            |error| Failure::new(format!("{} could not be written: {}", path.display(), error_chain(&error)));
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
        self.file.write_all(text.as_bytes()).map_err(|error| {
            Failure::new(format!("{} could not be written: {}", self.path.display(), error_chain(&error)))
        })
    }

    /// A plan without its objects, which follow.
    fn begin(&mut self, planned: &PlanView) -> Result<(), Failure> {
        let text = serde_json::to_string(planned).map_err(|e| Failure::new(e.to_string()))?;
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
            let text = serde_json::to_string(object).map_err(|e| Failure::new(e.to_string()))?;
            let between = if self.objects == 0 { "\n" } else { ",\n" };
            self.objects += 1;
            self.write(&format!("{between}{text}"))?;
        }
        Ok(())
    }

    fn end(mut self) -> Result<(), Failure> {
        self.write(if self.plans == 0 { "]}\n" } else { "\n]}\n]}\n" })?;
        self.file.flush().map_err(|error| {
            Failure::new(format!("{} could not be written: {}", self.path.display(), error_chain(&error)))
        })
    }
}

fn print(planned: &PlanView) {
    println!("Connection {}", planned.connection);
    if let Some(structure) = &planned.plan.schema {
        structure.added_types.iter().for_each(|name| println!("  + object type {name}"));
        if structure.added_types.is_empty() {
            structure.added_attributes.iter().for_each(|name| println!("  + attribute {name}"));
        } else {
            println!("  + {}", count(structure.added_attributes.len() as u64, "attribute"));
        }
        structure.notes.iter().for_each(|note| println!("  i {note}"));
        structure.drift.iter().for_each(|drift| println!("  ! {drift}"));
    }
    let mut rows = table(["kind", "known", "read", "create", "update", "mark as gone"]);
    for (kind, plan) in &planned.plan.kinds {
        let numbers = [plan.current, plan.read, plan.create, plan.update, plan.retire].map(|n| n.to_string());
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
        println!("  and {}; --limit shows more, --out saves all", count(hidden, "more object"));
    }
    let losses = &planned.plan.removals;
    if losses.memberships.removed > 0 {
        println!("  {} of {} memberships would end", losses.memberships.removed, losses.memberships.total);
    }
    for lost in &losses.cleared_values {
        println!("  {} of {} {}s would lose their {}", lost.cleared, lost.total, lost.kind, lost.field);
    }
    for violation in &planned.violations {
        println!("  ! {}", violation.message);
        violation.remedy.iter().for_each(|remedy| println!("    → {remedy}"));
    }
    planned.plan.problems.iter().for_each(|problem| println!("  ! {problem}"));
    if !planned.outstanding.is_empty() {
        println!("  {}", sync::undone(&planned.outstanding));
    }
    status::print_unconfirmed(&planned.unconfirmed, planned.outstanding.unconfirmed);
    if planned.is_empty() {
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
