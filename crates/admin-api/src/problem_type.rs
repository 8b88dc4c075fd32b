//! The types of problem documents (RFC 9457): their URNs, titles, and HTTP statuses.

/// The prefix of all types.
const PREFIX: &str = "urn:okta-insight-sync:problem:";

/// The type of a problem document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProblemType {
    /// The request can't be read.
    MalformedRequest,
    /// No valid session or access token.
    Unauthorized,
    /// The role doesn't permit the request.
    InsufficientRole,
    /// The CSRF token is missing or wrong.
    InvalidCsrfToken,
    /// Another site sent the request.
    ForeignOrigin,
    /// The path or its object doesn't exist.
    NotFound,
    /// The path doesn't support the method.
    MethodNotAllowed,
    /// The request didn't arrive in time.
    RequestTimeout,
    /// The same work is in progress.
    AlreadyRunning,
    /// The connection is paused.
    ConnectionPaused,
    /// Another item has this name.
    NameInUse,
    /// The configuration file owns the connection.
    ManagedByFile,
    /// Secrets can't be saved or read.
    MasterKeyMissing,
    /// The token is the last one of an administrator.
    LastAdministrator,
    /// The body is too large.
    PayloadTooLarge,
    /// The body isn't JSON.
    UnsupportedMediaType,
    /// A parameter or value is invalid.
    ValidationFailed,
    /// Too many failed attempts to sign in.
    Throttled,
    /// The daemon failed.
    InternalError,
    /// Okta or Assets failed.
    UpstreamError,
    /// The connection can't run.
    ConnectionUnavailable,
    /// Too many concurrent requests.
    ServerBusy,
    /// The state store failed.
    StoreUnavailable,
}

impl ProblemType {
    /// All types.
    pub const ALL: [Self; 23] = [
        Self::MalformedRequest,
        Self::Unauthorized,
        Self::InsufficientRole,
        Self::InvalidCsrfToken,
        Self::ForeignOrigin,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::RequestTimeout,
        Self::AlreadyRunning,
        Self::ConnectionPaused,
        Self::NameInUse,
        Self::ManagedByFile,
        Self::MasterKeyMissing,
        Self::LastAdministrator,
        Self::PayloadTooLarge,
        Self::UnsupportedMediaType,
        Self::ValidationFailed,
        Self::Throttled,
        Self::InternalError,
        Self::UpstreamError,
        Self::ConnectionUnavailable,
        Self::ServerBusy,
        Self::StoreUnavailable,
    ];

    /// The last part of the URN, the title, and the HTTP status.
    const fn parts(self) -> (&'static str, &'static str, u16) {
        match self {
            Self::MalformedRequest => ("malformed-request", "Malformed request", 400),
            Self::Unauthorized => ("unauthorized", "Not signed in", 401),
            Self::InsufficientRole => ("insufficient-role", "This token is read-only", 403),
            Self::InvalidCsrfToken => ("invalid-csrf-token", "The form expired", 403),
            Self::ForeignOrigin => ("foreign-origin", "Request from another site", 403),
            Self::NotFound => ("not-found", "Not found", 404),
            Self::MethodNotAllowed => ("method-not-allowed", "Method not allowed", 405),
            Self::RequestTimeout => ("request-timeout", "Request timed out", 408),
            Self::AlreadyRunning => ("already-running", "Already running", 409),
            Self::ConnectionPaused => ("connection-paused", "The connection is paused", 409),
            Self::NameInUse => ("name-in-use", "Name already in use", 409),
            Self::ManagedByFile => {
                ("managed-by-file", "The connection is managed by the configuration file", 409)
            }
            Self::MasterKeyMissing => ("master-key-missing", "No master key is configured", 409),
            Self::LastAdministrator => {
                ("last-administrator", "Can't revoke the last administrator token", 409)
            }
            Self::PayloadTooLarge => ("payload-too-large", "Request too large", 413),
            Self::UnsupportedMediaType => ("unsupported-media-type", "Unsupported media type", 415),
            Self::ValidationFailed => ("validation-failed", "Invalid request", 422),
            Self::Throttled => ("throttled", "Too many failed sign-in attempts", 429),
            Self::InternalError => ("internal-error", "Internal error", 500),
            Self::UpstreamError => ("upstream-error", "Okta or Assets returned an error", 502),
            Self::ConnectionUnavailable => ("connection-unavailable", "The connection is unavailable", 503),
            Self::ServerBusy => ("server-busy", "Too many concurrent requests", 503),
            Self::StoreUnavailable => ("store-unavailable", "The state store is unavailable", 503),
        }
    }

    /// The type as a URN.
    pub fn urn(self) -> String {
        format!("{PREFIX}{}", self.parts().0)
    }

    /// The type of a URN; `None` if it isn't one of these.
    pub fn of_urn(urn: &str) -> Option<Self> {
        let name = urn.strip_prefix(PREFIX)?;
        Self::ALL.into_iter().find(|kind| kind.parts().0 == name)
    }

    /// The title.
    pub const fn title(self) -> &'static str {
        self.parts().1
    }

    /// The HTTP status.
    pub const fn status(self) -> u16 {
        self.parts().2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problem_types_have_unique_urns() {
        for kind in ProblemType::ALL {
            assert_eq!(ProblemType::of_urn(&kind.urn()), Some(kind));
        }
        assert_eq!(ProblemType::of_urn("about:blank"), None);
    }
}
