//! Remedies: the action that resolves a finding. Each surface has its own words for them.

use serde::{Deserialize, Serialize};
use strum::{EnumDiscriminants, EnumIter, IntoStaticStr};

use super::Service;
use crate::SafeguardViolation;

/// An action that resolves a finding. In JSON: `action`, and its parameters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, EnumDiscriminants)]
#[strum_discriminants(
    name(RemedyAction),
    doc = "The name of a remedy.",
    derive(EnumIter, IntoStaticStr),
    strum(serialize_all = "snake_case")
)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum Remedy {
    // Of the product.
    /// Start the daemon.
    StartDaemon,
    /// Resume the connection.
    Resume,
    /// Run setup.
    RunSetup,
    /// Create the event hook by hand, because the app may not.
    CreateEventHookManually,
    /// Make the daemon reachable at the public URL, then run setup.
    ExposeDaemonAndRunSetup,
    /// Run the first or another full sync.
    RunFullSync,
    /// Resend all objects.
    ResendObjects,
    /// Review the plan, then override the safeguard.
    ReviewPlan,
    /// Review the prune plan, then override the safeguard.
    ReviewPrune,
    /// Fix the cause of failed events, then replay them.
    ReplayEvents,
    /// Review the rejected records.
    ReviewRejectedRecords,
    /// Review the messages of recent runs.
    ReviewRuns,
    /// Run the checks.
    RunChecks,
    /// Wait: the daemon retries.
    Wait,
    /// Correct a setting of the connection.
    CorrectSetting {
        /// Its key below `connections.NAME`.
        key: String,
    },
    /// Correct the scope conditions.
    CorrectScope,
    /// Add an Atlassian account, or let the import remove empty values.
    AddAtlassianAccount,

    // In Okta.
    /// Grant API scopes to the app.
    GrantApiScopes {
        /// The scope; `None` for those that the connection requires.
        scope: Option<String>,
    },
    /// Assign an admin role to the app.
    AssignAdminRole,
    /// Check the client ID, the app type, and the registered key.
    CheckOktaCredentials,
    /// Register the public key, or set the key ID that Okta shows.
    RegisterPublicKey,
    /// Allow this host's network zone for the app.
    AllowNetworkZone,
    /// Set the org's own URL.
    CorrectOrgUrl,
    /// Raise the app's share of the rate limit.
    RaiseRateLimit,
    /// Let Okta enable the feature.
    EnableOktaFeature,
    /// Correct the named field of the object in Okta.
    CorrectObjectInOkta,
    /// Find out if the object was deleted, or isn't in the resource set of the app's role.
    CheckObjectAndResourceSet,

    // In Assets.
    /// Enable the import source.
    EnableImportSource,
    /// Set the whole import token of the import source, or generate a new one.
    RenewImportToken,
    /// Check the email and the API token of the Atlassian account.
    CheckAtlassianCredentials,
    /// Add this host to the site's IP allowlist.
    AllowIpAddress,
    /// Use a plan that includes Assets.
    CheckAtlassianPlan,
    /// Give the account a role on the object schema.
    GrantSchemaRole,
    /// Use the import token of this import source, or an account.
    UseOtherCredential,
    /// Set missing objects to Ignore in the import's mapping.
    IgnoreMissingObjects,
    /// Correct the attribute in Assets.
    CorrectAttribute,
    /// Rename the object type or attribute; the mapping follows.
    RenameInAssets {
        /// The name by Okta's schema.
        name: String,
    },
    /// Delete or rename the other object type or attribute of the name, then rename this one.
    FreeName {
        /// The name by Okta's schema.
        name: String,
    },
    /// Delete the attribute with its values; the next sync creates it again.
    DeleteAttributeToRecreate,
    /// Choose the type of the attribute in the mapping options, or delete the attribute.
    MapAttributeType {
        /// The type in Assets.
        kind: String,
    },
    /// Raise the maximum cardinality of the attribute.
    SetCardinality {
        /// The maximum; `None` for unlimited.
        maximum: Option<u32>,
    },
    /// Lower the minimum cardinality of the attribute.
    SetMinimumCardinality {
        /// The minimum.
        minimum: u32,
    },
    /// Make the attribute the label of its object type.
    SetLabel,
    /// Change if values of the attribute are unique.
    SetUnique {
        /// True if they should be.
        unique: bool,
    },
    /// Allow statuses of the attribute.
    AllowStatuses {
        /// Those.
        statuses: Vec<String>,
    },
    /// Delete the object type or attribute, if its values aren't needed.
    DeleteInAssets,
    /// Exclude the attribute in the mapping options, so that it isn't added again.
    ExcludeAttribute,
    /// Include the attribute in the mapping options by its name.
    IncludeAttribute {
        /// The attribute in Okta.
        attribute: String,
    },
    /// Delete unused objects, or raise the object limit.
    RaiseObjectLimit,
    /// Set the site's own URL.
    CorrectSiteUrl,
    /// Wait for the execution, or cancel it in Assets.
    ReviewExecution,
    /// Read the import's history in Assets, then run setup.
    ReviewImportHistory,

    // Of the host and the network.
    /// Set the clock and enable NTP.
    SetClock,
    /// Free disk space, or move the state store.
    FreeDiskSpace,
    /// Restore the state store, or start with an empty one.
    RestoreStore,
    /// Check the proxy's address and credentials.
    CheckProxy,
    /// Let the firewall or gateway pass requests to the service.
    AllowRequests {
        /// The service.
        service: Service,
    },
    /// Check the network between this host and the service.
    CheckNetwork {
        /// The service.
        service: Service,
    },
    /// Find a proxy or gateway that changes responses.
    CheckGateway {
        /// The service.
        service: Service,
    },
    /// Check the service's status page, and retry later.
    CheckServiceStatus {
        /// The service.
        service: Service,
    },
}

impl RemedyAction {
    /// The name in JSON.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

impl Remedy {
    pub(super) const fn of_violation(violation: &SafeguardViolation) -> Self {
        match violation {
            SafeguardViolation::TooManyPruned { .. } => Self::ReviewPrune,
            SafeguardViolation::MissingObjectsRemoved => Self::IgnoreMissingObjects,
            _ => Self::ReviewPlan,
        }
    }
}
