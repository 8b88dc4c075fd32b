//! The background tasks.

pub(crate) mod background;
pub(crate) mod cleanup_task;
pub(crate) mod events_task;
pub(crate) mod feed;
pub(crate) mod feed_task;
pub(crate) mod hook_task;
pub(crate) mod next_sync;
pub(crate) mod options;
pub(crate) mod outcome;
pub(crate) mod recovery_task;
pub(crate) mod run_log;
pub(crate) mod schema_task;
pub(crate) mod sync_task;
pub(crate) mod waker;
