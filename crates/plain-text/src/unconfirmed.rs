//! Reasons of unconfirmed records.

/// The reason of an unconfirmed record: the import source's own message, if it gave one.
pub fn unconfirmed_reason(attempts: u32, message: &str) -> &str {
    match (attempts, message) {
        (0, "") => "queued for a resend",
        (_, "") => "no reason given",
        (_, message) => message,
    }
}
