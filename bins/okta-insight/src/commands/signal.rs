//! Stopping with Ctrl-C or SIGTERM.

use sync_daemon::{END_WITHIN, shutdown_requested};
use tokio_util::sync::CancellationToken;

/// The exit code that a shell reports for a process that Ctrl-C ended.
const INTERRUPTED: i32 = 130;

/// A token that Ctrl-C or SIGTERM cancels. The second signal or a timeout ends the process immediately. Nothing is lost: the
/// next run resumes from the checkpoint and recovers the execution.
pub(crate) fn stop_on_signal() -> CancellationToken {
    let stop = CancellationToken::new();
    let requested = stop.clone();
    tokio::spawn(async move {
        shutdown_requested().await;
        requested.cancel();
        eprintln!("Stopping. Press Ctrl-C again to stop immediately.");
        tokio::select! {
            () = shutdown_requested() => {}
            () = tokio::time::sleep(END_WITHIN) => {}
        }
        std::process::exit(INTERRUPTED);
    });
    stop
}
