//! Errors by the caller's possible reaction.

use outbound::{NotReached, PrivateAddress};

use crate::ValidationError;
use crate::http::Credential;

/// The result of a call.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Settings that cannot work.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// Not a URL of the API.
    #[error("\"{given}\" cannot be the address of the Assets API: {why}")]
    ApiUrl {
        /// The value.
        given: String,
        /// The problem with it.
        why: &'static str,
    },
    /// A token that no header may hold.
    #[error(
        "the token is empty or holds characters that no token has; copy it again, all of it and nothing else"
    )]
    Token,
    /// An Atlassian API token in place of an import token.
    #[error(
        "this is an Atlassian API token, which belongs to an account; the import token begins with ATCTT3x: object schema, Import tab, the import source's menu"
    )]
    ApiTokenForImport,
    /// An import token in place of an Atlassian API token.
    #[error(
        "this is the token of an import source; the API token of an account begins with ATATT3x: id.atlassian.com, Security, API tokens"
    )]
    ImportTokenForAccount,
    /// An invalid email address.
    #[error("\"{0}\" is not the email address of an Atlassian account")]
    Email(String),
    /// No account was given.
    #[error("no account: give the email and an API token, or an OAuth access token")]
    NoAccount,
    /// A private address, which is not allowed.
    #[error(transparent)]
    PrivateAddress(#[from] PrivateAddress),
    /// The HTTP client can't be created.
    #[error("could not prepare the HTTP client")]
    Http(#[source] reqwest::Error),
}

/// The reason of a rejection, as far as the response proves one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RefusalReason {
    /// The credential is unknown or no longer valid.
    InvalidCredential,
    /// The network address is not on the site's IP allowlist.
    IpAllowlist,
    /// The site's plan does not include Assets.
    Plan,
    /// A page instead of an API response: from a firewall or a gateway.
    Firewall,
    /// A proxy requires its own sign-in.
    Proxy,
    /// The credential is valid and doesn't permit the call.
    Permission,
    /// The response proves no reason.
    Unknown,
}

/// The error of a failed call.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Assets does not accept the import token.
    #[error("Assets refused the import token")]
    InvalidImportToken,
    /// Assets does not accept the account's credential.
    #[error("Atlassian refused the account's credential: {message}")]
    InvalidCredentials {
        /// The service's own words.
        message: String,
    },
    /// The call was rejected with 401, 403, 407, or 511.
    #[error("{what} was refused with status {status}: {message}")]
    Forbidden {
        /// The attempted action.
        what: &'static str,
        /// The rejected credential.
        credential: Credential,
        /// The HTTP status.
        status: u16,
        /// The reason, as far as the response proves one.
        reason: RefusalReason,
        /// The service's own words.
        message: String,
    },
    /// The site holds as many objects as it may.
    #[error("the limit of the Atlassian site is reached: {message}")]
    QuotaExceeded {
        /// The message from Assets.
        message: String,
    },
    /// It is unknown if an execution was started.
    #[error("the answer to the start of an execution was lost; {}", started(execution.as_deref()))]
    StartResultUnknown {
        /// The latest known execution, if it accepts records: probably the one that was started.
        execution: Option<String>,
    },
    /// The site has no workspace of Assets, or the account does not see it.
    #[error("{site} has no Assets workspace that this account sees")]
    NoWorkspace {
        /// The site.
        site: String,
    },
    /// A substitute of the client that does not do this.
    #[error("this implementation has no {0}")]
    Unsupported(&'static str),
    /// An administrator switched the import source off.
    #[error("the import source is disabled")]
    Disabled,
    /// There is no schema and mapping yet.
    #[error("the import source has no schema and mapping yet")]
    MissingMapping,
    /// Another execution is running.
    #[error("another execution of this import source is running")]
    InProgress,
    /// There is a mapping already; it can only be changed.
    #[error("the import source has a schema and mapping already")]
    MappingExists,
    /// The document was found wrong.
    #[error("Assets refused the schema and mapping: {}", list(.0))]
    InvalidMapping(Vec<ValidationError>),
    /// The execution or link is unknown.
    #[error("Assets does not know {what}: {message}")]
    NotFound {
        /// The requested object.
        what: &'static str,
        /// The service's own words.
        message: String,
    },
    /// The chunk was too large.
    #[error("a chunk of {bytes} bytes is too large for Assets: {message}")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The service's own words.
        message: String,
    },
    /// Assets calls the request wrong.
    #[error("Assets refused {what} with status {status}: {message}")]
    Api {
        /// The attempted action.
        what: &'static str,
        /// The status.
        status: u16,
        /// The message from Assets.
        message: String,
    },
    /// Assets failed or was overloaded on every attempt.
    #[error("Assets answered {what} with status {status}")]
    Unavailable {
        /// The attempted action.
        what: &'static str,
        /// The last status.
        status: u16,
    },
    /// The execution is not in the state that the call needs.
    #[error("the execution is {state} and cannot be {wanted}")]
    WrongState {
        /// The state.
        state: String,
        /// The attempted action.
        wanted: &'static str,
    },
    /// The request exceeded its time limit.
    #[error("{what} did not end within {seconds} s")]
    TimedOut {
        /// The expected result.
        what: &'static str,
        /// The limit.
        seconds: u64,
    },
    /// The change of the mapping ended badly.
    #[error("Assets could not apply the schema and mapping: {message}")]
    MappingFailed {
        /// The message from Assets.
        message: String,
    },
    /// No response.
    #[error("{reason}")]
    Transport {
        /// The host, the proxy on the way, and the cause.
        reason: Box<NotReached>,
        /// True if the request may have arrived.
        sent: bool,
    },
    /// The response is invalid.
    #[error("could not read the answer to {what}")]
    Decode {
        /// The attempted action.
        what: &'static str,
        /// The position of the problem.
        #[source]
        source: serde_json::Error,
    },
    /// The response ends differently than a response of Assets.
    #[error("the answer to {what} is longer than {limit} bytes")]
    ResponseTooLarge {
        /// The attempted action.
        what: &'static str,
        /// The limit that was read.
        limit: usize,
    },
    /// A link in a response is missing or has another origin.
    #[error("the link \"{link}\" {problem}; the credential stays home")]
    CrossOriginLink {
        /// Its name.
        link: &'static str,
        /// The problem with it.
        problem: String,
    },
}

impl Error {
    /// True if the same call could succeed later without any change.
    pub const fn is_transient(&self) -> bool {
        if let Self::Transport { reason, .. } = self {
            return !reason.is_lasting();
        }
        matches!(
            self,
            Self::InProgress
                | Self::StartResultUnknown { .. }
                | Self::Unavailable { .. }
                | Self::TimedOut { .. }
        )
    }

    /// True if Assets rejected the content: smaller parts of it may be accepted.
    pub const fn is_about_records(&self) -> bool {
        matches!(self, Self::TooLarge { .. } | Self::InvalidMapping(_) | Self::Api { status: 400 | 422, .. })
    }

    /// True if the response was lost: the call may have taken effect.
    pub const fn is_unclear(&self) -> bool {
        matches!(self, Self::Transport { sent: true, .. } | Self::Unavailable { status: 500 | 502 | 504, .. })
    }
}

fn started(execution: Option<&str>) -> String {
    execution.map_or_else(
        || "none is known".to_owned(),
        |id| format!("execution {id} accepts records, and is probably the one"),
    )
}

/// The most findings that a message names.
const MOST_FINDINGS: usize = 10;

fn list(errors: &[ValidationError]) -> String {
    if errors.is_empty() {
        return "no reason given".into();
    }
    let shown = errors.iter().take(MOST_FINDINGS).map(ToString::to_string);
    let more = errors.len().saturating_sub(MOST_FINDINGS);
    shown.chain((more > 0).then(|| format!("and {more} more"))).collect::<Vec<_>>().join("; ")
}
