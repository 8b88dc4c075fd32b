//! The background tasks of an engine.
//!
//! Events are processed while a sync reads; only sending is exclusive. Failed tasks are logged, reported, and retried
//! with growing pauses, without losing events.

use tokio_util::sync::CancellationToken;

use crate::domain::task::Task;
use crate::driver::task::TaskSpec;
use crate::engine::Engine;
use crate::engine::stop::in_time;
use crate::tasks::cleanup_task::{CLEANUP_INTERVAL, CleanupTask};
use crate::tasks::events_task::EventsTask;
use crate::tasks::feed_task::FeedTask;
use crate::tasks::hook_task::HookTask;
use crate::tasks::options::TaskOptions;
use crate::tasks::recovery_task::RecoveryTask;
use crate::tasks::schema_task::SchemaTask;
use crate::tasks::sync_task::SyncTask;
use crate::tasks::waker::TaskWaker;

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
        let recovery = TaskSpec::once(Task::Recovery);
        self.driver.run(recovery, &mut RecoveryTask { engine: self }, stop).await;
        let schemas_known = CancellationToken::new();
        let mut schemas = SchemaTask::new(self, schemas_known.clone());
        let check = TaskSpec::every(Task::SchemaCheck, options.schema_interval);
        let following = async {
            tokio::select! {
                () = stop.cancelled() => {}
                () = schemas_known.cancelled() => self.follow_events(options, waker, stop).await,
            }
        };
        let checking = self.driver.run(check.woken_by(&self.early_checks.schema), &mut schemas, stop);
        tokio::join!(checking, following);
    }

    /// Runs the tasks that require known schemas.
    async fn follow_events(&self, options: &TaskOptions, waker: &TaskWaker, stop: &CancellationToken) {
        let driver = &self.driver;
        let (mut events, mut syncs) = (EventsTask { engine: self }, SyncTask { engine: self, options });
        let mut cleanup = CleanupTask { engine: self, retention: options.retention };
        let apply = TaskSpec::every(Task::Events, options.poll).woken_by(&waker.events);
        let sync = TaskSpec::every(Task::Sync, options.poll).woken_by(&waker.syncs);
        let delete = TaskSpec::every(Task::HistoryCleanup, CLEANUP_INTERVAL);
        tokio::join!(
            driver.run(apply.debounced(options.debounce), &mut events, stop),
            driver.run(sync, &mut syncs, stop),
            driver.run(delete, &mut cleanup, stop),
            self.follow_feed(options, waker, stop),
            self.check_hook(options, stop),
        );
    }

    async fn follow_feed(&self, options: &TaskOptions, waker: &TaskWaker, stop: &CancellationToken) {
        let Some(feed) = self.context.ports.feed.as_deref() else { return };
        let mut task = FeedTask { engine: self, feed, has_hook: options.hook, waker };
        // Okta is never asked more often than configured.
        let read = TaskSpec::every(Task::EventFeed, options.feed_poll).retried_after(options.feed_poll);
        self.driver.run(read, &mut task, stop).await;
    }

    async fn check_hook(&self, options: &TaskOptions, stop: &CancellationToken) {
        if options.hook {
            let check = TaskSpec::every(Task::EventHookCheck, options.schema_interval);
            let check = check.woken_by(&self.early_checks.hook).without_retries();
            self.driver.run(check, &mut HookTask { engine: self }, stop).await;
        }
    }
}
