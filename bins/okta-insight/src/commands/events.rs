//! `okta-insight events`

use std::collections::BTreeSet;
use std::io::{ErrorKind, Write};
use std::ops::ControlFlow;
use std::process::ExitCode;

use admin_api::wire::Events;
use admin_api::{ConnectionEvent, FollowedEvent, RemoteEventFollower, ReplayResult};
use clap::{Args as ClapArgs, Subcommand, ValueEnum};
use sync_daemon::{EventFollower, ServiceError};
use sync_engine::{Event, EventFilter, EventState, error_chain};
use sync_model::EventId;

use super::audit_entry::Audit;
use super::backend::{Road, Roads, There, roads, roads_to_change};
use super::{Opened, open, stop_on_signal};
use crate::args::values::{limit, search};
use crate::args::{Common, Output};
use crate::failure::{ErrorCode, Failure};
use crate::output::{Outcome, print_json, shown};
use crate::words::commands::{DAEMON, SYNC};
use crate::words::findings::finding;
use crate::words::labels::{attempts, event_state, subject};
use crate::words::units::count;

#[derive(Debug, ClapArgs)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Option<Action>,
    #[command(flatten)]
    show: Show,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Process events again
    Replay(ReplayArgs),
}

#[derive(Debug, ClapArgs)]
struct Show {
    #[command(flatten)]
    common: Common,
    /// Show only events in this state
    #[arg(long, value_enum)]
    state: Option<State>,
    /// Show only events whose ID, type, or object ID contains this text
    #[arg(long, value_name = "TEXT", value_parser = search)]
    search: Option<String>,
    /// Maximum number of events per connection
    #[arg(long, default_value_t = 20, value_name = "N", value_parser = limit, allow_negative_numbers = true)]
    limit: u32,
    /// Show events when they are received, applied, or failed, until Ctrl-C. With `--output json`, print one document per
    /// line
    #[arg(long, conflicts_with_all = ["state", "search", "limit"])]
    follow: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum State {
    /// Stored, with work to do
    Pending,
    /// A worker processes its work
    InProgress,
    /// Assets confirmed the result
    Applied,
    /// Out of attempts; kept until it is replayed
    Failed,
    /// Blocked by a safeguard until an override, or until the change is within the limit
    Blocked,
    /// Affects no synced object
    Ignored,
}

impl From<State> for EventState {
    fn from(state: State) -> Self {
        match state {
            State::Pending => Self::Pending,
            State::InProgress => Self::InProgress,
            State::Applied => Self::Applied,
            State::Failed => Self::Failed,
            State::Blocked => Self::Blocked,
            State::Ignored => Self::Ignored,
        }
    }
}

#[derive(Debug, ClapArgs)]
#[command(group(clap::ArgGroup::new("target").required(true).args(["ids", "all_failed"])))]
struct ReplayArgs {
    #[command(flatten)]
    common: Common,
    /// IDs of events
    #[arg(value_name = "EVENT_ID")]
    ids: Vec<String>,
    /// Replay all failed events
    #[arg(long)]
    all_failed: bool,
}

impl Args {
    /// The connection whose events are replayed, and the selected events; `None` if none are replayed.
    pub(crate) fn replayed(&self) -> Option<(&Common, serde_json::Value)> {
        let Some(Action::Replay(args)) = &self.action else { return None };
        Some((&args.common, serde_json::json!({ "ids": args.ids, "all_failed": args.all_failed })))
    }
}

pub(crate) async fn run(args: &Args, audit: &mut Audit<'_>, output: Output) -> Outcome {
    match &args.action {
        Some(Action::Replay(args)) => replay_events(args, audit, output).await,
        None if args.show.follow => follow(&args.show.common, output).await,
        None => show(&args.show, output).await,
    }
}

async fn show(args: &Show, output: Output) -> Outcome {
    let state = args.state.map(EventState::from);
    let filter = EventFilter { state, search: args.search.clone(), limit: args.limit };
    let shown = find(&args.common, &filter).await?;
    match output {
        Output::Json => print_json(&serde_json::json!({ "connections": shown }))?,
        Output::Text => shown.iter().for_each(print),
    }
    Ok(ExitCode::SUCCESS)
}

async fn find(common: &Common, filter: &EventFilter) -> Result<Vec<Events>, Failure> {
    let roads = roads(common).await?;
    let mut found = Vec::new();
    for backend in roads.backends() {
        found.push(backend.events(filter).await?);
    }
    roads.close().await;
    Ok(found)
}

async fn replay_events(args: &ReplayArgs, audit: &mut Audit<'_>, output: Output) -> Outcome {
    let ids: Option<Vec<EventId>> =
        if args.all_failed { None } else { Some(args.ids.iter().map(EventId::new).collect()) };
    let roads = roads_to_change(&args.common, audit).await?;
    let shares = shares(&roads, ids).await?;
    let mut replayed = Vec::new();
    for (backend, ids) in roads.backends().zip(shares) {
        replayed.push(backend.replay(ids.as_deref()).await?);
    }
    roads.close().await;
    match output {
        Output::Json => print_json(&serde_json::json!({ "connections": replayed }))?,
        Output::Text => replayed.iter().for_each(print_replayed),
    }
    Ok(ExitCode::SUCCESS)
}

/// The events to replay by connection. If one is unknown, none is replayed.
async fn shares(roads: &Roads, ids: Option<Vec<EventId>>) -> Result<Vec<Option<Vec<EventId>>>, Failure> {
    let ids = match ids {
        Some(ids) if roads.all.len() > 1 => ids,
        ids => return Ok(vec![ids; roads.all.len()]),
    };
    let mut shares = Vec::new();
    for backend in roads.backends() {
        shares.push(Some(backend.known_events(&ids).await?));
    }
    let known: BTreeSet<&EventId> = shares.iter().flatten().flatten().collect();
    let unknown: BTreeSet<&EventId> = ids.iter().filter(|id| !known.contains(id)).collect();
    if unknown.is_empty() {
        return Ok(shares);
    }
    Err(ServiceError::UnknownEvents(unknown.into_iter().cloned().collect()).into())
}

fn print_replayed(replayed: &ReplayResult) {
    println!("Connection {}", replayed.connection);
    println!("  {} replayed", count(replayed.replayed, "event"));
    if replayed.skipped > 0 {
        println!("  {} skipped: no synced objects", count(replayed.skipped, "event"));
    }
    if replayed.replayed > 0 && !replayed.daemon_running {
        println!("  The daemon is not running. To process the events, start `{DAEMON}` or run `{SYNC}`.");
    }
}

/// Follows events by the daemon if one runs every connection, and through the store otherwise.
async fn follow(common: &Common, output: Output) -> Outcome {
    let roads = roads(common).await?;
    let there: Option<Vec<&There>> = roads
        .all
        .iter()
        .map(|road| match road {
            Road::There(there) => Some(there.as_ref()),
            Road::Here(_) => None,
        })
        .collect();
    if let Some(there) = there {
        let followed = follow_there(&there, output).await;
        roads.close().await;
        return followed;
    }
    roads.close().await;
    follow_here(common, output).await
}

async fn follow_here(common: &Common, output: Output) -> Outcome {
    let Opened { store, connections, .. } = open(common).await?;
    let stop = stop_on_signal();
    let tail = EventFollower::begin(&connections).await?;
    eprintln!("{FOLLOWING}");
    let mut printer = Printer { output, failure: None };
    let followed = tail.follow(&stop, |event| printer.print(&event)).await;
    store.close().await;
    followed?;
    printer.end()
}

/// Follows the events of a daemon, also after a time when it was unreachable.
async fn follow_there(there: &[&There], output: Output) -> Outcome {
    if there.is_empty() {
        return Err(Failure::usage("the remote daemon has no connections")
            .with_code(ErrorCode::NoConnection)
            .with_hint("add a connection in its console"));
    }
    let tail = RemoteEventFollower::begin(there.iter().map(|there| (&there.client, &there.name))).await?;
    let stop = stop_on_signal();
    eprintln!("{FOLLOWING}");
    let mut printer = Printer { output, failure: None };
    let followed = tail.follow(&stop, |followed| match followed {
        FollowedEvent::Event(event) => printer.print(&event),
        FollowedEvent::Interrupted(error) => {
            eprintln!("{}; will retry", error_chain(&error));
            ControlFlow::Continue(())
        }
        FollowedEvent::Resumed => {
            eprintln!("Reconnected; no events were missed.");
            ControlFlow::Continue(())
        }
    });
    followed.await?;
    printer.end()
}

/// Printed once events are followed.
const FOLLOWING: &str = "Following events. Press Ctrl-C to stop.";

/// Prints events as they arrive.
struct Printer {
    output: Output,
    failure: Option<std::io::Error>,
}

impl Printer {
    fn print(&mut self, event: &ConnectionEvent) -> ControlFlow<()> {
        match print_followed(event, self.output) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                // A closed pipe ends the command without an error.
                self.failure = Some(error).filter(|error| error.kind() != ErrorKind::BrokenPipe);
                ControlFlow::Break(())
            }
        }
    }

    fn end(self) -> Outcome {
        self.failure.map_or(Ok(ExitCode::SUCCESS), |error| Err(error.into()))
    }
}

fn print_followed(followed: &ConnectionEvent, output: Output) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    match output {
        Output::Json => writeln!(out, "{}", serde_json::to_string(followed)?)?,
        Output::Text => {
            let ConnectionEvent { connection, event } = followed;
            let state = event_state(event.state);
            writeln!(out, "{}", shown(&format!("{state:<11}  {connection}  {}", event.event_type)))?;
            writeln!(out, "             {}", shown(event.id.as_str()))?;
            for line in details(event) {
                writeln!(out, "             {}", shown(&line))?;
            }
        }
    }
    out.flush()
}

fn print(shown: &Events) {
    println!("Connection {}", shown.connection);
    if shown.events.is_empty() {
        println!("  No matching events.");
    }
    for event in &shown.events {
        println!("  {:<11}  {:.0}  {}", event_state(event.state), event.published_at, event.event_type);
        println!("               {}", event.id);
        for line in details(event) {
            println!("               {line}");
        }
    }
}

/// The subjects of an event, its pending work, and the reason of its failure.
fn details(event: &Event) -> Vec<String> {
    let mut lines = Vec::new();
    if event.pending_work.is_empty() {
        lines.extend(event.subjects.iter().map(subject));
    }
    for work in &event.pending_work {
        lines.push(subject(&work.subject));
        let next = if work.claimed {
            "in progress".to_owned()
        } else {
            format!("next attempt {:.0}", work.next_attempt_at)
        };
        lines.push(format!("  {}, {next}", attempts(work.attempts)));
    }
    lines.extend(event.failure.as_ref().map(finding));
    lines
}
