//! Errors, grouped by the caller's possible reaction.

use outbound::{NotReached, PrivateAddress};

use crate::credential::Credential;
use crate::validation::ValidationError;

/// The result of a call.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Invalid settings.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The URL isn't a URL of the API.
    #[error("\"{given}\" is not a valid URL of the Assets API: {why}")]
    ApiUrl {
        /// The value.
        given: String,
        /// The problem with it.
        why: &'static str,
    },
    /// The token contains characters that aren't permitted in a header.
    #[error("the token is empty or contains invalid characters; copy the whole token, without other text")]
    Token,
    /// The token is an Atlassian API token instead of an import token.
    #[error("this is the API token of an Atlassian account; an import token starts with ATCTT3x")]
    ApiTokenForImport,
    /// The token is an import token instead of an Atlassian API token.
    #[error(
        "this is the token of an import source; the API token of an account starts with ATATT3x: at \
         id.atlassian.com, go to Security > API tokens"
    )]
    ImportTokenForAccount,
    /// An invalid email address.
    #[error("\"{0}\" is not the email address of an Atlassian account")]
    Email(String),
    /// No account is set.
    #[error("no account; set the email and an API token, or an OAuth 2.0 access token")]
    NoAccount,
    /// A private address, which isn't permitted.
    #[error(transparent)]
    PrivateAddress(#[from] PrivateAddress),
    /// The HTTP client can't be created.
    #[error("could not create the HTTP client")]
    Http(#[source] reqwest::Error),
}

/// The reason of a rejection, if the response proves one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RefusalReason {
    /// The credential is invalid or expired.
    InvalidCredential,
    /// The IP address isn't on the site's IP allowlist.
    IpAllowlist,
    /// The site's plan doesn't include Assets.
    Plan,
    /// A firewall or gateway responded with a page instead of the API.
    Firewall,
    /// A proxy requires credentials.
    Proxy,
    /// The credential is valid but doesn't permit the call.
    Permission,
    /// The response proves no reason.
    Unknown,
}

/// The error of a failed call.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Assets rejected the import token.
    #[error("Assets rejected the import token")]
    InvalidImportToken,
    /// Atlassian rejected the account's credentials.
    #[error("Atlassian rejected the account's credentials: {message}")]
    InvalidCredentials {
        /// The service's message.
        message: String,
    },
    /// The call was rejected with status 401, 403, 407, or 511.
    #[error("request rejected with status {status} ({what}): {message}")]
    Forbidden {
        /// The attempted action.
        what: &'static str,
        /// The rejected credential.
        credential: Credential,
        /// The HTTP status.
        status: u16,
        /// The reason, if the response proves one.
        reason: RefusalReason,
        /// The service's message.
        message: String,
    },
    /// The object limit of the site is reached.
    #[error("the limit of the Atlassian site is reached: {message}")]
    QuotaExceeded {
        /// The message from Assets.
        message: String,
    },
    /// It is unknown if an execution was started.
    #[error("the response to the start of an execution was lost; {}", started(execution.as_deref()))]
    StartResultUnknown {
        /// The latest execution in Assets if it accepts records, which is probably the started one.
        execution: Option<String>,
    },
    /// The site has no Assets workspace, or the account can't access it.
    #[error("this account can't access an Assets workspace on {site}")]
    NoWorkspace {
        /// The site.
        site: String,
    },
    /// A substitute of the client doesn't support the call.
    #[error("this implementation doesn't support {0}")]
    Unsupported(&'static str),
    /// An administrator disabled the import source.
    #[error("the import source is disabled")]
    Disabled,
    /// The import source has no schema and mapping yet.
    #[error("the import source has no schema and mapping yet")]
    MissingMapping,
    /// Another execution is running.
    #[error("another execution of this import source is running")]
    InProgress,
    /// The import source already has a mapping, which can only be changed.
    #[error("the import source already has a schema and mapping")]
    MappingExists,
    /// Assets rejected the document.
    #[error("Assets rejected the schema and mapping: {}", list(.0))]
    InvalidMapping(Vec<ValidationError>),
    /// The execution or link doesn't exist.
    #[error("not found in Assets ({what}): {message}")]
    NotFound {
        /// The requested object.
        what: &'static str,
        /// The service's message.
        message: String,
    },
    /// The chunk was too large.
    #[error("a chunk of {bytes} bytes is too large for Assets: {message}")]
    TooLarge {
        /// The size.
        bytes: usize,
        /// The service's message.
        message: String,
    },
    /// Assets rejected the request as invalid.
    #[error("Assets rejected the request with status {status} ({what}): {message}")]
    Api {
        /// The attempted action.
        what: &'static str,
        /// The status.
        status: u16,
        /// The message from Assets.
        message: String,
    },
    /// Assets returned a server error or was busy for each attempt.
    #[error("Assets returned status {status} ({what})")]
    Unavailable {
        /// The attempted action.
        what: &'static str,
        /// The last status.
        status: u16,
    },
    /// The execution isn't in the required state.
    #[error("the execution is {state} and can't be {wanted}")]
    WrongState {
        /// The state.
        state: String,
        /// The attempted action.
        wanted: &'static str,
    },
    /// The time limit was exceeded.
    #[error("{what} didn't finish within {seconds} s")]
    TimedOut {
        /// The expected result.
        what: &'static str,
        /// The limit.
        seconds: u64,
    },
    /// The change of the mapping failed.
    #[error("Assets could not apply the schema and mapping: {message}")]
    MappingFailed {
        /// The message from Assets.
        message: String,
    },
    /// No response arrived.
    #[error("{reason}")]
    Transport {
        /// The host, the proxy, and the cause.
        reason: Box<NotReached>,
        /// True if the service may have received the request.
        sent: bool,
    },
    /// The response doesn't have the expected format.
    #[error("could not decode the response ({what})")]
    Decode {
        /// The attempted action.
        what: &'static str,
        /// The position of the problem.
        #[source]
        source: serde_json::Error,
    },
    /// The response exceeds the size limit.
    #[error("the response exceeds {limit} bytes ({what})")]
    ResponseTooLarge {
        /// The attempted action.
        what: &'static str,
        /// The limit in bytes.
        limit: usize,
    },
    /// A link in a response is missing or has another origin.
    #[error("the link \"{link}\" {problem}; no credentials were sent")]
    CrossOriginLink {
        /// The name.
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

    /// True if Assets rejected the sent records; smaller chunks may be accepted.
    pub const fn is_about_records(&self) -> bool {
        matches!(self, Self::TooLarge { .. } | Self::InvalidMapping(_) | Self::Api { status: 400 | 422, .. })
    }

    /// True if the response was lost, so the call may have had an effect.
    pub const fn is_unclear(&self) -> bool {
        matches!(self, Self::Transport { sent: true, .. } | Self::Unavailable { status: 500 | 502 | 504, .. })
    }
}

fn started(execution: Option<&str>) -> String {
    execution.map_or_else(
        || "no execution was found".to_owned(),
        |id| format!("execution {id} accepts records and is probably the started one"),
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
