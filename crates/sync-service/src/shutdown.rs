//! The end that the operator or the system asks for.

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
