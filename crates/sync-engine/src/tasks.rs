//! Following the directory: events as they come, the log, and passes when they are due.
//!
//! Events go on while a pass reads; only sending is one at a time. Failures are logged, told, and tried again with
//! growing pauses; nothing is lost by them.

use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::stop::in_time;
use crate::task_health::Trouble;
use crate::trail::Trail;
use crate::{
    AlertKind, EngineError, EventFeed, Fact, Finding, MappingView, PortError, Remedy, RunKind, RunReport,
    RunState, Schedule, Service, Subject, Task, engine::Engine, error_chain,
};

/// How the engine follows.
#[derive(Debug, Clone)]
pub struct TaskOptions {
    /// How long to wait after the first event for others that belong to the same change.
    pub debounce: Duration,
    /// How often to look for work that nobody announces: looks that were put off, requests of other processes.
    pub poll: Duration,
    /// How often to ask the log for more, once it was read to its end.
    pub feed_poll: Duration,
    /// How often to compare the schemas, and to look at the event hook.
    pub schema_interval: Duration,
    /// Whether there is to be an event hook.
    pub hook: bool,
    /// When to read everything.
    pub full: Schedule,
    /// When to read what changed lately.
    pub delta: Schedule,
    /// Up to so much later, so that many connections do not begin at once.
    pub jitter: Duration,
    /// How long to remember what is done.
    pub retention: Duration,
}

impl Default for TaskOptions {
    fn default() -> Self {
        Self {
            debounce: Duration::from_millis(30),
            poll: Duration::from_millis(500),
            feed_poll: Duration::from_secs(5),
            schema_interval: Duration::from_mins(15),
            hook: false,
            full: Schedule::Every(Duration::from_hours(24)),
            delta: Schedule::Every(Duration::from_mins(30)),
            jitter: Duration::ZERO,
            retention: Duration::from_hours(24 * 14),
        }
    }
}

/// How many pages of events that are all known are read without a pause.
const MOST_KNOWN: u32 = 20;
/// How often what is long done is forgotten.
const HOUSEKEEPING: Duration = Duration::from_hours(1);
impl Engine {
    /// Follows the directory until told to stop, after looking after what an earlier process left behind. `wake` is
    /// notified by whoever stores events.
    pub async fn run_tasks(&self, options: &TaskOptions, wake: &Notify, stop: &CancellationToken) {
        let following = async {
            Box::pin(self.follow_on(options, wake, stop)).await;
            Ok(())
        };
        // That it was stopped is what the caller asked for.
        let _ = in_time(self.options.grace, stop, following).await;
    }

    async fn follow_on(&self, options: &TaskOptions, wake: &Notify, stop: &CancellationToken) {
        let mut trouble = Trouble::new(Task::Recovery);
        while !stop.is_cancelled() {
            let recovered = tokio::select! {
                () = stop.cancelled() => return,
                recovered = self.recover() => recovered,
            };
            let is_settled = recovered.is_ok();
            trouble.book(self, recovered);
            if is_settled {
                break;
            }
            rest(trouble.pause(), stop).await;
        }
        // Records cannot be made before the schemas are known; what Assets lacks may be added later.
        let mut schemas = Trouble::new(Task::SchemaCheck);
        while !stop.is_cancelled() {
            let compared = tokio::select! {
                () = stop.cancelled() => return,
                compared = self.refresh_schema() => compared,
            };
            let followed = match self.known_view() {
                Some(view) => self.follow_selection(&view).await,
                None => Ok(()),
            };
            let is_known = self.known_view().is_some() && followed.is_ok();
            schemas.book(self, compared.map(drop).and(followed));
            if is_known {
                break;
            }
            rest(schemas.pause(), stop).await;
        }
        tokio::join!(
            self.follow_events(options, wake, stop),
            self.follow_feed(options, wake, stop),
            self.follow_passes(options, stop),
            self.follow_upkeep(options, schemas, stop),
            self.keep_house(options, stop),
        );
    }

    async fn follow_events(&self, options: &TaskOptions, wake: &Notify, stop: &CancellationToken) {
        let mut trouble = Trouble::new(Task::Events);
        while !stop.is_cancelled() {
            tokio::select! {
                () = stop.cancelled() => return,
                () = wake.notified() => rest(options.debounce, stop).await,
                () = tokio::time::sleep(options.poll) => {}
            }
            rest(trouble.pause(), stop).await;
            match self.drain(stop).await {
                Err(EngineError::Interrupted) => return,
                result => trouble.book(self, result),
            }
        }
    }

    /// Handles events until nothing is due, then what Assets did not account for.
    async fn drain(&self, stop: &CancellationToken) -> Result<(), EngineError> {
        self.watch_clock().await?;
        while !self.is_paused().await? {
            if let Some(report) = self.process_events(stop).await? {
                tell("events applied", &report);
            } else if let Some(report) = self.send_unconfirmed(stop).await? {
                tell("records sent again", &report);
                self.warn_of_refused().await?;
            } else if self.clear_kept(&self.view_in_force().await?, stop).await? == 0 {
                break;
            }
        }
        Ok(())
    }

    async fn warn_of_refused(&self) -> Result<(), EngineError> {
        let records = self.ports.store.event_queue_counts().await?.rejected_records;
        if records > 0 {
            let finding = Finding::error(Fact::RecordsRejected { records, error: None });
            self.alert(AlertKind::RecordsRejected, finding);
        }
        Ok(())
    }

    async fn follow_feed(&self, options: &TaskOptions, wake: &Notify, stop: &CancellationToken) {
        let Some(feed) = &self.ports.feed else { return };
        let mut trouble = Trouble::new(Task::EventFeed);
        while !stop.is_cancelled() {
            let read = tokio::select! {
                () = stop.cancelled() => return,
                read = self.read_feed(feed.as_ref(), wake) => read,
            };
            trouble.book(self, read);
            rest(trouble.pause().max(options.feed_poll), stop).await;
        }
    }

    /// Reads the log to its end.
    async fn read_feed(&self, feed: &dyn EventFeed, wake: &Notify) -> Result<(), EngineError> {
        let failed = |reason: &str| {
            let error = PortError::new(reason).transient(true);
            EngineError::EventFeed(error.with_remedy(Remedy::CheckGateway { service: Service::Okta }))
        };
        let (mut trail, mut began_again, mut known) = (Trail::default(), false, 0);
        loop {
            let polled = self.poll_feed(feed).await?;
            if polled.began_again && std::mem::replace(&mut began_again, true) {
                return Err(failed("the place in the log is refused again and again"));
            }
            if !polled.caught_up && trail.leads_back(&polled.checkpoint) {
                return Err(failed("the pages of the log lead in a circle"));
            }
            if polled.new > 0 {
                wake.notify_one();
            }
            // Pages of events that are all known are waited for like empty ones: their links may have no end.
            known = if polled.new > 0 { 0 } else { known + 1 };
            if polled.caught_up || known > MOST_KNOWN {
                return Ok(());
            }
        }
    }

    /// Looks once in a while whether the schemas and the event hook are as they should be.
    async fn follow_upkeep(&self, options: &TaskOptions, mut schemas: Trouble, stop: &CancellationToken) {
        let mut hook = Trouble::new(Task::EventHookCheck);
        while !stop.is_cancelled() {
            let soon = if schemas.is_open() { schemas.pause() } else { options.schema_interval };
            rest(soon.min(options.schema_interval), stop).await;
            if stop.is_cancelled() || self.is_paused().await.unwrap_or(true) {
                continue;
            }
            let refreshed = tokio::select! {
                () = stop.cancelled() => return,
                refreshed = self.refresh_schema() => refreshed.map(drop),
            };
            schemas.book(self, refreshed);
            // Before everything was loaded once there need not be a hook.
            let loaded =
                self.ports.store.last_run(RunKind::FullSync).await.is_ok_and(|run| run.succeeded.is_some());
            if options.hook && loaded {
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = self.look_at_hook(&mut hook) => {}
                }
            }
        }
    }

    /// An event hook that doesn't work delivers no event that says so.
    async fn look_at_hook(&self, trouble: &mut Trouble) {
        match self.ports.event_hook.inspect().await {
            Ok(report) => match report.findings.first() {
                None => trouble.works(self),
                Some(finding) => {
                    tracing::error!(findings = ?report.findings, "the event hook isn't ready");
                    trouble.fails(self, Task::EventHookCheck.kind(), finding.clone(), true);
                }
            },
            // The checks report a missing permission.
            Err(error) => {
                tracing::debug!(error = %error_chain(&error), "could not read the event hook");
            }
        }
    }

    async fn keep_house(&self, options: &TaskOptions, stop: &CancellationToken) {
        while !stop.is_cancelled() {
            if let Err(error) = self.forget_old(options).await {
                tracing::warn!(error = %error_chain(&error), "what is long done could not be forgotten");
            }
            rest(HOUSEKEEPING, stop).await;
        }
    }

    /// Forgets what is long done by the directory's time: a clock that is ahead must not make everything old. Before
    /// that time is known nothing is old.
    async fn forget_old(&self, options: &TaskOptions) -> Result<(), EngineError> {
        let view = self.known_view();
        let proven = self.directory_time(view.as_ref().map(|view| view.directory.as_ref())).await?;
        let Some(now) = proven.map(|time| time.min(self.now())) else { return Ok(()) };
        let before = now.checked_sub(options.retention).unwrap_or(Timestamp::MIN);
        Ok(self.ports.store.delete_expired(before).await?)
    }

    /// Has everything read when the operator has come to choose other users or groups than before.
    async fn follow_selection(&self, view: &MappingView) -> Result<(), EngineError> {
        let synchronised = self.ports.store.last_run(RunKind::FullSync).await?.succeeded.is_some();
        if synchronised && self.ports.store.scope_version().await? != view.directory.selection() {
            tracing::info!("other users or groups are chosen than before; everything is read");
            self.ports.store.enqueue(&Subject::EntireDirectory, self.now()).await?;
        }
        Ok(())
    }
}

/// Waits, unless told to stop.
pub(crate) async fn rest(time: Duration, stop: &CancellationToken) {
    if !time.is_zero() {
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(time) => {}
        }
    }
}

pub(crate) fn tell(what: &str, report: &RunReport) {
    if report.executions == 0 && report.state == RunState::Succeeded {
        tracing::debug!(requests = report.okta_requests, "{what}; nothing had changed");
        return;
    }
    tracing::debug!(
        result = ?report.state,
        executions = report.executions,
        execution = report.execution.as_ref().map(tracing::field::display),
        requests = report.okta_requests,
        seconds = report.duration_seconds,
        records = ?report.records,
        messages = ?report.messages,
        "{what}"
    );
}
