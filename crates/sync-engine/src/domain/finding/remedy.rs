//! Remedies: the action that resolves a finding. Each surface has its own words for them.

use serde::{Deserialize, Serialize};
use strum::{EnumDiscriminants, EnumIter, IntoStaticStr};

use crate::domain::finding::subject::Service;
use crate::domain::violation::SafeguardViolation;

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
    /// Create the event hook manually, because the app isn't permitted to.
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
    /// Review the findings of recent runs.
    ReviewRuns,
    /// Run the checks.
    RunChecks,
    /// Run the checks again.
    RepeatChecks,
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
    /// Exclude attributes with large values from the mapping.
    ReduceRecordSize,
    /// Check the status of the connection.
    CheckStatus,
    /// Check the daemon's log and the status of the connection.
    CheckDaemonLog,
    /// Repeat the operation; it resumes if it can.
    Repeat,
    /// List the stored runs; old runs are deleted.
    ListRuns,
    /// List the stored events; old completed events are deleted.
    ListEvents,
    /// Name the user by Okta user ID or login.
    UseUserIdOrLogin,
    /// Name the group by Okta group ID or name.
    UseGroupIdOrName,
    /// Name the group by Okta group ID.
    UseGroupId,
    /// Add an Atlassian account to the connection.
    SetAtlassianAccount,
    /// Run the self-test.
    RunSelfTest,
    /// Add an Atlassian account, or permit that the objects of a self-test remain in Assets.
    KeepTestObjects,
    /// Report the facts of the self-test.
    ReportSelfTest,

    // Of the settings.
    /// Correct the configuration file, or the environment.
    CorrectConfiguration {
        /// The file.
        file: String,
    },
    /// Remove environment variables that have no effect.
    RemoveVariables,
    /// Request an API scope, or all scopes that the connection requires.
    RequestApiScope {
        /// The scope.
        scope: String,
    },
    /// Check the URL of the alert webhook and the network to its host.
    CheckAlertWebhook,
    /// Forward the public URL to the daemon.
    ExposeDaemon {
        /// The address that the daemon listens on.
        listen: String,
    },
    /// Create a configuration file, or name the existing one.
    CreateConfiguration,
    /// Create a connection, in the configuration file or in the console.
    CreateConnection,
    /// Enter the settings of the connection again.
    ReenterSettings,
    /// Enter the secrets of the connection again.
    ReenterSecrets,
    /// Correct the settings, and save again.
    CorrectSettings,
    /// Change the connection in the configuration file, or use another name.
    EditConfiguration,
    /// Use another name for the connection, or edit the one that has it.
    UseOtherConnectionName,
    /// Generate a master key.
    GenerateMasterKey,
    /// Generate a master key, set it, and restart the daemon.
    SetMasterKey,
    /// Set the master key that encrypted the secrets, or enter the secrets again.
    CorrectMasterKey,
    /// Set the daemon's master key for this process, or use the daemon.
    UseDaemonMasterKey {
        /// The URL of the daemon's console; `None` if it isn't known.
        server: Option<String>,
    },
    /// Listen on another address.
    ChooseOtherAddress {
        /// The setting that chose it.
        key: String,
    },
    /// Set a certificate and its private key, both as PEM files.
    SetTlsFiles,
    /// Set up TLS, let a proxy terminate it, or listen on a loopback address.
    EnableTls {
        /// The setting that chose the address.
        key: String,
    },

    // Of exports.
    /// Create a new export.
    CreateExport,
    /// Use another folder, or replace the earlier export.
    ReplaceExport,
    /// Use another folder.
    UseOtherFolder,
    /// Start the export again, and replace its incomplete files.
    RestartExport,

    // Of the daemon.
    /// Stop the process that runs the connection, or use it.
    StopOtherLeader,
    /// Use HTTPS, or HTTP for localhost.
    UseHttps,
    /// Start the daemon, and trust its certificate on this host.
    CheckDaemonReachable,
    /// Use the URL of the daemon's console, and the daemon's version.
    CheckDaemonUrl,
    /// Set an access token of the daemon.
    SetAccessToken,

    // In Okta.
    /// Grant API scopes to the app.
    GrantApiScopes {
        /// The scope; `None` for those that the connection requires.
        scope: Option<String>,
    },
    /// Assign an admin role to the app.
    AssignAdminRole,
    /// Assign an admin role that can view profile schemas to the app.
    AssignSchemaRole,
    /// Require DPoP-bound tokens for the app.
    RequireDpop,
    /// Check the client ID, the app type, and the registered key.
    CheckOktaCredentials,
    /// Register the public key, or set the key ID that Okta shows.
    RegisterPublicKey,
    /// Allow this host's network zone for the app.
    AllowNetworkZone,
    /// Correct the org URL.
    CorrectOrgUrl,
    /// Raise the app's share of the rate limit.
    RaiseRateLimit,
    /// Ask Okta Support to enable the feature.
    EnableOktaFeature,
    /// Correct the named field of the object in Okta.
    CorrectObjectInOkta,
    /// Check if the object still exists and is in the resource set of the app's admin role.
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
    /// Assign the account a role on the object schema.
    GrantSchemaRole,
    /// Use the import token of this import source, or an Atlassian account.
    UseOtherCredential,
    /// Set missing objects to Ignore in the import's mapping.
    IgnoreMissingObjects,
    /// Set empty values to Remove in the import's mapping.
    RemoveEmptyValues,
    /// Set unknown values to Add in the import's mapping, or map the attributes to text.
    AddUnknownValues,
    /// Check the state of the import source.
    ReviewImportSource,
    /// Compare the objects of the site with its limit.
    ReviewObjectLimit,
    /// Correct the attribute in Assets.
    CorrectAttribute,
    /// Rename the object type or attribute; the mapping follows.
    RenameInAssets {
        /// The name according to Okta's schema.
        name: String,
    },
    /// Delete or rename the other object type or attribute with this name, then rename this one.
    FreeName {
        /// The name according to Okta's schema.
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
    /// Change the uniqueness of the attribute.
    SetUnique {
        /// True if they should be.
        unique: bool,
    },
    /// Allow statuses of the attribute.
    AllowStatuses {
        /// The statuses.
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
    /// Correct the site URL.
    CorrectSiteUrl,
    /// Wait for the execution, or cancel it in Assets.
    ReviewExecution,
    /// Read the import's history in Assets, then run setup.
    ReviewImportHistory,

    // Of the host and the network.
    /// Set the clock and enable NTP.
    SetClock,
    /// Restrict the file to its owner.
    RestrictFileAccess {
        /// The file.
        file: String,
    },
    /// Free disk space, or move the state store.
    FreeDiskSpace,
    /// Restore the state store, or start with an empty one.
    RestoreStore,
    /// Replace the damaged state store with a backup, or remove it.
    ReplaceStore,
    /// Stop the program that replaces the state store, and start again.
    StopStoreReplacement,
    /// Keep other programs away from the store's files, start again, and run a full sync.
    ProtectStoreFiles,
    /// Start the version that wrote the state store, or use another state store.
    ReplaceForeignStore,
    /// Let this user write the state store and its folder.
    CheckStoreAccess,
    /// Migrate the state store to this version.
    MigrateStore,
    /// Start the version that migrated the state store.
    StartMigratedVersion,
    /// Wait for the process that locks the state store, or end it.
    ReleaseStoreLock {
        /// The process; `None` if it isn't known.
        pid: Option<u32>,
        /// True if the process is stopped and must be resumed.
        is_stopped: bool,
    },
    /// Check the proxy's address and credentials.
    CheckProxy,
    /// Use a public address, or allow private addresses.
    AllowPrivateAddresses,
    /// Correct the clock, or trust the certificate authority of a proxy that inspects TLS.
    CheckCertificate {
        /// The service.
        service: Service,
    },
    /// Sign in to the network of this host, or use another one.
    SignInToNetwork,
    /// Allow requests to the service in the firewall or gateway.
    AllowRequests {
        /// The service.
        service: Service,
    },
    /// Check the network between this host and the service.
    CheckNetwork {
        /// The service.
        service: Service,
    },
    /// Check if a proxy or gateway changes responses.
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
    /// The name of the action in JSON and logs.
    pub fn as_str(&self) -> &'static str {
        RemedyAction::from(self).into()
    }

    /// True if it replaces a credential or an address of the connection.
    pub const fn changes_credentials(&self) -> bool {
        matches!(
            self,
            Self::RenewImportToken
                | Self::CheckOktaCredentials
                | Self::RegisterPublicKey
                | Self::CorrectOrgUrl
                | Self::CheckAtlassianCredentials
                | Self::CorrectSiteUrl
                | Self::ReenterSecrets
                | Self::ReenterSettings
        )
    }

    pub(crate) const fn of_violation(violation: &SafeguardViolation) -> Self {
        match violation {
            SafeguardViolation::TooManyPruned { .. } => Self::ReviewPrune,
            SafeguardViolation::MissingObjectsRemoved => Self::IgnoreMissingObjects,
            _ => Self::ReviewPlan,
        }
    }
}
