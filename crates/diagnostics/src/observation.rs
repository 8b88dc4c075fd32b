//! Observations of checks, as values.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sync_engine::{Service, SiteFact};
use sync_model::{ObjectKind, ReferenceForm};

use crate::area::CheckArea;

/// The purpose of an API scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ScopePurpose {
    /// Reading users and their groups.
    Users,
    /// Reading groups and their members.
    Groups,
    /// Finding the schemas of all user types.
    UserTypes,
    /// Deriving the mapping from the schemas.
    Mapping,
    /// Reading events from the System Log.
    SystemLog,
    /// Checking the event hook.
    EventHook,
    /// Creating the event hook.
    EventHookSetup,
}

/// The reason why Assets doesn't show a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum HiddenBecause {
    /// The connection has no Atlassian account.
    NoAccount,
    /// The Atlassian account may not read it.
    NotPermitted,
    /// Assets doesn't return it; this is normal before the first setup.
    NotReturned,
}

/// An observation of a check that has no finding code. In JSON: `observation`, and its facts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(
    test,
    derive(strum::EnumDiscriminants),
    strum_discriminants(derive(strum::EnumIter, PartialOrd, Ord))
)]
#[serde(tag = "observation", rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names of facts say what they are")]
pub enum Observation {
    // Of any check.
    /// Another check has to pass first.
    Requires { area: Option<CheckArea>, check: Cow<'static, str> },
    /// No response arrived in time.
    NoResponse { seconds: u64 },
    /// An operation failed; the text is the error's or the service's own.
    Error { error: String },
    /// The value isn't a URL.
    InvalidUrl,
    /// A host responds.
    Responds { host: String, is_encrypted: bool, proxy: Option<String> },
    /// A host responds, but not as the service does.
    UnexpectedResponse { service: Service, host: String, status: u16, proxy: Option<String> },
    /// A setting turns the feature off.
    TurnedOff { setting: Cow<'static, str> },

    // Configuration and state store.
    /// The configuration file manages the connection.
    ManagedByFile { file: String },
    /// The console manages the connection.
    ManagedByConsole,
    /// An environment variable has no effect.
    VariableIgnored { name: String, reason: Cow<'static, str> },
    /// Other users can read a file with a secret.
    FileExposed { file: String, mode: String },
    /// The state store is up to date, writable, and undamaged.
    StoreSound { path: String },
    /// The state store doesn't exist yet.
    StoreMissing { path: String },
    /// The state store lacks migrations.
    StoreOutdated { path: String, migrations: u64 },
    /// A newer version or another program wrote the state store.
    StoreForeign { path: String },
    /// Another process locks the state store.
    StoreLocked { path: String, holder: Option<String> },
    /// The state store can't be opened.
    StoreUnusable { path: String, error: String },
    /// The content of the state store couldn't be checked.
    StoreUnread { path: String, error: String },
    /// The check of the content didn't finish.
    StoreUnverified { path: String, seconds: u64 },
    /// The state of the state store is unknown to this version.
    StoreUnrecognized { path: String },

    // The daemon and its listeners.
    /// A process runs the connection.
    Running,
    /// The lock beside the state store can't be read.
    LockUnreadable,
    /// An address is free.
    AddressFree { address: String },
    /// The daemon listens on an address.
    AddressOfDaemon { address: String },
    /// Another program listens on an address.
    AddressInUse { address: String },
    /// An address can't be used.
    AddressUnusable { address: String, error: String },
    /// No alert webhook is configured.
    AlertsInLog,
    /// The URL of the alert webhook has no host.
    AlertHostMissing,
    /// The host of the alert webhook accepts connections.
    AlertHostReachable,
    /// The host of the alert webhook can't be reached.
    AlertHostUnreachable { error: String },

    // The org and the app.
    /// The clocks agree.
    ClockCorrect,
    /// The response has no date.
    ClockUnknown,
    /// The URL redirects, as the URL of the Okta Admin Console does.
    Redirects { host: String, proxy: Option<String> },
    /// The org responds with an error.
    OrgUnavailable { host: String, status: u16, proxy: Option<String> },
    /// An org without an ID responds.
    Org { host: String },
    /// The URL is the org's own.
    OwnDomain { org: String },
    /// The URL is a custom domain of the org.
    CustomDomain { org: String, own: String },
    /// Okta accepts the credentials.
    CredentialsAccepted { client_id: String, key_id: Option<String> },
    /// Okta has no app with the client ID.
    ClientUnknown { client_id: String },
    /// The app has no active key with the ID; without an ID, it has no key or several.
    KeyUnknown { key_id: Option<String> },
    /// The registered key is another one.
    KeyDiffers { key_id: Option<String> },
    /// The token is bound to a key of this process.
    TokenBound,
    /// The token is a bearer token.
    TokenUnbound,
    /// The API scope is granted.
    ApiScopeGranted { purpose: ScopePurpose },
    /// The optional API scope isn't granted.
    ApiScopeOptional,
    /// The API scope isn't granted.
    ApiScopeMissing { purpose: ScopePurpose },
    /// The settings don't request the API scope.
    ApiScopeNotRequested { purpose: ScopePurpose },
    /// The connection doesn't require the API scope.
    ApiScopeNotRequired,
    /// Users and groups can be read; links in lists may name other hosts.
    DirectoryReadable { other_origins: Vec<String> },
    /// The list of users is empty, as for an app without a role.
    NoUsers,
    /// The list of groups is empty, although every org has a group.
    NoGroups,
    /// The schemas can be read.
    SchemasReadable { user_types: Vec<String> },
    /// The System Log can be read.
    SystemLogReadable,
    /// The System Log isn't read.
    SystemLogUnused,
    /// The lowest rate limit of the app.
    RateLimit { requests_per_minute: u64, bucket: String },
    /// No response named a rate limit.
    RateLimitUnknown,
    /// All users and groups are in scope.
    ScopeUnlimited,
    /// The org has all items of the scope.
    ScopeResolved,
    /// The user types of the org.
    UserTypes { names: Vec<String> },

    // The event hook.
    /// The connection uses no event hook.
    EventHookUnused,
    /// Okta has the event hook.
    EventHookExists { name: String, id: String },
    /// The event hook is active.
    EventHookActive,
    /// The event hook is verified.
    EventHookVerified,
    /// Okta delivers to the public URL.
    EventHookDelivers { url: String },
    /// Okta has the expected secret.
    EventHookSecretMatches,
    /// The event hook subscribes to all required event types.
    EventTypesComplete { event_types: u64 },
    /// The public URL responds to a verification request.
    EventHookResponds { url: String },
    /// The public URL responds, but not as the daemon does.
    EventHookMisdirected { url: String, status: u16 },

    // The import source.
    /// Assets accepts the import token.
    TokenAccepted,
    /// The import source is idle.
    ImportSourceIdle,
    /// The import source processes an execution.
    ImportSourceBusy,
    /// The import source has no object types and mapping yet.
    ImportSourceEmpty,
    /// The import source is disabled.
    ImportSourceDisabled,
    /// The import source is in a state that this version doesn't support.
    ImportSourceState { state: String },
    /// Object types and attributes match Okta's schemas.
    SchemaMatches { object_types: u64, attributes: u64 },
    /// Attributes with several values accept any number of them.
    CardinalityUnlimited,
    /// Assets doesn't show the value.
    Hidden { because: HiddenBecause },
    /// The import removes empty values.
    EmptyValuesRemoved,
    /// The import ignores empty values; the Atlassian account clears them.
    EmptyValuesCleared,
    /// The import ignores empty values, so they remain in Assets.
    EmptyValuesKept,
    /// The import adds unknown values.
    UnknownValuesAdded,
    /// The import ignores unknown values; the mapping has no select attributes.
    UnknownValuesUnused,
    /// The import drops unknown values of select attributes.
    UnknownValuesDropped,
    /// The import keeps objects that it doesn't contain.
    MissingObjectsKept,
    /// The objects of the site, and those that a plan includes.
    SiteObjects { objects: u64, included: u64 },
    /// The import source wasn't tested.
    SelfTestMissing,
    /// A self-test proved the form of several references.
    SelfTested { form: ReferenceForm, tested_at: Timestamp },
    /// A fact that the self-test found.
    SiteFact { fact: SiteFact },
    /// The Atlassian account can read the import source.
    AccountAccepted,
    /// The connection has no Atlassian account.
    AccountMissing,
    /// The site of the Atlassian account has another workspace than the import source.
    WorkspaceDiffers,
    /// Objects can't be read without an Atlassian account.
    ObjectsHidden,
    /// No objects were sent yet.
    NothingSent,
    /// Assets has all confirmed objects.
    ObjectsComplete { objects: BTreeMap<ObjectKind, u64> },
    /// Assets lacks confirmed objects.
    ObjectsMissing { kind: ObjectKind, present: u64, confirmed: u64 },
}

impl Observation {
    /// The error in its own words, with its causes.
    pub(super) fn error(error: &(dyn std::error::Error + 'static)) -> Self {
        Self::Error { error: sync_engine::error_chain(error) }
    }
}
