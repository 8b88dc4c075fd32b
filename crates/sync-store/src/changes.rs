//! Changes of the state, for those who show or follow it: they are woken and don't poll.

use std::sync::Arc;
use std::time::Duration;

use sqlx::SqliteConnection;
use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;
use tokio::time::Instant;

use crate::identity::Identity;

/// The interval of checks for commits of other processes.
const OTHER_PROCESSES: Duration = Duration::from_millis(250);
/// The shortest interval between two wake-ups of a subscriber.
const COALESCED: Duration = Duration::from_millis(250);

/// Wakes the subscribers after each commit to the state store, and after each change that its owner signals.
#[derive(Debug, Clone, Default)]
pub struct ChangeSignal {
    sender: Arc<watch::Sender<()>>,
}

impl ChangeSignal {
    /// Wakes the subscribers, for a change outside the state store.
    pub fn notify(&self) {
        self.sender.send_replace(());
    }

    /// Subscribes to later changes.
    pub fn subscribe(&self) -> Changes {
        Changes { receiver: self.sender.subscribe(), notified_at: None }
    }
}

/// A subscription to changes.
#[derive(Debug)]
pub struct Changes {
    receiver: watch::Receiver<()>,
    notified_at: Option<Instant>,
}

impl Changes {
    /// Waits for the next change: the first after a pause is reported at once, and others that follow closely together.
    /// `false` if nothing can change any more. Canceling it loses no change.
    pub async fn changed(&mut self) -> bool {
        if let Some(notified_at) = self.notified_at {
            tokio::time::sleep_until(notified_at + COALESCED).await;
        }
        if self.receiver.changed().await.is_err() {
            return false;
        }
        self.notified_at = Some(Instant::now());
        true
    }
}

/// The task that detects commits of any process. It ends with its last owner.
#[derive(Debug)]
pub(crate) struct CommitWatch(AbortHandle);

impl CommitWatch {
    /// Starts the task, which detects every commit from now on. It checks at once when `written` is notified: this
    /// process may have committed.
    pub(crate) async fn start(identity: Arc<Identity>, written: Arc<Notify>, signal: ChangeSignal) -> Self {
        let mut last = identity.on_anchor(data_version).await.ok().flatten();
        let task = tokio::spawn(async move {
            loop {
                tokio::select! {
                    () = written.notified() => {}
                    () = tokio::time::sleep(OTHER_PROCESSES) => {}
                }
                let Ok(version) = identity.on_anchor(data_version).await else { return };
                // A version that can't be read tells nothing; the next check tries again.
                if let Some(version) = version
                    && last.replace(version).is_some_and(|last| last != version)
                {
                    signal.notify();
                }
            }
        });
        Self(task.abort_handle())
    }
}

impl Drop for CommitWatch {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A number that changes when another connection commits. <https://sqlite.org/pragma.html#pragma_data_version>
async fn data_version(anchor: &mut SqliteConnection) -> Option<i64> {
    sqlx::query_scalar("PRAGMA data_version").fetch_one(anchor).await.ok()
}

#[cfg(test)]
mod tests {
    use sync_model::ConnectionName;

    use super::*;
    use crate::Store;

    /// Far longer than a wake-up takes.
    const LONG: Duration = Duration::from_secs(30);

    async fn write(store: &Store, name: &str) {
        store.connection(&ConnectionName::try_from(name.to_owned()).unwrap()).await.unwrap();
    }

    #[tokio::test]
    async fn commits_of_all_processes_wake_subscribers() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.db");
        let (store, other) = (Store::open(&path).await.unwrap(), Store::open(&path).await.unwrap());
        let mut changes = store.changes().subscribe();
        for (writer, name) in [(&store, "own"), (&other, "other")] {
            write(writer, name).await;
            assert!(tokio::time::timeout(LONG, changes.changed()).await.unwrap(), "{name}");
        }
    }

    #[tokio::test]
    async fn statement_without_effect_is_no_change() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("state.db")).await.unwrap();
        let mut changes = store.changes().subscribe();
        write(&store, "main").await;
        assert!(tokio::time::timeout(LONG, changes.changed()).await.unwrap());
        let update = async |name: &'static str| {
            let statement = "UPDATE connections SET scope_version = 'x' WHERE name = ?";
            sqlx::query(statement).bind(name).execute(&store.writer).await.unwrap();
        };
        let version = async || store.identity.on_anchor(data_version).await.unwrap().unwrap();
        let before = version().await;
        update("unknown").await;
        assert!(tokio::time::timeout(2 * OTHER_PROCESSES, changes.changed()).await.is_err());
        assert_eq!(version().await, before);
        update("main").await;
        assert!(tokio::time::timeout(LONG, changes.changed()).await.unwrap());
    }

    #[tokio::test(start_paused = true)]
    async fn close_changes_wake_once() {
        let signal = ChangeSignal::default();
        let mut changes = signal.subscribe();
        let start = Instant::now();
        signal.notify();
        assert!(changes.changed().await && start.elapsed().is_zero());
        signal.notify();
        signal.notify();
        assert!(changes.changed().await);
        assert_eq!(start.elapsed(), COALESCED);
        assert!(tokio::time::timeout(LONG, changes.changed()).await.is_err());
        drop(signal);
        assert!(!changes.changed().await);
    }
}
