//! The app's permissions in the org: credentials, API scopes, role, and readable data.

use jiff::{SignedDuration, Timestamp};
use okta_client::{Error, GroupQuery, LogStart, OktaClient, UserQuery};
use schema_mapper::OrgSchemas;
use sync_engine::{Remedy, Service};

use super::check::{Check, CheckArea, Item};
use crate::adapters::org_schemas;
use crate::adapters::remedy::of_okta;
use crate::config::EventSource;
use crate::connection::private_key;
use crate::events::log_filter;
use crate::{Connection, ConnectionConfig, words};

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

/// A scope, and what lacks it.
struct Scope {
    item: Item,
    name: &'static str,
    feature: &'static str,
}

const SCOPES: [Scope; 7] = [
    Scope { item: USERS, name: "okta.users.read", feature: "reading users and their groups" },
    Scope { item: GROUPS, name: "okta.groups.read", feature: "reading groups and their members" },
    Scope { item: TYPES, name: "okta.userTypes.read", feature: "finding the schemas of all user types" },
    Scope { item: META, name: "okta.schemas.read", feature: "the mapping, which follows the schemas" },
    Scope { item: LOGS, name: "okta.logs.read", feature: "events from the System Log" },
    Scope { item: HOOKS, name: "okta.eventHooks.read", feature: "looking after the event hook" },
    Scope { item: MANAGE, name: "okta.eventHooks.manage", feature: "setting the event hook up" },
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
pub(super) async fn look(connection: &ConnectionConfig, client: Result<&OktaClient, Item>) -> App {
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
    // A scope that is lacking says nothing about the role.
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
                    LOG.without("not read: events come from the hook alone")
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
    /// Said in place of the check when this connection does without.
    fn unneeded(&self, connection: &ConnectionConfig) -> Option<Check> {
        let unneeded = match self.item.id {
            id if id == LOGS.id => connection.event_source == EventSource::EventHook,
            id if id == HOOKS.id || id == MANAGE.id => !Connection::wants_hook(connection),
            _ => false,
        };
        unneeded
            .then(|| self.item.without(format!("not needed: this connection does without {}", self.feature)))
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
        let manages = self.item.id == MANAGE.id;
        match (granted, manages) {
            (true, true) => self.item.ok("granted; only `setup` takes it"),
            (true, false) => self.item.ok("granted"),
            (false, true) => self
                .item
                .ok("not granted; only `setup` requires it to create the event hook; `setup --manual-event-hook` doesn't"),
            (false, false) if asked_for => self.item.problem(
                format!("not granted: it lacks {}", self.feature),
                format!("in the Admin Console: Applications, the app, Okta API Scopes, Grant {}", self.name),
            ),
            (false, false) => self.item.problem(
                format!("not asked for: it lacks {}", self.feature),
                format!("add it to connections.{}.okta.api_scopes, or leave that out", connection.name),
            ),
        }
    }
}

/// The ID that the key is sent under.
fn kid(connection: &ConnectionConfig) -> Option<String> {
    private_key(&connection.okta).ok()?.kid().map(str::to_owned)
}

fn accepted(connection: &ConnectionConfig) -> Check {
    let client = &connection.okta.client_id;
    CREDENTIALS.ok(match kid(connection) {
        Some(kid) => format!("the app {client} signs in with the key {kid}"),
        None => format!("the app {client} signs in with its only key; no key ID is sent"),
    })
}

/// The remedy for a key that Okta does not find: an ID says nothing about the key itself.
fn unknown_key(connection: &ConnectionConfig, kid: Option<&str>) -> String {
    let setting = format!("connections.{}.okta.key_id", connection.name);
    let list = "in the Okta Admin Console, Applications, the app, General, Client Credentials, PUBLIC KEYS";
    match kid {
        Some(kid) => format!(
            "registered under another ID? {list}, see the key's ID, and set it as {setting}; not registered? add the \
             public key there; the ID {kid} is not that of an active key of the app"
        ),
        None => format!(
            "no key ID was sent, and the app has several keys or none: {list}, see the key's ID, and set it as \
             {setting}; not registered? add the public key there"
        ),
    }
}

/// The reason for which the token endpoint rejects the app, as far as it's known.
fn refused(connection: &ConnectionConfig, error: &Error) -> Check {
    let told = crate::error_chain(error);
    let name = &connection.name;
    let client = &connection.okta.client_id;
    let kid = kid(connection);
    let remedy = match error {
        Error::Credentials { error: code, description } if code == "invalid_client" => {
            let words = description.to_lowercase();
            let says = |any: &[&str]| any.iter().any(|word| words.contains(word));
            if says(&["kid", "jwks"]) {
                Some(unknown_key(connection, kid.as_deref()))
            } else if says(&["signature"]) {
                let registered = kid.map_or_else(|| "at the app".to_owned(), |kid| format!("as {kid}"));
                Some(format!(
                    "the key that is registered {registered} is another one: give its private key as \
                     connections.{name}.okta.private_key, or set the ID of this one as connections.{name}.okta.key_id"
                ))
            } else if says(&["client id", "no such client", "client_id", "issuer", "subject"]) {
                Some(format!(
                    "check connections.{name}.okta.client_id, which is {client}: in the Admin Console, Applications, \
                     the app, General, Client ID"
                ))
            } else if says(&["future", "expired", "expiration"]) {
                Some("set this machine's clock, and keep it right with NTP".to_owned())
            } else {
                None
            }
        }
        _ => None,
    };
    CREDENTIALS.problem(told, remedy.unwrap_or_else(|| self::remedy(error)))
}

async fn bound(client: &OktaClient) -> Check {
    match client.is_bound().await {
        Ok(true) => DPOP.ok("the token is bound to a key of this process"),
        Ok(false) => DPOP.warning(
            "a bearer token: whoever gets hold of one can use it",
            "in the Admin Console: Applications, the app, General, Proof of possession: require the DPoP header in \
             token requests",
        ),
        Err(error) => failed(DPOP, &error),
    }
}

/// The remedy for an error of Okta, in words.
pub(super) fn remedy(error: &Error) -> String {
    let later = Remedy::CheckServiceStatus { service: Service::Okta };
    words::remedy(&error.remedy().map_or(later, of_okta))
}

/// A refusal with its remedy.
fn failed(item: Item, error: &Error) -> Check {
    let remedy = remedy(error);
    item.problem(crate::error_chain(error), remedy)
}

/// An app without a role gets an empty list of users and a refusal of everything else.
async fn role(client: &OktaClient) -> Check {
    let remedy = "in the Admin Console: Applications, the app, Admin roles, Edit assignments: assign Read-only \
                  Administrator, or a custom role whose resource set holds all users and groups";
    let (users, groups) = (
        UserQuery { limit: Some(1), ..UserQuery::default() },
        GroupQuery { limit: Some(1), ..GroupQuery::default() },
    );
    let handles = (client.users(), client.groups());
    let (users, groups) = tokio::join!(handles.0.page(&users), handles.1.page(&groups));
    match (users, groups) {
        (Ok(users), _) if users.items.is_empty() && users.unreadable.is_empty() => {
            ROLE.problem("the list of users is empty, as it is for an app without a role", remedy)
        }
        (Err(error @ Error::MissingAdminRole { .. }), _)
        | (_, Err(error @ Error::MissingAdminRole { .. })) => ROLE.problem(error.to_string(), remedy),
        (Err(error), _) | (_, Err(error)) => failed(ROLE, &error),
        (Ok(_), Ok(groups)) if groups.items.is_empty() && groups.unreadable.is_empty() => ROLE.problem(
            "users can be read, and the list of groups is empty, though every org has Everyone",
            remedy,
        ),
        (Ok(_), Ok(_)) => match client.other_origins().as_slice() {
            [] => ROLE.ok("users and groups can be read"),
            origins => ROLE.ok(format!(
                "users and groups can be read; the links in Okta's lists name {}, and org_url is asked",
                origins.join(", ")
            )),
        },
    }
}

async fn read_schemas(client: &OktaClient) -> (Check, Option<OrgSchemas>) {
    match SCHEMAS.timed(org_schemas(client)).await {
        Ok(Ok(schemas)) => {
            let types: Vec<&str> = schemas.user_types.iter().map(|t| t.user_type.name.as_str()).collect();
            let check = SCHEMAS.ok(format!("of groups, and of the user types {}", types.join(", ")));
            (check, Some(schemas))
        }
        Ok(Err(error @ Error::MissingAdminRole { .. })) => {
            let check = SCHEMAS.problem(
                error.to_string(),
                "in the Admin Console: Applications, the app, Admin roles, Edit assignments: add a role that may view \
                 profile schemas: Application Administrator, Organization Administrator, or a custom role with \
                 okta.apps.manage",
            );
            (check, None)
        }
        Ok(Err(error)) => (failed(SCHEMAS, &error), None),
        Err(late) => (late, None),
    }
}

async fn log(client: &OktaClient) -> Check {
    let minute = SignedDuration::from_mins(1);
    let since = Timestamp::now().checked_sub(minute).unwrap_or_default();
    match client.logs().poll(&LogStart::Since { since, filter: Some(log_filter()) }).await {
        Ok(_) => LOG.ok("can be read"),
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
        return RATE.unknown("no answer has told a limit", "look again once the org can be read");
    };
    let seen = format!("at least {} requests a minute, in the bucket {bucket}", least.limit);
    if least.limit < LOW_SHARE {
        RATE.warning(
            seen,
            "a full sync takes long: in the Admin Console, Applications, the app, Application rate limits, raise the \
             app's share; or ask Okta for a higher limit of the org",
        )
    } else {
        RATE.ok(seen)
    }
}
