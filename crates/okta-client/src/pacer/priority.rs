//! The order of waiting requests.

/// The priority of a waiting request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Priority {
    /// In order of arrival.
    #[default]
    Normal,
    /// Before all others, and out of the head-room.
    Urgent,
}
