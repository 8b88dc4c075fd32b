//! References by alias.

use std::collections::HashMap;

use async_trait::async_trait;
use sync_model::{ObjectKind, RecordKey, RunId};

use crate::domain::aliases::{AliasUse, Owner};
use crate::domain::staged::StagedChange;
use crate::domain::store_error::StoreError;

/// Aliases and the references that use them, as a run would leave them.
#[async_trait]
pub trait Aliases: Send + Sync {
    /// The current objects of a kind with these aliases, by alias, as the run would leave them.
    async fn alias_owners(
        &self,
        run: RunId,
        kind: ObjectKind,
        aliases: &[String],
    ) -> Result<HashMap<String, Vec<Owner>>, StoreError>;

    /// References by alias of living objects as the run would leave them, by key, after the given one: `everything`, or
    /// those of staged records and those to an alias that a staged object has or had before.
    async fn alias_uses(
        &self,
        run: RunId,
        everything: bool,
        after: Option<&RecordKey>,
        limit: u32,
    ) -> Result<Vec<AliasUse>, StoreError>;

    /// Living objects as the run would leave them, each with its reading: staged ones with their change, others as
    /// updates.
    async fn as_staged_by(&self, run: RunId, keys: &[RecordKey]) -> Result<Vec<StagedChange>, StoreError>;
}
