//! An engine between fakes.

use std::sync::Arc;

use crate::engine::Engine;
use crate::engine::context::Ports;
use crate::engine::options::EngineOptions;
use crate::ports::progress::NoopProgress;
use crate::testing::alerts::RecordingAlerts;
use crate::testing::clock::ManualClock;
use crate::testing::directory::FakeDirectory;
use crate::testing::feed::FakeFeed;
use crate::testing::importer::FakeImporter;
use crate::testing::memory_store::MemoryStore;
use crate::testing::schema::{FakeHook, FakeSchema};

/// The fakes of all ports of an engine. Engines of one world are processes that follow each other.
#[derive(Debug)]
pub struct World {
    /// The time of the engine and of the directory.
    pub clock: Arc<ManualClock>,
    /// The directory.
    pub directory: Arc<FakeDirectory>,
    /// The directory's log.
    pub feed: Arc<FakeFeed>,
    /// The import source.
    pub importer: Arc<FakeImporter>,
    /// The object schema.
    pub schema: Arc<FakeSchema>,
    /// The event hook.
    pub hook: Arc<FakeHook>,
    /// The state store.
    pub store: MemoryStore,
    /// The receiver of alerts.
    pub alerts: Arc<RecordingAlerts>,
}

impl Default for World {
    fn default() -> Self {
        let clock = Arc::new(ManualClock::default());
        let directory = Arc::new(FakeDirectory::new(Arc::clone(&clock)));
        let importer = Arc::new(FakeImporter::default());
        Self {
            feed: Arc::new(FakeFeed::new(Arc::clone(&clock))),
            schema: Arc::new(FakeSchema::new(Arc::clone(&directory), Arc::clone(&importer))),
            hook: Arc::default(),
            store: MemoryStore::default(),
            alerts: Arc::default(),
            clock,
            directory,
            importer,
        }
    }
}

impl World {
    /// The ports of this world.
    pub fn ports(&self) -> Ports {
        Ports {
            target_schema: Arc::<FakeSchema>::clone(&self.schema),
            event_hook: Arc::<FakeHook>::clone(&self.hook),
            store: Arc::new(self.store.clone()),
            feed: Some(Arc::<FakeFeed>::clone(&self.feed)),
            alerts: Arc::<RecordingAlerts>::clone(&self.alerts),
            observer: Arc::new(NoopProgress),
            clock: Arc::<ManualClock>::clone(&self.clock),
        }
    }

    /// An engine in this world: another process.
    pub fn engine(&self) -> Engine {
        Engine::new(self.ports(), EngineOptions::default())
    }
}
