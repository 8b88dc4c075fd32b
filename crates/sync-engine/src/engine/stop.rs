//! The end of an interrupted run: in order if possible, and always in time.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::domain::error::EngineError;

/// Runs the work until it ends, or until `grace` has passed since `stop`: then it is dropped, as if the process had
/// been killed, and the next process recovers it. Boxed, because the work is large.
pub(crate) async fn in_time<T>(
    grace: Duration,
    stop: &CancellationToken,
    work: impl Future<Output = Result<T, EngineError>>,
) -> Result<T, EngineError> {
    let expired = async {
        stop.cancelled().await;
        tokio::time::sleep(grace).await;
    };
    tokio::select! {
        biased;
        result = Box::pin(work) => result,
        () = expired => {
            tracing::warn!("stopped without waiting for active work; the next start resumes it");
            Err(EngineError::Interrupted)
        }
    }
}
