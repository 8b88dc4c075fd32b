//! The error of a request to a daemon.

use std::io;
use std::path::PathBuf;

use outbound::NotReached;
use sync_engine::{Finding, Remedy};
use url::Url;

use crate::delegation::DelegationError;
use crate::problem_type::ProblemType;
use crate::remote::address::DaemonAddress;
use crate::wire::Problem;

/// The error of a request to a daemon.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RemoteError {
    /// An address that a token may not be sent to.
    #[error("refusing to send a token to {0}")]
    Address(Url),
    /// The daemon wasn't reached, or didn't respond in time.
    #[error("could not connect to the daemon at {server}")]
    Unreachable {
        /// Its address.
        server: Url,
        /// The cause.
        #[source]
        source: Box<NotReached>,
    },
    /// The socket of the daemon can't be used.
    #[error("could not connect to the daemon at {}", socket.display())]
    Socket {
        /// Its path.
        socket: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// The daemon at a socket has another version than this program.
    #[error("the daemon at {server} has version {version}")]
    OtherVersion {
        /// Its address.
        server: DaemonAddress,
        /// Its version.
        version: String,
    },
    /// The HTTP client can't be created.
    #[error("could not create the HTTP client")]
    Http(#[source] reqwest::Error),
    /// The server isn't such a daemon, or has another version.
    #[error("no compatible okta-insightd responds at {server}: {problem}")]
    NotADaemon {
        /// Its address.
        server: DaemonAddress,
        /// The problem with its response.
        problem: String,
    },
    /// A stream of events broke off.
    #[error("could not follow the events of the daemon at {server}: {problem}")]
    TimedOut {
        /// Its address.
        server: DaemonAddress,
        /// The problem with the connection.
        problem: String,
    },
    /// The daemon rejected the request.
    #[error("{}", .0.detail)]
    Refused(Box<Problem>),
    /// The requested action failed.
    #[error("{}", plain_text::finding(.0))]
    Failed(Box<Finding>),
    /// A run failed.
    #[error(transparent)]
    Handover(#[from] DelegationError),
}

impl RemoteError {
    /// The action that resolves it.
    pub fn remedy(&self) -> Option<Remedy> {
        match self {
            Self::Address(_) => Some(Remedy::UseHttps),
            Self::Unreachable { source, .. } if source.is_proxy_s_fault() => Some(Remedy::CheckProxy),
            Self::Http(_) | Self::OtherVersion { .. } => None,
            Self::Unreachable { .. } => Some(Remedy::CheckDaemonReachable),
            Self::TimedOut { .. }
            | Self::Socket { .. }
            | Self::NotADaemon { server: DaemonAddress::Socket(_), .. } => Some(Remedy::CheckDaemonLog),
            Self::NotADaemon { .. } => Some(Remedy::CheckDaemonUrl),
            Self::Refused(problem) if problem.status == 401 => Some(Remedy::SetAccessToken),
            Self::Refused(problem) => problem.remedy.clone(),
            Self::Failed(finding) => finding.remedy.clone(),
            Self::Handover(error) => error.remedy(),
        }
    }

    /// The daemon's own advice, if it has no remedy for the problem.
    pub fn advice(&self) -> Option<&str> {
        match self {
            Self::Refused(problem) if self.remedy().is_none() => problem.hint.as_deref(),
            _ => None,
        }
    }

    /// True if the arguments are wrong.
    pub fn is_usage(&self) -> bool {
        match self {
            Self::Address(_) => true,
            Self::Refused(problem) => matches!(problem.status, 401 | 403 | 404 | 422),
            _ => false,
        }
    }

    /// True if it may succeed later without a change on this side.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable { .. }
            | Self::Socket { .. }
            | Self::OtherVersion { .. }
            | Self::NotADaemon { .. }
            | Self::TimedOut { .. } => true,
            Self::Refused(problem) => problem.status == 429 || problem.status >= 500,
            Self::Address(_) | Self::Http(_) | Self::Failed(_) | Self::Handover(_) => false,
        }
    }

    /// The problem for which the daemon rejected the request.
    pub fn problem(&self) -> Option<ProblemType> {
        match self {
            Self::Refused(problem) => ProblemType::of_urn(&problem.kind),
            _ => None,
        }
    }

    pub(super) fn is(&self, kind: ProblemType) -> bool {
        self.problem() == Some(kind)
    }
}
