//! Findings on the command line: a lowercase fragment without a period.

// The CLI and the API share the words of findings: both are plain text, with times in RFC 3339.
pub(crate) use sync_service::words::finding;
