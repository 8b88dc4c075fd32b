//! The user at the other end of a local socket.

/// The user at the other end of a [socket beside the store](crate::ConnectionManager::serve_locally). An extension of
/// its requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalPeer {
    /// The ID of the user, from the operating system.
    pub uid: u32,
}
