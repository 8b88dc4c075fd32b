//! The calls of the two clients, as traits, for programs that substitute them: with a fake in a test, or with a
//! recording.
//!
//! Every call has a default that returns [`Error::Unsupported`], so that a substitute implements only the calls that it
//! needs.

use async_trait::async_trait;
use futures::stream::{self, BoxStream, StreamExt};

use crate::account::{
    AssetsClient, AttributeUpdate, ImportSource, Object, ObjectSchema, ObjectType, ObjectTypeAttribute,
    ObjectValues, Usage,
};
use crate::chunk::Chunk;
use crate::client::{ConfigStatus, ImportClient};
use crate::document::SchemaAndMapping;
use crate::error::{Error, Result};
use crate::execution::Submitted;
use crate::execution_status::ExecutionStatus;

/// An import source. Executions are identified by their IDs.
#[async_trait]
pub trait ImportApi: Send + Sync {
    /// [`ImportClient::config_status`]
    async fn config_status(&self) -> Result<ConfigStatus> {
        Err(Error::Unsupported("config_status"))
    }

    /// [`ImportClient::schema_and_mapping`]
    async fn schema_and_mapping(&self) -> Result<Option<SchemaAndMapping>> {
        Err(Error::Unsupported("schema_and_mapping"))
    }

    /// [`ImportClient::put_mapping_async`]
    async fn put_mapping(&self, _document: &SchemaAndMapping) -> Result<()> {
        Err(Error::Unsupported("put_mapping"))
    }

    /// [`ImportClient::patch_mapping_async`]
    async fn patch_mapping(&self, _document: &SchemaAndMapping) -> Result<()> {
        Err(Error::Unsupported("patch_mapping"))
    }

    /// [`ImportClient::start`]; returns the execution's ID.
    async fn start_execution(&self) -> Result<String> {
        Err(Error::Unsupported("start_execution"))
    }

    /// [`Execution::submit`](crate::Execution::submit)
    async fn submit(&self, _execution: &str, _chunk: &Chunk) -> Result<Submitted> {
        Err(Error::Unsupported("submit"))
    }

    /// [`Execution::complete`](crate::Execution::complete)
    async fn complete(&self, _execution: &str) -> Result<()> {
        Err(Error::Unsupported("complete"))
    }

    /// [`ImportClient::execution_status`]
    async fn execution_status(&self, _execution: &str) -> Result<Option<ExecutionStatus>> {
        Err(Error::Unsupported("execution_status"))
    }

    /// [`ImportClient::cancel_execution`]
    async fn cancel_execution(&self, _execution: &str, _reason: &str) -> Result<()> {
        Err(Error::Unsupported("cancel_execution"))
    }
}

#[async_trait]
impl ImportApi for ImportClient {
    async fn config_status(&self) -> Result<ConfigStatus> {
        Self::config_status(self).await
    }

    async fn schema_and_mapping(&self) -> Result<Option<SchemaAndMapping>> {
        Self::schema_and_mapping(self).await
    }

    async fn put_mapping(&self, document: &SchemaAndMapping) -> Result<()> {
        Self::put_mapping_async(self, document).await
    }

    async fn patch_mapping(&self, document: &SchemaAndMapping) -> Result<()> {
        Self::patch_mapping_async(self, document).await
    }

    async fn start_execution(&self) -> Result<String> {
        Ok(self.start().await?.id().to_owned())
    }

    async fn submit(&self, execution: &str, chunk: &Chunk) -> Result<Submitted> {
        self.resume(execution).await?.submit(chunk).await
    }

    async fn complete(&self, execution: &str) -> Result<()> {
        self.resume(execution).await?.complete().await.map(drop)
    }

    async fn execution_status(&self, execution: &str) -> Result<Option<ExecutionStatus>> {
        Self::execution_status(self, execution).await
    }

    async fn cancel_execution(&self, execution: &str, reason: &str) -> Result<()> {
        Self::cancel_execution(self, execution, reason).await
    }
}

/// Assets with an account's credential.
#[async_trait]
pub trait AssetsApi: Send + Sync {
    /// [`AssetsClient::object_schemas`]
    fn object_schemas(&self) -> BoxStream<'static, Result<ObjectSchema>> {
        nothing("object_schemas")
    }

    /// [`AssetsClient::object_types`]
    async fn object_types(&self, _schema_id: &str) -> Result<Vec<ObjectType>> {
        Err(Error::Unsupported("object_types"))
    }

    /// [`AssetsClient::attributes`]
    async fn attributes(&self, _object_type_id: &str) -> Result<Vec<ObjectTypeAttribute>> {
        Err(Error::Unsupported("attributes"))
    }

    /// [`AssetsClient::update_attribute`]
    async fn update_attribute(
        &self,
        _object_type_id: &str,
        _attribute: &ObjectTypeAttribute,
        _update: &AttributeUpdate,
    ) -> Result<ObjectTypeAttribute> {
        Err(Error::Unsupported("update_attribute"))
    }

    /// [`AssetsClient::search`]
    fn search(&self, _aql: &str) -> BoxStream<'static, Result<Object>> {
        nothing("search")
    }

    /// [`AssetsClient::update_object`]
    async fn update_object(
        &self,
        _id: &str,
        _object_type_id: &str,
        _values: &ObjectValues,
    ) -> Result<Object> {
        Err(Error::Unsupported("update_object"))
    }

    /// [`AssetsClient::delete_object`]
    async fn delete_object(&self, _id: &str) -> Result<bool> {
        Err(Error::Unsupported("delete_object"))
    }

    /// [`AssetsClient::import_source`]
    async fn import_source(&self, _id: &str) -> Result<ImportSource> {
        Err(Error::Unsupported("import_source"))
    }

    /// [`AssetsClient::usage`]
    async fn usage(&self) -> Result<Usage> {
        Err(Error::Unsupported("usage"))
    }
}

fn nothing<T: Send + 'static>(call: &'static str) -> BoxStream<'static, Result<T>> {
    stream::once(std::future::ready(Err(Error::Unsupported(call)))).boxed()
}

#[async_trait]
impl AssetsApi for AssetsClient {
    fn object_schemas(&self) -> BoxStream<'static, Result<ObjectSchema>> {
        Self::object_schemas(self).boxed()
    }

    async fn object_types(&self, schema_id: &str) -> Result<Vec<ObjectType>> {
        Self::object_types(self, schema_id).await
    }

    async fn attributes(&self, object_type_id: &str) -> Result<Vec<ObjectTypeAttribute>> {
        Self::attributes(self, object_type_id).await
    }

    async fn update_attribute(
        &self,
        object_type_id: &str,
        attribute: &ObjectTypeAttribute,
        update: &AttributeUpdate,
    ) -> Result<ObjectTypeAttribute> {
        Self::update_attribute(self, object_type_id, attribute, update).await
    }

    fn search(&self, aql: &str) -> BoxStream<'static, Result<Object>> {
        Self::search(self, aql).boxed()
    }

    async fn update_object(&self, id: &str, object_type_id: &str, values: &ObjectValues) -> Result<Object> {
        Self::update_object(self, id, object_type_id, values).await
    }

    async fn delete_object(&self, id: &str) -> Result<bool> {
        Self::delete_object(self, id).await
    }

    async fn import_source(&self, id: &str) -> Result<ImportSource> {
        Self::import_source(self, id).await
    }

    async fn usage(&self) -> Result<Usage> {
        Self::usage(self).await
    }
}
