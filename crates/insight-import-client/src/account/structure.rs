//! Object schemas, object types and attributes.

use futures::{Stream, TryStreamExt, stream};
use http::Method;
use serde_json::json;

use super::client::AssetsClient;
use super::model::{AttributeUpdate, ObjectSchema, ObjectType, ObjectTypeAttribute};
use super::page::{PAGE, Page};
use crate::error::{Error, Result};
use crate::http::Repeat;

impl AssetsClient {
    /// Every object schema, page by page. Scope `read:cmdb-schema:jira`.
    pub fn object_schemas(&self) -> impl Stream<Item = Result<ObjectSchema>> + Send + 'static + use<> {
        let client = self.clone();
        stream::try_unfold(Some(0), move |start| {
            let client = client.clone();
            async move {
                let Some(start) = start else { return Ok(None) };
                let mut url = client.url(&["objectschema", "list"]).await?;
                url.query_pairs_mut()
                    .append_pair("startAt", &start.to_string())
                    .append_pair("maxResults", &PAGE.to_string())
                    .append_pair("includeCounts", "true");
                let page: Page<ObjectSchema> =
                    client.send("the object schemas", Method::GET, &url, None, Repeat::Safe).await?;
                let next = page.next(start);
                Ok::<_, Error>(Some((stream::iter(page.values.into_iter().map(Ok)), next)))
            }
        })
        .try_flatten()
    }

    /// The object types of a schema, those below others included. Scope `read:cmdb-schema:jira`.
    ///
    /// # Errors
    /// As any call.
    pub async fn object_types(&self, schema_id: &str) -> Result<Vec<ObjectType>> {
        self.get("the object types", &["objectschema", schema_id, "objecttypes", "flat"]).await
    }

    /// The attributes of an object type. Scope `read:cmdb-attribute:jira`.
    ///
    /// # Errors
    /// As any call.
    pub async fn attributes(&self, object_type_id: &str) -> Result<Vec<ObjectTypeAttribute>> {
        self.get("the attributes of an object type", &["objecttype", object_type_id, "attributes"]).await
    }

    /// The attributes of all object types of a schema. Scope `read:cmdb-attribute:jira`.
    ///
    /// # Errors
    /// As any call.
    pub async fn schema_attributes(&self, schema_id: &str) -> Result<Vec<ObjectTypeAttribute>> {
        let mut url = self.url(&["objectschema", schema_id, "attributes"]).await?;
        url.query_pairs_mut().append_pair("extended", "true");
        self.send("the attributes of a schema", Method::GET, &url, None, Repeat::Safe).await
    }

    /// Changes an attribute. Scope `write:cmdb-attribute:jira`. The first request contains only the changes, as in
    /// Atlassian's documentation. If it is rejected, the second one contains all required fields of a reference.
    ///
    /// # Errors
    /// As any call.
    pub async fn update_attribute(
        &self,
        object_type_id: &str,
        attribute: &ObjectTypeAttribute,
        update: &AttributeUpdate,
    ) -> Result<ObjectTypeAttribute> {
        const WHAT: &str = "the change of an attribute";
        let url = self.url(&["objecttypeattribute", object_type_id, &attribute.id]).await?;
        match self.send(WHAT, Method::PUT, &url, Some(json!(update)), Repeat::Safe).await {
            Err(Error::Api { status: 400, .. }) => {
                self.send(WHAT, Method::PUT, &url, Some(update.spelt_out(attribute)), Repeat::Safe).await
            }
            result => result,
        }
    }
}
