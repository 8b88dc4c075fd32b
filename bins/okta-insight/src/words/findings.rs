//! Findings and observations on the command line: lowercase fragments without a period.

// The CLI and the API share these words: both are plain text, with times in RFC 3339.
pub(crate) use diagnostics::check_details;
pub(crate) use plain_text::{finding, unconfirmed_reason};
