//! Remedies for failed requests.

use std::fmt;

use crate::credential::Credential;
use crate::error::{Error, RefusalReason};

/// An action that resolves an [`Error`]. Shown, it is a short English text for developers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// Use the whole import token of the import source, or generate a new one.
    RenewImportToken,
    /// Check the email and the API token of the Atlassian account.
    CheckCredentials,
    /// Add this host to the site's IP allowlist.
    AllowIpAddress,
    /// Use a plan that includes Assets.
    CheckPlan,
    /// Allow requests to the API in the firewall or gateway.
    AllowRequests,
    /// Correct the address and the credentials of the proxy.
    CheckProxy,
    /// Assign the account a role on the object schema.
    GrantSchemaRole,
    /// Use the import token of this import source, or an Atlassian account.
    UseOtherCredential,
    /// Delete unused objects, or raise the object limit.
    RaiseObjectLimit,
    /// Use the URL of a site with Assets.
    CorrectSiteUrl,
    /// Change the mapping instead of submitting a new one.
    ChangeMapping,
    /// Submit a schema and mapping.
    SubmitMapping,
    /// Send smaller chunks, or records with fewer values.
    ReduceChunkSize,
    /// Enable the import source.
    EnableImportSource,
    /// Wait for the execution, or cancel it in Assets.
    ReviewExecution,
    /// Read the reason in the import's history in Assets.
    ReviewImportHistory,
    /// Check Atlassian's status page, and retry later.
    CheckServiceStatus,
    /// Check if a proxy or gateway changes responses.
    CheckGateway,
    /// Let this host reach the API.
    CheckNetwork(outbound::Remedy),
}

impl Error {
    /// The action that resolves it; `None` if none is known.
    pub const fn remedy(&self) -> Option<Remedy> {
        Some(match self {
            Self::InvalidImportToken => Remedy::RenewImportToken,
            Self::InvalidCredentials { .. } => Remedy::CheckCredentials,
            Self::Forbidden { credential, reason, .. } => match (reason, credential) {
                (RefusalReason::IpAllowlist, _) => Remedy::AllowIpAddress,
                (RefusalReason::Plan, _) => Remedy::CheckPlan,
                (RefusalReason::Firewall, _) => Remedy::AllowRequests,
                (RefusalReason::Proxy, _) => Remedy::CheckProxy,
                (RefusalReason::Permission, Credential::Account) => Remedy::GrantSchemaRole,
                (RefusalReason::Permission, Credential::ImportToken) => Remedy::UseOtherCredential,
                // The response doesn't prove that the credential is invalid.
                (RefusalReason::InvalidCredential | RefusalReason::Unknown, _) => return None,
            },
            Self::QuotaExceeded { .. } => Remedy::RaiseObjectLimit,
            Self::NoWorkspace { .. } => Remedy::CorrectSiteUrl,
            Self::MappingExists => Remedy::ChangeMapping,
            Self::MissingMapping => Remedy::SubmitMapping,
            Self::TooLarge { .. } => Remedy::ReduceChunkSize,
            Self::Disabled => Remedy::EnableImportSource,
            Self::InProgress | Self::StartResultUnknown { .. } => Remedy::ReviewExecution,
            Self::MappingFailed { .. } => Remedy::ReviewImportHistory,
            Self::Unavailable { .. } | Self::TimedOut { .. } => Remedy::CheckServiceStatus,
            Self::Decode { .. } | Self::ResponseTooLarge { .. } | Self::CrossOriginLink { .. } => {
                Remedy::CheckGateway
            }
            Self::Transport { reason, .. } => Remedy::CheckNetwork(reason.remedy()),
            Self::Unsupported(_)
            | Self::InvalidMapping(_)
            | Self::NotFound { .. }
            | Self::Api { .. }
            | Self::WrongState { .. } => return None,
        })
    }
}

impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RenewImportToken => {
                "use the complete token of this import source; to replace a lost or invalid token: in Assets, open \
                 the object schema, and go to Schema configuration > Import; in the menu (…) of the import, select \
                 Generate token, which revokes the previous token"
            }
            Self::CheckCredentials => {
                "check the email, and check that its API token hasn't expired: at id.atlassian.com, go to Security \
                 > API tokens"
            }
            Self::AllowIpAddress => {
                "at admin.atlassian.com, go to Security > IP allowlists, and add the IP address of this host"
            }
            Self::CheckPlan => {
                "check the site's plan: Jira Service Management Premium and Enterprise include Assets"
            }
            Self::AllowRequests => "allow requests from this host to the API in the firewall or gateway",
            Self::CheckProxy => "check the address and the credentials of the proxy; it responded instead of the API",
            Self::GrantSchemaRole => {
                "in Assets, open the object schema, go to Schema configuration > Roles, and add the account as \
                 Object schema manager; grant its token the Assets scopes"
            }
            Self::UseOtherCredential => "use the token of this import source, or an account",
            Self::RaiseObjectLimit => {
                "delete unused objects, or raise the object limit: in Jira, go to Settings > Products > Assets > Usage"
            }
            Self::CorrectSiteUrl => {
                "check the site's URL and plan: Jira Service Management Premium and Enterprise include Assets"
            }
            Self::ChangeMapping => "change the mapping instead of submitting a new one",
            Self::SubmitMapping => "submit a schema and mapping first",
            Self::ReduceChunkSize => {
                "send smaller chunks; if one record is too large, omit an attribute with large values"
            }
            Self::EnableImportSource => {
                "in Assets, open the object schema, and go to Schema configuration > Import; in the menu (…) of \
                 the import, select Enable"
            }
            Self::ReviewExecution => {
                "wait for the execution to end; to cancel it: in Assets, open the object schema, and go to Schema \
                 configuration > Import"
            }
            Self::ReviewImportHistory => {
                "in Assets, open the object schema, go to Schema configuration > Import, and open the history of \
                 the import, which contains the reason"
            }
            Self::CheckServiceStatus => "check https://status.atlassian.com, and retry later",
            Self::CheckGateway => {
                "check if a proxy or gateway truncates or changes responses from Assets, then retry"
            }
            Self::CheckNetwork(remedy) => return remedy.fmt(f),
        })
    }
}
