//! Checks that the configured scope exists in the org.

use connectors::{UnknownChoice, unknown_groups, unknown_names};
use okta_client::OktaClient;
use schema_mapper::{OrgSchemas, SyncScope};
use sync_config::ConnectionConfig;
use sync_engine::{Fact, Finding};

use crate::area::CheckArea;
use crate::check::{Check, Item};
use crate::observation::Observation;
use crate::okta::SCHEMAS;

const SELECTION: Item = Item::new("okta.scope", CheckArea::Okta, "Users and groups in scope");

/// Checks the user types and groups that the scope names.
pub(super) async fn check(
    connection: &ConnectionConfig,
    client: Result<&OktaClient, Item>,
    schemas: Option<&OrgSchemas>,
) -> Check {
    if connection.scope == SyncScope::default() {
        return SELECTION.ok(Observation::ScopeUnlimited);
    }
    let (client, schemas) = match (client, schemas) {
        (Ok(client), Some(schemas)) => (client, schemas),
        (Err(needed), _) => return SELECTION.needs(needed),
        (Ok(_), None) => return SELECTION.needs(SCHEMAS),
    };
    SELECTION.within(check_scope(connection, client, schemas)).await
}

async fn check_scope(connection: &ConnectionConfig, client: &OktaClient, schemas: &OrgSchemas) -> Check {
    let users = &connection.scope.users;
    let mut unknown = unknown_names(users, schemas);
    if unknown.is_empty() {
        match unknown_groups(users, client).await {
            Ok(groups) => unknown = groups,
            Err(error) => return super::okta::failed(SELECTION, &error),
        }
    }
    if unknown.is_empty() {
        return SELECTION.ok(Observation::ScopeResolved);
    }
    let names = unknown.iter().map(ToString::to_string).collect();
    let failed = SELECTION.failed(vec![Finding::error(Fact::ScopeUnresolved { names })]);
    if !unknown.iter().any(|unknown| matches!(unknown, UnknownChoice::UserType(_))) {
        return failed;
    }
    let types = schemas.user_types.iter().flat_map(|t| [&t.user_type.name, &t.user_type.display_name]);
    let names = types.filter(|name| !name.is_empty()).cloned().collect();
    failed.with(Observation::UserTypes { names })
}
