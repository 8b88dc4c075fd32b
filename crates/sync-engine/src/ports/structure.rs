//! What *Setup* creates and *Verify* checks.

use std::collections::BTreeMap;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use sync_model::ObjectKind;

use crate::PortError;

/// How the target's schema and mapping compare with what the directory's schemas call for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum StructureState {
    /// There is none yet.
    Missing,
    /// It was created just now.
    Created,
    /// It lacks something that can be added.
    Outdated,
    /// What it lacked was added just now.
    Extended,
    /// Nothing to do.
    Current,
}

/// The comparison in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StructureReport {
    /// The verdict.
    pub state: StructureState,
    /// A short name for the wanted mapping, the same for equal mappings.
    pub version: String,
    /// Object types that are or were missing.
    pub added_types: Vec<String>,
    /// Attributes that are or were missing, as `type: attribute`.
    pub added_attributes: Vec<String>,
    /// Of the wanted object types, those that were there.
    pub kept_types: usize,
    /// Of the wanted attributes, those that were there.
    pub kept_attributes: usize,
    /// Attributes that were put right just now with an account, as `type: attribute`.
    pub corrected: Vec<String>,
    /// Attributes that take fewer values than they should, as `type: attribute`; how to lift that is in `drift`.
    pub limited: Vec<String>,
    /// What somebody may want to know of the mapping, without anything being wrong.
    pub notes: Vec<String>,
    /// Differences that are reported and never forced.
    pub drift: Vec<String>,
    /// The fields of records that are wanted and have no attribute so far. Only a comparison tells them.
    #[serde(skip)]
    pub lacking: BTreeMap<ObjectKind, Vec<String>>,
}

/// The object schema and mapping in the import source, wanted and present.
#[async_trait]
pub trait Structure: Send + Sync {
    /// Reads both sides again and compares; changes nothing. The directory's records follow the wanted mapping from
    /// then on, as far as the import source has it: what it lacks would be lost without a word.
    async fn compare(&self) -> Result<StructureReport, PortError>;

    /// The same, with records as they will be once what is missing was added: to be shown, and not to be sent.
    async fn preview(&self) -> Result<StructureReport, PortError>;

    /// The same, then creates or adds what is missing.
    async fn apply(&self) -> Result<StructureReport, PortError>;
}

/// What is known of the event hook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HookReport {
    /// The directory's id of the hook, when there is one.
    pub id: Option<String>,
    /// Where it delivers to, or should.
    pub uri: String,
    /// What was done to it just now, in words; empty when nothing.
    pub changes: Vec<String>,
    /// What is wrong with it, each with its remedy; empty when all is well.
    pub problems: Vec<String>,
}

/// The event hook in the directory.
#[async_trait]
pub trait EventHook: Send + Sync {
    /// Creates it, or brings it up to date, and has it verified.
    async fn ensure(&self) -> Result<HookReport, PortError>;

    /// Looks at it and changes nothing.
    async fn inspect(&self) -> Result<HookReport, PortError>;
}
