//! `okta-insight events`

use std::io::{ErrorKind, Write};
use std::ops::ControlFlow;
use std::process::ExitCode;

use clap::{Args as ClapArgs, Subcommand};
use sync_service::engine::{Event, EventFilter, EventState, Subject};
use sync_service::model::EventId;
use sync_service::wire::Events;
use sync_service::{
    ConnectionEvent, EventFollower, FollowedEvent, RemoteEventFollower, ReplayResult, error_chain, replay,
};

use super::remote::{Remote, remote};
use super::{Opened, open, stop_on_signal};
use crate::args::{Common, Output};
use crate::output::{Failure, Outcome, count, print_json, shown};

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
    /// Put events back: what they named is looked at again, by the daemon or by the next one that is started.
    Replay(ReplayArgs),
}

#[derive(Debug, ClapArgs)]
struct Show {
    #[command(flatten)]
    common: Common,
    /// Only events that were given up.
    #[arg(long, conflicts_with = "waiting")]
    dead: bool,
    /// Only events that wait.
    #[arg(long)]
    waiting: bool,
    /// Only events with this in their id, their type, or the id of an object that they named.
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// At most so many of each connection.
    #[arg(long, default_value_t = 20, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
    /// Show events as they come in and as they are applied or given up, until Ctrl-C. With `--output json`, one document
    /// on each line.
    #[arg(long, conflicts_with_all = ["dead", "waiting", "search", "limit"])]
    follow: bool,
}

#[derive(Debug, ClapArgs)]
struct ReplayArgs {
    #[command(flatten)]
    common: Common,
    /// The ids of the events.
    #[arg(value_name = "ID", required_unless_present = "dead")]
    ids: Vec<String>,
    /// All events that were given up.
    #[arg(long, conflicts_with = "ids")]
    dead: bool,
}

impl Args {
    /// The connection whose events are put back, and the choice of them; `None` where none are.
    pub(crate) fn replayed(&self) -> Option<(&Common, serde_json::Value)> {
        let Some(Action::Replay(args)) = &self.action else { return None };
        Some((&args.common, serde_json::json!({ "ids": args.ids, "dead": args.dead })))
    }
}

pub(crate) async fn run(args: &Args, output: Output) -> Outcome {
    match &args.action {
        Some(Action::Replay(args)) => put_back(args, output).await,
        None if args.show.follow => follow(&args.show.common, output).await,
        None => show(&args.show, output).await,
    }
}

async fn show(args: &Show, output: Output) -> Outcome {
    let state = match (args.dead, args.waiting) {
        (true, _) => Some(EventState::Failed),
        (_, true) => Some(EventState::Pending),
        _ => None,
    };
    let filter = EventFilter { state, search: args.search.clone(), limit: args.limit };
    let shown = find(&args.common, &filter).await?;
    match output {
        Output::Json => print_json(&serde_json::json!({ "connections": shown }))?,
        Output::Text => shown.iter().for_each(print),
    }
    Ok(ExitCode::SUCCESS)
}

async fn find(common: &Common, filter: &EventFilter) -> Result<Vec<Events>, Failure> {
    let mut found = Vec::new();
    if let Some(Remote { client, names }) = remote(common).await? {
        for name in &names {
            found.push(client.events(name, filter).await?);
        }
        return Ok(found);
    }
    let opened = open(common).await?;
    for connection in &opened.connections {
        let events = connection.events(filter).await?;
        found.push(Events { connection: connection.name().clone(), events });
    }
    opened.store.close().await;
    Ok(found)
}

async fn put_back(args: &ReplayArgs, output: Output) -> Outcome {
    let ids: Option<Vec<EventId>> =
        if args.dead { None } else { Some(args.ids.iter().map(EventId::new).collect()) };
    let replayed = if let Some(remote) = remote(&args.common).await? {
        put_back_there(&remote, ids).await?
    } else {
        let opened = open(&args.common).await?.in_turn().await?;
        let replayed = replay(&opened.connections, ids.as_deref(), &opened.config.store).await;
        opened.store.close().await;
        replayed?
    };
    match output {
        Output::Json => print_json(&serde_json::json!({ "connections": replayed }))?,
        Output::Text => replayed.iter().for_each(print_replayed),
    }
    Ok(ExitCode::SUCCESS)
}

async fn put_back_there(remote: &Remote, ids: Option<Vec<EventId>>) -> Result<Vec<ReplayResult>, Failure> {
    let Remote { client, names } = remote;
    if ids.is_some() && names.len() > 1 {
        // Either all are put back or none is, which several calls cannot promise.
        return Err(Failure {
            hint: Some("name it with --connection".into()),
            code: 2,
            ..Failure::new("the daemon has several connections, and events are put back for one")
        });
    }
    let mut replayed = Vec::new();
    for name in names {
        replayed.push(client.replay(name, ids.clone()).await?);
    }
    Ok(replayed)
}

fn print_replayed(replayed: &ReplayResult) {
    println!("Connection {}", replayed.connection);
    println!("  {} put back", count(replayed.replayed, "event"));
    if replayed.skipped > 0 {
        println!(
            "  {} left: there is nothing in Assets that they are about",
            count(replayed.skipped, "event")
        );
    }
    if replayed.replayed > 0 && !replayed.daemon_running {
        println!("  No daemon works on this connection: they wait until `okta-insightd` is started.");
        println!("  `okta-insight sync` reads everything, whatever waits.");
    }
}

async fn follow(common: &Common, output: Output) -> Outcome {
    if let Some(remote) = remote(common).await? {
        return follow_there(&remote, output).await;
    }
    let Opened { store, connections, .. } = open(common).await?;
    let stop = stop_on_signal();
    let tail = EventFollower::begin(&connections).await?;
    eprintln!("{FOLLOWING}");
    let mut teller = Teller { output, failure: None };
    let followed = tail.follow(&stop, |event| teller.tell(&event)).await;
    store.close().await;
    followed?;
    teller.end()
}

/// Follows the daemon elsewhere, also after a time when it could not be reached.
async fn follow_there(remote: &Remote, output: Output) -> Outcome {
    if remote.names.is_empty() {
        return Err(Failure {
            hint: Some("add one in its console".into()),
            code: 2,
            ..Failure::new("the daemon has no connection")
        });
    }
    let tail = RemoteEventFollower::begin(&remote.client, &remote.names).await?;
    let stop = stop_on_signal();
    eprintln!("{FOLLOWING}");
    let mut teller = Teller { output, failure: None };
    let followed = tail.follow(&stop, |told| match told {
        FollowedEvent::Event(event) => teller.tell(&event),
        FollowedEvent::Interrupted(error) => {
            eprintln!("{}; it is tried again.", error_chain(&error));
            ControlFlow::Continue(())
        }
        FollowedEvent::Resumed => {
            eprintln!("Following again; nothing was missed.");
            ControlFlow::Continue(())
        }
    });
    followed.await?;
    teller.end()
}

/// Said once events are followed.
const FOLLOWING: &str = "Following events; Ctrl-C ends it.";

/// Prints events as they come.
struct Teller {
    output: Output,
    failure: Option<std::io::Error>,
}

impl Teller {
    fn tell(&mut self, event: &ConnectionEvent) -> ControlFlow<()> {
        match tell(event, self.output) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                // Whoever closed the pipe has seen enough.
                self.failure = Some(error).filter(|error| error.kind() != ErrorKind::BrokenPipe);
                ControlFlow::Break(())
            }
        }
    }

    fn end(self) -> Outcome {
        self.failure.map_or(Ok(ExitCode::SUCCESS), |error| Err(error.into()))
    }
}

fn tell(told: &ConnectionEvent, output: Output) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    match output {
        Output::Json => writeln!(out, "{}", serde_json::to_string(told)?)?,
        Output::Text => {
            let ConnectionEvent { connection, event } = told;
            let state = become_of(event.state);
            writeln!(out, "{}", shown(&format!("{state:<8} {connection}  {}", event.event_type)))?;
            writeln!(out, "         {}", shown(event.id.as_str()))?;
            for line in details(event) {
                writeln!(out, "         {}", shown(&line))?;
            }
        }
    }
    out.flush()
}

/// What has become of an event.
const fn become_of(state: EventState) -> &'static str {
    match state {
        EventState::Pending => "waiting",
        EventState::Failed => "given up",
        EventState::Done => "applied",
    }
}

fn print(shown: &Events) {
    println!("Connection {}", shown.connection);
    if shown.events.is_empty() {
        println!("  No event that this asks for is remembered.");
    }
    for event in &shown.events {
        println!("  {:<8} {:.0}  {}", event.state.as_str(), event.published_at, event.event_type);
        println!("           {}", event.id);
        for line in details(event) {
            println!("           {line}");
        }
    }
}

/// What an event is about, and what became of that.
fn details(event: &Event) -> Vec<String> {
    let mut lines = Vec::new();
    if event.state == EventState::Pending {
        for waits in &event.pending_work {
            lines.push(subject(&waits.subject));
            let when = if waits.claimed {
                "being looked at".to_owned()
            } else {
                format!("due {:.0}", waits.next_attempt_at)
            };
            let tried =
                if waits.attempts > 0 { format!(", tried {}×", waits.attempts) } else { String::new() };
            lines.push(format!("  {when}{tried}"));
        }
    } else {
        lines.extend(event.subjects.iter().map(subject));
    }
    if let Some(reason) = &event.reason {
        lines.push(format!("given up: {reason}"));
    }
    lines
}

fn subject(subject: &Subject) -> String {
    match subject {
        Subject::User(id) => format!("user {id}"),
        Subject::Group(id) => format!("group {id}"),
        Subject::GroupMembers(group) => format!("members of group {group}"),
        Subject::Membership { group, user } => format!("user {user} in group {group}"),
        Subject::RecentChanges => "what changed lately".to_owned(),
        Subject::EntireDirectory => "everything".to_owned(),
        Subject::Schema => "the schemas".to_owned(),
    }
}
