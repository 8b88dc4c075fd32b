//! Checks that the configured scope exists in the org.

use okta_client::{Error, OktaClient};
use schema_mapper::{OrgSchemas, SyncScope};

use super::check::{Check, CheckArea, Item};
use super::okta::SCHEMAS;
use crate::ConnectionConfig;
use crate::adapters::{UnknownChoice, unknown_groups, unknown_names};

const SELECTION: Item = Item::new("okta.scope", CheckArea::Okta, "Users and groups in scope");

/// Checks the user types and groups that the scope names.
pub(super) async fn look(
    connection: &ConnectionConfig,
    client: Result<&OktaClient, Item>,
    schemas: Option<&OrgSchemas>,
) -> Check {
    if connection.scope == SyncScope::default() {
        return SELECTION.ok("all users and groups");
    }
    let (client, schemas) = match (client, schemas) {
        (Ok(client), Some(schemas)) => (client, schemas),
        (Err(needed), _) => return SELECTION.needs(needed),
        (Ok(_), None) => return SELECTION.needs(SCHEMAS),
    };
    SELECTION.within(check(connection, client, schemas)).await
}

async fn check(connection: &ConnectionConfig, client: &OktaClient, schemas: &OrgSchemas) -> Check {
    let users = &connection.scope.users;
    let key = |key: &str| format!("connections.{}.scope.users.{key}", connection.name);
    let unknown = match unknown_names(users, schemas).into_iter().next() {
        Some(unknown) => Some(unknown),
        None => match unknown_groups(users, client).await {
            Ok(groups) => groups.into_iter().next(),
            Err(error) => return failed(&error),
        },
    };
    let Some(unknown) = unknown else {
        return SELECTION.ok("narrowed; all names in the scope exist in Okta");
    };
    let remedy = match &unknown {
        UnknownChoice::UserType(_) => {
            let names =
                schemas.user_types.iter().flat_map(|t| [&t.user_type.name, &t.user_type.display_name]);
            let known: Vec<&str> = names.map(String::as_str).filter(|name| !name.is_empty()).collect();
            format!("correct {}; there is {}", key("types"), known.join(", "))
        }
        UnknownChoice::Attribute(_) => {
            format!("correct {}: it takes variable names, as the Profile Editor shows them", key("profile"))
        }
        UnknownChoice::Group(_) => {
            format!("correct {}: the id is in the address of the group's page", key("member_of"))
        }
    };
    SELECTION.problem(format!("Okta has no {unknown}"), remedy)
}

fn failed(error: &Error) -> Check {
    let remedy = super::okta::remedy(error);
    SELECTION.problem(crate::error_chain(error), remedy)
}
