//! Credentials of the API.

/// The kind of a client's credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    /// The token of one import source.
    ImportToken,
    /// The email and API token of an Atlassian account, or an OAuth access token.
    Account,
}
