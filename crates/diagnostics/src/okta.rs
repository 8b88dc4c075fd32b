//! The app's permissions in the org: credentials, API scopes, role, and readable data.

use connectors::remedy::of_okta;
use connectors::{log_filter, org_schemas};
use jiff::SignedDuration;
use okta_client::{Error, GroupQuery, LogStart, OktaClient, UserQuery};
use schema_mapper::OrgSchemas;
use sync_config::{ConnectionConfig, EventSource, private_key};
use sync_engine::{Clock, Remedy, Service, SystemClock};

use crate::area::CheckArea;
use crate::check::{Check, Item};
use crate::observation::{Observation, ScopePurpose};

pub(super) const CREDENTIALS: Item = Item::new("okta.credentials", CheckArea::Okta, "Credentials");
const DPOP: Item = Item::new("okta.dpop", CheckArea::Okta, "DPoP-bound token");
pub(super) const ROLE: Item = Item::new("okta.role", CheckArea::Okta, "Admin role");
pub(super) const SCHEMAS: Item = Item::new("okta.schemas", CheckArea::Okta, "Schemas");
const LOG: Item = Item::new("okta.log", CheckArea::Okta, "System Log");
const RATE: Item = Item::new("okta.rate_limit", CheckArea::RateLimits, "App rate limit");

const USERS: Item = Item::new("okta.api_scope.users", CheckArea::Okta, "okta.users.read");
const GROUPS: Item = Item::new("okta.api_scope.groups", CheckArea::Okta, "okta.groups.read");
const TYPES: Item = Item::new("okta.api_scope.user_types", CheckArea::Okta, "okta.userTypes.read");
const META: Item = Item::new("okta.api_scope.schemas", CheckArea::Okta, "okta.schemas.read");
const LOGS: Item = Item::new("okta.api_scope.logs", CheckArea::Okta, "okta.logs.read");
pub(super) const HOOKS: Item =
    Item::new("okta.api_scope.event_hooks_read", CheckArea::Okta, "okta.eventHooks.read");
const MANAGE: Item =
    Item::new("okta.api_scope.event_hooks_manage", CheckArea::Okta, "okta.eventHooks.manage");

/// The requests per minute below which a full sync of a medium-sized org lasts hours.
const LOW_SHARE: u64 = 100;

/// An API scope with its purpose.
struct Scope {
    item: Item,
    name: &'static str,
    purpose: ScopePurpose,
}

const SCOPES: [Scope; 7] = [
    Scope { item: USERS, name: "okta.users.read", purpose: ScopePurpose::Users },
    Scope { item: GROUPS, name: "okta.groups.read", purpose: ScopePurpose::Groups },
    Scope { item: TYPES, name: "okta.userTypes.read", purpose: ScopePurpose::UserTypes },
    Scope { item: META, name: "okta.schemas.read", purpose: ScopePurpose::Mapping },
    Scope { item: LOGS, name: "okta.logs.read", purpose: ScopePurpose::SystemLog },
    Scope { item: HOOKS, name: "okta.eventHooks.read", purpose: ScopePurpose::EventHook },
    Scope { item: MANAGE, name: "okta.eventHooks.manage", purpose: ScopePurpose::EventHookSetup },
];

/// The results, and the data that other checks use.
pub(super) struct App {
    pub(super) checks: Vec<Check>,
    /// The schemas, where they can be read.
    pub(super) schemas: Option<OrgSchemas>,
    /// The missing prerequisite of event hooks.
    pub(super) hooks_need: Option<Item>,
}

/// Checks the app's permissions. `client` is `None` if the configuration provides none.
pub(super) async fn check(connection: &ConnectionConfig, client: Result<&OktaClient, Item>) -> App {
    let client = match client {
        Ok(client) => client,
        Err(needed) => return nothing(connection, CREDENTIALS.needs(needed)),
    };
    let (credentials, granted) = match CREDENTIALS.timed(client.missing_scopes()).await {
        Ok(Ok(missing)) => (accepted(connection), missing),
        Ok(Err(error)) => return nothing(connection, refused(connection, &error)),
        Err(late) => return nothing(connection, late),
    };
    let dpop = DPOP.within(bound(client)).await;
    let scopes: Vec<Check> = SCOPES.iter().map(|scope| scope.check(connection, &granted)).collect();
    let lacks = |item: Item| {
        scopes.iter().any(|check| check.id == item.id && check.status == super::CheckStatus::Failed)
    };
    let role = match [USERS, GROUPS].into_iter().find(|item| lacks(*item)) {
        Some(needed) => ROLE.needs(needed),
        None => ROLE.within(role(client)).await,
    };
    // A missing scope says nothing about the role.
    let needs_role = (role.status == super::CheckStatus::Failed).then_some(ROLE);
    let needs = |items: &[Item]| items.iter().copied().find(|item| lacks(*item)).or(needs_role);
    let (schemas, log) = tokio::join!(
        async {
            match needs(&[TYPES, META]) {
                Some(needed) => (SCHEMAS.needs(needed), None),
                None => read_schemas(client).await,
            }
        },
        async {
            match needs(&[LOGS]) {
                _ if connection.event_source == EventSource::EventHook => {
                    LOG.without(Observation::SystemLogUnused)
                }
                Some(needed) => LOG.needs(needed),
                None => LOG.within(log(client)).await,
            }
        }
    );
    let hooks_need = needs(&[HOOKS]);
    let (schemas_check, schemas) = schemas;
    let mut checks = vec![credentials, dpop];
    checks.extend(scopes);
    checks.extend([role, schemas_check, log]);
    App { checks, schemas, hooks_need }
}

/// The checks without a sign-in: nothing else can be checked.
fn nothing(connection: &ConnectionConfig, credentials: Check) -> App {
    let mut checks = vec![credentials, DPOP.needs(CREDENTIALS)];
    checks.extend(
        SCOPES
            .iter()
            .map(|scope| scope.unneeded(connection).unwrap_or_else(|| scope.item.needs(CREDENTIALS))),
    );
    checks.extend([ROLE, SCHEMAS, LOG].map(|item| item.needs(CREDENTIALS)));
    App { checks, schemas: None, hooks_need: Some(CREDENTIALS) }
}

impl Scope {
    /// The reason for skipping the check, if this connection doesn't need it.
    fn unneeded(&self, connection: &ConnectionConfig) -> Option<Check> {
        let unneeded = match self.purpose {
            ScopePurpose::SystemLog => connection.event_source == EventSource::EventHook,
            ScopePurpose::EventHook | ScopePurpose::EventHookSetup => !connection.wants_hook(),
            _ => false,
        };
        unneeded.then(|| self.item.without(Observation::ApiScopeNotRequired))
    }

    fn check(&self, connection: &ConnectionConfig, missing: &[String]) -> Check {
        if let Some(unneeded) = self.unneeded(connection) {
            return unneeded;
        }
        let asked = &connection.okta.api_scopes;
        let managed = self.name.replace(".read", ".manage");
        let asked_for =
            asked.is_empty() || asked.iter().any(|scope| *scope == self.name || *scope == managed);
        let granted = asked_for && !missing.iter().any(|scope| scope == self.name);
        let (purpose, scope) = (self.purpose, self.name.to_owned());
        if granted {
            self.item.ok(Observation::ApiScopeGranted { purpose })
        } else if purpose == ScopePurpose::EventHookSetup {
            self.item.ok(Observation::ApiScopeOptional)
        } else if asked_for {
            let remedy = Remedy::GrantApiScopes { scope: Some(scope) };
            self.item.problem([Observation::ApiScopeMissing { purpose }], [remedy])
        } else {
            let remedy = Remedy::RequestApiScope { scope };
            self.item.problem([Observation::ApiScopeNotRequested { purpose }], [remedy])
        }
    }
}

/// The ID that the key is sent under.
fn kid(connection: &ConnectionConfig) -> Option<String> {
    private_key(&connection.okta).ok()?.kid().map(str::to_owned)
}

fn accepted(connection: &ConnectionConfig) -> Check {
    let client_id = connection.okta.client_id.clone();
    CREDENTIALS.ok(Observation::CredentialsAccepted { client_id, key_id: kid(connection) })
}

/// The reason for which the token endpoint rejects the app, as far as it's known.
fn refused(connection: &ConnectionConfig, error: &Error) -> Check {
    match cause(connection, error) {
        Some((cause, remedy)) => {
            CREDENTIALS.problem([Observation::error(error)].into_iter().chain(cause), [remedy])
        }
        None => failed(CREDENTIALS, error),
    }
}

/// The cause that Okta's description of an error names.
fn cause(connection: &ConnectionConfig, error: &Error) -> Option<(Option<Observation>, Remedy)> {
    let description = match error {
        Error::Credentials { error: code, description } if code == "invalid_client" => {
            description.to_lowercase()
        }
        _ => return None,
    };
    let says = |any: &[&str]| any.iter().any(|word| description.contains(word));
    let key_id = kid(connection);
    if says(&["kid", "jwks"]) {
        Some((Some(Observation::KeyUnknown { key_id }), Remedy::RegisterPublicKey))
    } else if says(&["signature"]) {
        Some((Some(Observation::KeyDiffers { key_id }), Remedy::RegisterPublicKey))
    } else if says(&["client id", "no such client", "client_id", "issuer", "subject"]) {
        let client_id = connection.okta.client_id.clone();
        let correct = Remedy::CorrectSetting { key: "okta.client_id".to_owned() };
        Some((Some(Observation::ClientUnknown { client_id }), correct))
    } else if says(&["future", "expired", "expiration"]) {
        Some((None, Remedy::SetClock))
    } else {
        None
    }
}

async fn bound(client: &OktaClient) -> Check {
    match client.is_bound().await {
        Ok(true) => DPOP.ok(Observation::TokenBound),
        Ok(false) => DPOP.warning([Observation::TokenUnbound], [Remedy::RequireDpop]),
        Err(error) => failed(DPOP, &error),
    }
}

/// A rejection with its remedy.
pub(super) fn failed(item: Item, error: &Error) -> Check {
    let later = Remedy::CheckServiceStatus { service: Service::Okta };
    item.problem([Observation::error(error)], [error.remedy().map_or(later, of_okta)])
}

/// An app without a role gets an empty list of users and a rejection of everything else.
async fn role(client: &OktaClient) -> Check {
    let lacking = |seen| ROLE.problem([seen], [Remedy::AssignAdminRole]);
    let (users, groups) = (
        UserQuery { limit: Some(1), ..UserQuery::default() },
        GroupQuery { limit: Some(1), ..GroupQuery::default() },
    );
    let handles = (client.users(), client.groups());
    let (users, groups) = tokio::join!(handles.0.page(&users), handles.1.page(&groups));
    match (users, groups) {
        (Ok(users), _) if users.items.is_empty() && users.unreadable.is_empty() => {
            lacking(Observation::NoUsers)
        }
        (Err(error @ Error::MissingAdminRole { .. }), _)
        | (_, Err(error @ Error::MissingAdminRole { .. })) => lacking(Observation::error(&error)),
        (Err(error), _) | (_, Err(error)) => failed(ROLE, &error),
        (Ok(_), Ok(groups)) if groups.items.is_empty() && groups.unreadable.is_empty() => {
            lacking(Observation::NoGroups)
        }
        (Ok(_), Ok(_)) => {
            let other_origins = client.other_origins().iter().map(ToString::to_string).collect();
            ROLE.ok(Observation::DirectoryReadable { other_origins })
        }
    }
}

async fn read_schemas(client: &OktaClient) -> (Check, Option<OrgSchemas>) {
    match SCHEMAS.timed(org_schemas(client)).await {
        Ok(Ok(schemas)) => {
            let user_types = schemas.user_types.iter().map(|t| t.user_type.name.clone()).collect();
            (SCHEMAS.ok(Observation::SchemasReadable { user_types }), Some(schemas))
        }
        Ok(Err(error @ Error::MissingAdminRole { .. })) => {
            (SCHEMAS.problem([Observation::error(&error)], [Remedy::AssignSchemaRole]), None)
        }
        Ok(Err(error)) => (failed(SCHEMAS, &error), None),
        Err(late) => (late, None),
    }
}

async fn log(client: &OktaClient) -> Check {
    let minute = SignedDuration::from_mins(1);
    let since = SystemClock.now().checked_sub(minute).unwrap_or_default();
    match client.logs().poll(&LogStart::Since { since, filter: Some(log_filter()) }).await {
        Ok(_) => LOG.ok(Observation::SystemLogReadable),
        Err(error) => failed(LOG, &error),
    }
}

/// The rate limit in the headers of all responses.
pub(super) fn rate(client: Result<&OktaClient, Item>) -> Check {
    let client = match client {
        Ok(client) => client,
        Err(needed) => return RATE.needs(needed),
    };
    let state = client.pacer().state();
    let Some((bucket, least)) = state.buckets.iter().min_by_key(|(_, bucket)| bucket.limit) else {
        return RATE.unknown(Observation::RateLimitUnknown, [Remedy::RepeatChecks]);
    };
    let seen = Observation::RateLimit { requests_per_minute: least.limit, bucket: bucket.to_string() };
    if least.limit < LOW_SHARE { RATE.warning([seen], [Remedy::RaiseRateLimit]) } else { RATE.ok(seen) }
}
