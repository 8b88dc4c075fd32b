//! Measurements of a running connection.

use std::sync::atomic::Ordering;
use std::time::Duration;

use diagnostics::store_evidence;
use jiff::Timestamp;
use sync_config::EventSource;
use sync_engine::{Fact, Finding, Process, StoreEvidence};

use crate::alerts::LeaderReport;
use crate::connection::Connection;
use crate::health_inputs::HealthInputs;
use crate::room;

/// The time after which the store counts as unreadable.
const PATIENCE: Duration = Duration::from_secs(5);

impl Connection {
    /// Measures the connection. A store that can't be read is part of the result.
    pub(crate) async fn inputs(&self) -> HealthInputs {
        let now = self.now();
        let unreadable = |error| Finding::error(Fact::StoreUnreadable { error });
        let store = match tokio::time::timeout(PATIENCE, store_evidence(self.store(), now)).await {
            Ok(read) => read.map_err(|error| unreadable(sync_engine::error_chain(&error))),
            Err(_) => Err(unreadable(format!("no response within {} s", PATIENCE.as_secs()))),
        };
        self.inputs_with(now, store).await
    }

    /// The same with facts of the store that were read already.
    pub(crate) async fn inputs_with(
        &self,
        now: Timestamp,
        store: Result<StoreEvidence, Finding>,
    ) -> HealthInputs {
        let mut assets = vec![("import", self.watch.assets_pace())];
        assets.extend(self.watch.account_pace().map(|pace| ("account", pace)));
        let LeaderReport { alerts, checks } = self.leader_report(store.is_ok()).await;
        HealthInputs {
            name: self.name().clone(),
            now,
            process: self.process(),
            reads_log: self.events != EventSource::EventHook,
            has_hook: self.has_hook(),
            stall_timeout: self.stall_timeout,
            alerts,
            checks,
            check_interval: self.follow.schema_interval,
            low_space: room::low(self.file.free_space().await),
            clock_skew: self.watch.clock_skew(),
            held_until: self.held_until(now, store.is_ok()).await,
            store,
            stats: self.engine().stats(),
            okta: self.watch.okta(),
            assets,
        }
    }

    /// The process that runs the connection.
    fn process(&self) -> Process {
        if let Some(since) = self.watch.followed_since() {
            return Process::Leader { since };
        }
        if self.claimed.load(Ordering::Relaxed) {
            return Process::Absent;
        }
        // A lock that can't be tried is no evidence of a process.
        match self.daemon_running(self.file.path()) {
            Ok(true) => Process::Other,
            Ok(false) | Err(_) => Process::Absent,
        }
    }

    /// The number of requests to Okta that wait for their share of its rate limit.
    pub fn queued_requests(&self) -> usize {
        self.watch.okta().queued
    }
}
