//! The end that the operator or the system asks for.

use std::time::Duration;

/// The time that a process may take to end once it was asked to. Service managers and people are told five seconds.
pub const END_WITHIN: Duration = Duration::from_millis(4_500);

/// Returns at Ctrl-C, or when the system asks the process to end.
pub async fn shutdown_requested() {
    #[cfg(unix)]
    if let Ok(mut terminate) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
        return;
    }
    // Without a handler there is nothing to wait for, and the default ends the process anyway.
    let _ = tokio::signal::ctrl_c().await;
}
