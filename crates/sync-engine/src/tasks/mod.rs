//! The background tasks.

pub(crate) mod background;
pub(crate) mod check_timer;
pub(crate) mod checks;
pub(crate) mod feed;
pub(crate) mod next_sync;
pub(crate) mod options;
pub(crate) mod sync_task;
pub(crate) mod task_health;
pub(crate) mod waker;
