//! The background tasks: events, the log, and scheduled syncs.
//!
//! Events are processed while a sync reads; only sending is exclusive. Failed tasks are logged, reported, and retried
//! with growing pauses, without losing events.

use std::time::Duration;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::domain::alert::AlertKind;
use crate::domain::error::{EngineError, PortError, error_chain};
use crate::domain::finding::Finding;
use crate::domain::finding::fact::Fact;
use crate::domain::finding::remedy::Remedy;
use crate::domain::finding::subject::Service;
use crate::domain::inbox::Subject;
use crate::domain::report::{RunReport, RunState};
use crate::domain::run_kind::RunKind;
use crate::domain::task::Task;
use crate::domain::trail::Trail;
use crate::engine::Engine;
use crate::engine::stop::in_time;
use crate::ports::feed::EventFeed;
use crate::ports::view::MappingView;
use crate::tasks::options::TaskOptions;
use crate::tasks::task_health::TaskHealth;
use crate::tasks::waker::TaskWaker;

/// The number of pages with known events only that are read without a pause.
const MOST_KNOWN: u32 = 20;

/// The interval of deleting expired history.
const CLEANUP_INTERVAL: Duration = Duration::from_hours(1);

impl Engine {
    /// Runs the background tasks until interrupted, after recovering the work of an earlier process. Each stored event
    /// must wake `waker`.
    pub async fn run_tasks(&self, options: &TaskOptions, waker: &TaskWaker, stop: &CancellationToken) {
        let following = async {
            Box::pin(self.run_until_stopped(options, waker, stop)).await;
            Ok(())
        };
        // The caller requested the interruption.
        let _ = in_time(self.context.options.grace, stop, following).await;
    }

    async fn run_until_stopped(&self, options: &TaskOptions, waker: &TaskWaker, stop: &CancellationToken) {
        let mut health = TaskHealth::new(Task::Recovery);
        while !stop.is_cancelled() {
            let recovered = tokio::select! {
                () = stop.cancelled() => return,
                recovered = self.imports.recover() => recovered,
            };
            let recovered_fully = recovered.is_ok();
            health.record(self, recovered);
            if recovered_fully {
                break;
            }
            rest(health.pause(), stop).await;
        }
        // Records require the schemas; missing attributes in Assets may be added later.
        let mut schemas = TaskHealth::new(Task::SchemaCheck);
        while !stop.is_cancelled() {
            let compared = tokio::select! {
                () = stop.cancelled() => return,
                compared = self.schemas.refresh_schema() => compared,
            };
            let followed = match self.schemas.known_view() {
                Some(view) => self.check_scope(&view).await,
                None => Ok(()),
            };
            let is_known = self.schemas.known_view().is_some() && followed.is_ok();
            schemas.record(self, compared.map(drop).and(followed));
            if is_known {
                break;
            }
            rest(schemas.pause(), stop).await;
        }
        tokio::join!(
            self.run_events(options, waker, stop),
            self.run_event_feed(options, waker, stop),
            self.run_syncs(options, waker, stop),
            self.run_checks(options, schemas, stop),
            self.run_cleanup(options, stop),
        );
    }

    async fn run_events(&self, options: &TaskOptions, waker: &TaskWaker, stop: &CancellationToken) {
        let mut health = TaskHealth::new(Task::Events);
        while !stop.is_cancelled() {
            tokio::select! {
                () = stop.cancelled() => return,
                () = waker.events() => rest(options.debounce, stop).await,
                () = tokio::time::sleep(options.poll) => {}
            }
            rest(health.pause(), stop).await;
            match self.drain(stop).await {
                Err(EngineError::Interrupted) => return,
                result => health.record(self, result),
            }
        }
    }

    /// Processes due events, then unconfirmed records.
    async fn drain(&self, stop: &CancellationToken) -> Result<(), EngineError> {
        self.clock.watch().await?;
        while !self.clock.is_paused().await? {
            if let Some(report) = self.events.process(stop).await? {
                log_run("events applied", &report);
            } else if let Some(report) = self.imports.send_unconfirmed(stop).await? {
                log_run("resent records", &report);
                self.alert_on_rejected().await?;
            } else if self.imports.clear_stale_values(&self.schemas.active_view().await?, stop).await? == 0 {
                break;
            }
        }
        Ok(())
    }

    async fn alert_on_rejected(&self) -> Result<(), EngineError> {
        let records = self.context.store().event_queue_counts().await?.rejected_records;
        if records > 0 {
            let finding = Finding::error(Fact::RecordsRejected { records, error: None });
            self.context.alert(AlertKind::RecordsRejected, finding);
        }
        Ok(())
    }

    async fn run_event_feed(&self, options: &TaskOptions, waker: &TaskWaker, stop: &CancellationToken) {
        let Some(feed) = &self.context.ports.feed else { return };
        let mut health = TaskHealth::new(Task::EventFeed);
        while !stop.is_cancelled() {
            let read = tokio::select! {
                () = stop.cancelled() => return,
                read = self.read_feed(feed.as_ref(), options.hook, waker) => read,
            };
            health.record(self, read);
            rest(health.pause().max(options.feed_poll), stop).await;
        }
    }

    /// Reads the log to its end.
    async fn read_feed(
        &self,
        feed: &dyn EventFeed,
        has_hook: bool,
        waker: &TaskWaker,
    ) -> Result<(), EngineError> {
        let failed = |reason: &str| {
            let error = PortError::new(reason).transient(true);
            EngineError::EventFeed(error.with_remedy(Remedy::CheckGateway { service: Service::Okta }))
        };
        let (mut trail, mut restarted, mut known) = (Trail::default(), false, 0);
        loop {
            let polled = self.poll_feed(feed, has_hook).await?;
            if polled.restarted && std::mem::replace(&mut restarted, true) {
                return Err(failed("Okta rejected the System Log position repeatedly"));
            }
            if !polled.caught_up && trail.leads_back(&polled.checkpoint) {
                return Err(failed("the `next` links of the System Log form a loop"));
            }
            if polled.new > 0 {
                waker.wake_events();
            }
            // Pages with known events only are delayed like empty ones: their links may never end.
            known = if polled.new > 0 { 0 } else { known + 1 };
            if polled.caught_up || known > MOST_KNOWN {
                return Ok(());
            }
        }
    }

    async fn run_cleanup(&self, options: &TaskOptions, stop: &CancellationToken) {
        while !stop.is_cancelled() {
            if let Err(error) = self.delete_expired_history(options).await {
                tracing::warn!(error = %error_chain(&error), "could not delete expired history");
            }
            rest(CLEANUP_INTERVAL, stop).await;
        }
    }

    /// Deletes expired history by the directory's time: a clock that is ahead must not expire everything. While that
    /// time is unknown, nothing expires.
    async fn delete_expired_history(&self, options: &TaskOptions) -> Result<(), EngineError> {
        let view = self.schemas.known_view();
        let proven = self.context.directory_time(view.as_ref().map(|view| view.directory.as_ref())).await?;
        let Some(now) = proven.map(|time| time.min(self.context.now())) else { return Ok(()) };
        let before = now.checked_sub(options.retention).unwrap_or(Timestamp::MIN);
        Ok(self.context.store().delete_expired(before).await?)
    }

    /// Requests a full sync if the scope changed.
    async fn check_scope(&self, view: &MappingView) -> Result<(), EngineError> {
        let synchronised = self.context.store().last_run(RunKind::FullSync).await?.succeeded.is_some();
        if synchronised && self.context.store().scope_version().await? != view.rules.scope_version() {
            tracing::info!("scope changed; starting a full sync");
            self.context.store().enqueue(&Subject::EntireDirectory, self.context.now()).await?;
        }
        Ok(())
    }
}

/// Sleeps unless interrupted.
pub(crate) async fn rest(time: Duration, stop: &CancellationToken) {
    if !time.is_zero() {
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(time) => {}
        }
    }
}

pub(crate) fn log_run(what: &str, report: &RunReport) {
    if report.executions == 0 && report.state == RunState::Succeeded {
        tracing::debug!(requests = report.okta_requests, "{what}; no changes");
        return;
    }
    tracing::debug!(
        result = ?report.state,
        executions = report.executions,
        execution = report.execution.as_ref().map(tracing::field::display),
        requests = report.okta_requests,
        seconds = report.duration_seconds,
        records = ?report.records,
        findings = ?report.findings,
        "{what}"
    );
}
