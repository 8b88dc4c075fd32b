//! Interruption by the operator or the system.

use std::future::Future;
use std::time::Duration;

/// The time within which a process ends after an interruption. The documented limit for service managers is five
/// seconds.
pub const END_WITHIN: Duration = Duration::from_millis(4_500);

/// Resolves at Ctrl-C, or when the system requests the end of the process. Signals count from the call on, not from the
/// first poll.
///
/// # Panics
/// Outside a Tokio runtime with I/O.
#[cfg(unix)]
pub fn shutdown_requested() -> impl Future<Output = ()> + Send {
    use tokio::signal::unix::{SignalKind, signal};

    let signals = [SignalKind::terminate(), SignalKind::interrupt()].map(signal);
    async move {
        let received = signals.into_iter().flatten().map(|mut signal| {
            Box::pin(async move {
                signal.recv().await;
            })
        });
        let received: Vec<_> = received.collect();
        // Without a handler, the default action ends the process.
        if received.is_empty() {
            std::future::pending::<()>().await;
        }
        futures::future::select_all(received).await;
    }
}

/// Resolves at Ctrl-C.
#[cfg(not(unix))]
pub fn shutdown_requested() -> impl Future<Output = ()> + Send {
    async {
        // Without a handler, the default action ends the process.
        let _ = tokio::signal::ctrl_c().await;
    }
}
