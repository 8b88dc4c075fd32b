//! Why a daemon elsewhere did not do what it was asked for.

use outbound::NotReached;
use url::Url;

use crate::DelegationError;
use crate::wire::{Problem, ProblemType};

/// Why a daemon elsewhere did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RemoteError {
    /// An address that a token may not be sent to.
    #[error(
        "{0} is no address for a token: it has to begin with https:// and to end with the host or the port"
    )]
    Address(Url),
    /// The daemon could not be reached, or did not answer in time.
    #[error("the daemon at {server} could not be asked")]
    Unreachable {
        /// Its address.
        server: Url,
        /// Why.
        #[source]
        source: Box<NotReached>,
    },
    /// The HTTP client could not be made.
    #[error("could not prepare the HTTP client")]
    Http(#[source] reqwest::Error),
    /// What answers there is no such daemon, or another version of it.
    #[error("what answers at {server} is no okta-insightd that this command understands: {problem}")]
    NotADaemon {
        /// Its address.
        server: Url,
        /// What it answered.
        problem: String,
    },
    /// A stream of events broke off.
    #[error("the daemon at {server} does not tell its events: {problem}")]
    TimedOut {
        /// Its address.
        server: Url,
        /// How it broke off.
        problem: String,
    },
    /// The daemon refused.
    #[error("{}", .0.detail)]
    Refused(Box<Problem>),
    /// What it was asked for failed.
    #[error("{reason}")]
    Failed {
        /// Why.
        reason: String,
        /// What to do.
        hint: Option<String>,
    },
    /// A run did not come to a good end.
    #[error(transparent)]
    Handover(#[from] DelegationError),
}

impl RemoteError {
    /// The operator's next step.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Address(_) => {
                Some("name it like https://sync.example.com; http:// on this machine alone".into())
            }
            Self::Unreachable { source, .. } if source.is_proxy_s_fault() => {
                Some(source.remedy("the daemon's address"))
            }
            Self::Http(_) => None,
            Self::Unreachable { .. } => Some(
                "see that the daemon runs, and that its console and certificate can be used from here".into(),
            ),
            Self::TimedOut { .. } => Some("see its log, and what is between it and this machine".into()),
            Self::NotADaemon { .. } => {
                Some("name the address of the console, and use the version of the daemon".into())
            }
            Self::Refused(problem) if problem.status == 401 => {
                Some("give a token of the daemon with --token-file, or in OKTA_INSIGHT_TOKEN".into())
            }
            Self::Refused(problem) => problem.hint.clone(),
            Self::Failed { hint, .. } => hint.clone(),
            Self::Handover(error) => error.hint(),
        }
    }

    /// Whether the arguments are wrong, rather than the world.
    pub fn is_usage(&self) -> bool {
        match self {
            Self::Address(_) => true,
            Self::Refused(problem) => matches!(problem.status, 401 | 403 | 404 | 422),
            _ => false,
        }
    }

    /// Whether it may be different in a while, without anybody doing something about it here.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::NotADaemon { .. } | Self::TimedOut { .. } => true,
            Self::Refused(problem) => problem.status == 429 || problem.status >= 500,
            Self::Address(_) | Self::Http(_) | Self::Failed { .. } | Self::Handover(_) => false,
        }
    }

    pub(super) fn is(&self, kind: ProblemType) -> bool {
        matches!(self, Self::Refused(problem) if ProblemType::of_urn(&problem.kind) == Some(kind))
    }
}
