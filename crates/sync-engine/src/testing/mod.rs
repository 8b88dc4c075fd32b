//! Fakes of the ports with switches for failures, and the tests that they share with real implementations.

mod alerts;
mod clock;
pub mod conformance;
mod directory;
mod feed;
mod importer;
mod mapping_rules;
mod memory_store;
pub mod samples;
mod schema;
mod switches;
mod world;

pub use alerts::RecordingAlerts;
pub use clock::ManualClock;
pub use directory::FakeDirectory;
pub use feed::FakeFeed;
pub use importer::FakeImporter;
pub use mapping_rules::FakeRules;
pub use memory_store::MemoryStore;
pub use schema::{FakeHook, FakeSchema};
pub use switches::Switches;
pub use world::World;
