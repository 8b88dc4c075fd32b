//! The parts of the API, one handle each: paths and types only.

mod event_hooks;
mod groups;
mod logs;
mod object;
mod paging;
mod schemas;
mod sort;
mod users;

pub use event_hooks::EventHooks;
pub use groups::{GroupQuery, Groups};
pub use logs::{LogCheckpoint, LogPage, LogQuery, LogStart, Logs};
pub use paging::{Page, PageCursor};
pub use schemas::{Schemas, UserTypes};
pub use sort::SortOrder;
pub use users::{UserQuery, Users};
