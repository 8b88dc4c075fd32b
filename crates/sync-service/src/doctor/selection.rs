//! Whether what the operator chooses exists in the org.

use okta_client::{Error, OktaClient};
use schema_mapper::{OrgSchemas, Selection};

use super::check::{Area, Check, Item};
use super::okta::SCHEMAS;
use crate::ConnectionConfig;

const SELECTION: Item = Item::new("okta.selection", Area::Okta, "Users and groups");

/// Looks for the user types and groups that the selection names.
pub(super) async fn look(
    connection: &ConnectionConfig,
    client: Result<&OktaClient, Item>,
    schemas: Option<&OrgSchemas>,
) -> Check {
    if connection.selection == Selection::default() {
        return SELECTION.ok("all are synchronised");
    }
    let (client, schemas) = match (client, schemas) {
        (Ok(client), Some(schemas)) => (client, schemas),
        (Err(needed), _) => return SELECTION.needs(needed),
        (Ok(_), None) => return SELECTION.needs(SCHEMAS),
    };
    SELECTION.within(check(connection, client, schemas)).await
}

async fn check(connection: &ConnectionConfig, client: &OktaClient, schemas: &OrgSchemas) -> Check {
    let users = &connection.selection.users;
    let key = |key: &str| format!("connections.{}.users.{key}", connection.name);
    let names = schemas.user_types.iter().flat_map(|t| [&t.user_type.name, &t.user_type.display_name]);
    let names: Vec<&String> = names.filter(|name| !name.is_empty()).collect();
    if let Some(unknown) = users.types.iter().find(|name| !names.contains(name)) {
        let known = names.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ");
        return SELECTION.problem(
            format!("no user type is called \"{unknown}\""),
            format!("correct {}; there is {known}", key("types")),
        );
    }
    let has =
        |name: &str| schemas.user_types.iter().any(|t| t.schema.properties().any(|(own, _)| own == name));
    if let Some(unknown) = users.profile.keys().find(|name| !has(name)) {
        return SELECTION.problem(
            format!("no user has an attribute \"{unknown}\""),
            format!("correct {}: it takes variable names, as the Profile Editor shows them", key("profile")),
        );
    }
    for id in &users.member_of {
        match client.groups().find(id).await {
            Ok(Some(_)) => {}
            Ok(None) => {
                return SELECTION.problem(
                    format!("there is no group {id}: no user is chosen for being in it"),
                    format!("correct {}: the id is in the address of the group's page", key("member_of")),
                );
            }
            Err(error) => return failed(&error),
        }
    }
    SELECTION.ok("some are synchronised, and what names them exists")
}

fn failed(error: &Error) -> Check {
    let remedy =
        error.hint().unwrap_or_else(|| "look again in a few minutes; see status.okta.com".to_owned());
    SELECTION.problem(crate::explain(error), remedy)
}
