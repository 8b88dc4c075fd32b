//! The loss of the state store.

use sync_store::StoreLoss;
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

/// The loss of the state store, once it was noticed.
#[derive(Debug, Default)]
pub(super) struct StoreLossSignal {
    /// The first loss that was noticed.
    pub(super) loss: OnceCell<StoreLoss>,
    /// Canceled when the store must no longer be written.
    pub(super) ended: CancellationToken,
}
