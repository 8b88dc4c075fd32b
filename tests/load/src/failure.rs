//! Why nothing could be measured.

/// Something that the measurement needs did not work.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("a file or a process: {0}")]
    Io(#[from] std::io::Error),
    #[error("the sandbox or the daemon did not answer: {0}")]
    Http(#[from] reqwest::Error),
    #[error("what was answered is no JSON: {0}")]
    Json(#[from] serde_json::Error),
    #[error("the daemon's store: {0}")]
    Store(#[from] sqlx::Error),
    #[error("{0}")]
    Told(String),
}
