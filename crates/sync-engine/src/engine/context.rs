//! The parts that all services of the engine share.

use std::sync::Arc;

use jiff::Timestamp;

use crate::domain::alert::{Alert, AlertKind};
use crate::domain::finding::Finding;
use crate::engine::options::EngineOptions;
use crate::engine::stats::Stats;
use crate::ports::alert_sink::AlertSink;
use crate::ports::clock::Clock;
use crate::ports::event_hook::EventHook;
use crate::ports::feed::EventFeed;
use crate::ports::observer::RunObserver;
use crate::ports::state_store::StateStore;
use crate::ports::target_schema::TargetSchema;

/// The world around the engine.
#[derive(Clone)]
pub struct Ports {
    /// The object schema and mapping, and with them the views of both sides.
    pub target_schema: Arc<dyn TargetSchema>,
    /// The event hook.
    pub event_hook: Arc<dyn EventHook>,
    /// The state store.
    pub store: Arc<dyn StateStore>,
    /// The directory's log; without it, changes are reported only by the event hook.
    pub feed: Option<Arc<dyn EventFeed>>,
    /// The receiver of alerts.
    pub alerts: Arc<dyn AlertSink>,
    /// The observer of runs.
    pub observer: Arc<dyn RunObserver>,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
}

/// The ports, the options, and the counters. It has no lock and no mapping.
pub(crate) struct Context {
    pub(crate) ports: Ports,
    pub(crate) options: EngineOptions,
    pub(crate) stats: Stats,
}

impl Context {
    pub(crate) fn new(ports: Ports, options: EngineOptions) -> Self {
        Self { ports, options, stats: Stats::default() }
    }

    pub(crate) fn store(&self) -> &dyn StateStore {
        self.ports.store.as_ref()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.ports.clock.now()
    }

    pub(crate) fn alert(&self, kind: AlertKind, finding: Finding) {
        self.ports.alerts.send(Alert::firing(kind, finding, self.now()));
    }
}
