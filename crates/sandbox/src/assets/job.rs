//! Jobs that change the mapping.

/// The result of a job, once it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Job {
    UnderWay,
    Done,
    Failed,
}
