//! The end that the operator or the system asks for.

use std::time::Duration;

/// The time within which a process ends after an interruption. The documented limit for service managers is five
/// seconds.
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
