//! Objects: search, read, create, change, delete.

use futures::{Stream, TryStreamExt, stream};
use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::client::AssetsClient;
use super::model::{Object, ObjectAttribute, ObjectValues};
use super::page::{PAGE, Page};
use crate::error::{Error, Result};
use crate::http::Repeat;

impl AssetsClient {
    /// The objects that an AQL query finds, page by page. Scope `read:cmdb-object:jira`. If objects are created or deleted at
    /// the same time, a page may repeat or omit objects.
    pub fn search(&self, aql: &str) -> impl Stream<Item = Result<Object>> + Send + 'static + use<> {
        let (client, query) = (self.clone(), json!({ "qlQuery": aql }));
        stream::try_unfold(Some(0), move |start| {
            let (client, query) = (client.clone(), query.clone());
            async move {
                let Some(start) = start else { return Ok(None) };
                let mut url = client.url(&["object", "aql"]).await?;
                url.query_pairs_mut()
                    .append_pair("startAt", &start.to_string())
                    .append_pair("maxResults", &PAGE.to_string())
                    .append_pair("includeAttributes", "true");
                let page: Page<Object> =
                    client.send("a search", Method::POST, &url, Some(query), Repeat::Safe).await?;
                let next = page.next(start);
                Ok::<_, Error>(Some((stream::iter(page.values.into_iter().map(Ok)), next)))
            }
        })
        .try_flatten()
    }

    /// The number of objects that an AQL query finds. Scope `read:cmdb-object:jira`.
    ///
    /// # Errors
    /// As any call.
    pub async fn count(&self, aql: &str) -> Result<u64> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Count {
            total_count: u64,
        }
        let url = self.url(&["object", "aql", "totalcount"]).await?;
        let body = Some(json!({ "qlQuery": aql }));
        let count: Count = self.send("a count", Method::POST, &url, body, Repeat::Safe).await?;
        Ok(count.total_count)
    }

    /// One object. Scope `read:cmdb-object:jira`.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none, and as any call.
    pub async fn object(&self, id: &str) -> Result<Object> {
        self.get("an object", &["object", id]).await
    }

    /// The values of an object. Scope `read:cmdb-object:jira`.
    ///
    /// # Errors
    /// As [`Self::object`].
    pub async fn object_attributes(&self, id: &str) -> Result<Vec<ObjectAttribute>> {
        self.get("the values of an object", &["object", id, "attributes"]).await
    }

    /// The history of an object, as received. Scope `read:cmdb-object:jira`.
    ///
    /// # Errors
    /// As [`Self::object`].
    pub async fn object_history(&self, id: &str) -> Result<Vec<Value>> {
        self.get("the history of an object", &["object", id, "history"]).await
    }

    /// The number of objects that refer to an object, by type, as received. Scope `read:cmdb-object:jira`.
    ///
    /// # Errors
    /// As [`Self::object`].
    pub async fn object_references(&self, id: &str) -> Result<Vec<Value>> {
        self.get("the references to an object", &["object", id, "referenceinfo"]).await
    }

    /// Creates an object. Scope `write:cmdb-object:jira`.
    ///
    /// # Errors
    /// As any call. If the response is lost, the request isn't repeated, because the object may exist.
    pub async fn create_object(&self, object_type_id: &str, values: &ObjectValues) -> Result<Object> {
        let url = self.url(&["object", "create"]).await?;
        let body = Some(values.body(object_type_id));
        self.send("a new object", Method::POST, &url, body, Repeat::Unsafe).await
    }

    /// Replaces the values of an object. Scope `write:cmdb-object:jira`.
    ///
    /// # Errors
    /// As [`Self::object`].
    pub async fn update_object(
        &self,
        id: &str,
        object_type_id: &str,
        values: &ObjectValues,
    ) -> Result<Object> {
        let url = self.url(&["object", id]).await?;
        let body = Some(values.body(object_type_id));
        self.send("the change of an object", Method::PUT, &url, body, Repeat::Safe).await
    }

    /// Deletes an object. Scope `delete:cmdb-object:jira`. `false` if it no longer existed.
    ///
    /// # Errors
    /// As any call.
    pub async fn delete_object(&self, id: &str) -> Result<bool> {
        const WHAT: &str = "the deletion of an object";
        let url = self.url(&["object", id]).await?;
        match self.inner.transport.send(WHAT, Method::DELETE, &url, None, Repeat::Safe).await {
            Ok(answer) if answer.status.is_success() => Ok(true),
            Ok(answer) => Err(Error::Api {
                what: WHAT,
                status: answer.status.as_u16(),
                message: crate::http::words(&answer),
            }),
            Err(Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// A text as an AQL literal, with quotes.
pub fn aql_text(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
