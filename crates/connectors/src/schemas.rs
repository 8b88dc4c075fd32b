//! Schemas of an org.

use okta_client::OktaClient;
use schema_mapper::{OrgSchemas, UserTypeSchema};

/// Every schema of the org.
///
/// # Errors
/// When Okta fails.
pub async fn org_schemas(okta: &OktaClient) -> okta_client::Result<OrgSchemas> {
    let mut user_types = Vec::new();
    for user_type in okta.user_types().list().await? {
        let schema = okta.schemas().for_type(&user_type).await?;
        user_types.push(UserTypeSchema { user_type, schema });
    }
    let group = okta.schemas().group().await?;
    Ok(OrgSchemas { user_types, group })
}
