//! The locks of the engine. Each one belongs to one service. While it is held, the later ones of this list may be
//! acquired, and no earlier one:
//!
//! 1. [`Turns`], the turn of a sync: only one sync reads and sends.
//! 2. [`Turns`], the readings in flight: no sync starts between a reading and its confirmation.
//! 3. [`ExecutionLock`]: only one execution is open.
//! 4. [`SchemaLock`]: the schemas are compared, the object schema is extended, and the active view is replaced.
//!
//! [`HookLock`] stands alone: while it is held, only the port of the event hook is called. The `std` locks of the
//! services are held for the time of one expression.
//!
//! A service has only the services below it (see [`Engine`](crate::Engine)), so that code under a lock has no way to an
//! earlier one; `tests/architecture` checks this. A function that needs a lock has the proof of it as an argument, such
//! as [`ExecutionGuard`], and doesn't acquire it again.

use tokio::sync::{Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// The turns of syncs and of other readings.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    sync: Mutex<()>,
    /// Held for reading from fetching objects until they are confirmed. A sync starts when no reader holds it, so that
    /// the confirmed records that memberships are copied from are no older than its start.
    in_flight: RwLock<()>,
}

/// The turn of a sync, from its preparation to its end.
pub(crate) struct SyncTurn<'t> {
    in_flight: &'t RwLock<()>,
    _sync: MutexGuard<'t, ()>,
}

/// A reading in flight.
pub(crate) struct ReadingTurn<'t> {
    _in_flight: RwLockReadGuard<'t, ()>,
    sync: Option<MutexGuard<'t, ()>>,
}

impl Turns {
    /// Waits for the end of another sync.
    pub(crate) async fn begin_sync(&self) -> SyncTurn<'_> {
        SyncTurn { in_flight: &self.in_flight, _sync: self.sync.lock().await }
    }

    /// Begins a reading beside others, which never waits for a sync. Without a sync, none starts before its end.
    pub(crate) async fn begin_reading(&self) -> ReadingTurn<'_> {
        ReadingTurn { _in_flight: self.in_flight.read().await, sync: self.sync.try_lock().ok() }
    }
}

impl SyncTurn<'_> {
    /// Waits for the readings in flight, and delays others.
    pub(crate) async fn nothing_in_flight(&self) -> RwLockWriteGuard<'_, ()> {
        self.in_flight.write().await
    }
}

impl ReadingTurn<'_> {
    /// True if no sync reads, and none starts before the end of this reading.
    pub(crate) const fn is_alone(&self) -> bool {
        self.sync.is_some()
    }
}

/// The lock of executions.
#[derive(Debug, Default)]
pub(crate) struct ExecutionLock(Mutex<()>);

/// The right to start an execution, or to change objects that an execution could contain.
pub(crate) struct ExecutionGuard<'l> {
    _lock: MutexGuard<'l, ()>,
}

impl ExecutionLock {
    pub(crate) async fn acquire(&self) -> ExecutionGuard<'_> {
        ExecutionGuard { _lock: self.0.lock().await }
    }
}

/// The lock of the object schema.
#[derive(Debug, Default)]
pub(crate) struct SchemaLock(Mutex<()>);

/// The right to extend the object schema, and to replace the active view.
pub(crate) struct SchemaGuard<'l> {
    _lock: MutexGuard<'l, ()>,
}

impl SchemaLock {
    pub(crate) async fn acquire(&self) -> SchemaGuard<'_> {
        SchemaGuard { _lock: self.0.lock().await }
    }
}

/// The lock of the event hook, held from reading or changing it until the result is recorded.
#[derive(Debug, Default)]
pub(crate) struct HookLock(Mutex<()>);

/// The right to record a result about the event hook.
pub(crate) struct HookGuard<'l> {
    _lock: MutexGuard<'l, ()>,
}

impl HookLock {
    pub(crate) async fn acquire(&self) -> HookGuard<'_> {
        HookGuard { _lock: self.0.lock().await }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[tokio::test]
    async fn reading_never_waits_for_sync() {
        let turns = Turns::default();
        let sync = turns.begin_sync().await;
        let reading = turns.begin_reading().now_or_never().unwrap();
        assert!(!reading.is_alone());
        assert!(sync.nothing_in_flight().now_or_never().is_none(), "a reading is in flight");
        drop(reading);
        assert!(sync.nothing_in_flight().now_or_never().is_some());
    }

    #[tokio::test]
    async fn sync_waits_for_lone_reading() {
        let turns = Turns::default();
        let reading = turns.begin_reading().await;
        assert!(reading.is_alone());
        assert!(!turns.begin_reading().await.is_alone(), "the other one is alone");
        assert!(turns.begin_sync().now_or_never().is_none());
        drop(reading);
        assert!(turns.begin_sync().now_or_never().is_some());
    }
}
