//! The target schema that *Setup* creates and *Verify* checks.

use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::{Fact, Finding, FindingCode, MappingView, PortError, WithheldField};

/// The object schema and mapping in Assets, compared with Okta's schemas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SchemaState {
    /// There is none yet.
    Missing,
    /// It was created just now.
    Created,
    /// It lacks parts that can be added.
    Outdated,
    /// Missing items were added.
    Extended,
    /// Nothing to do.
    Current,
}

/// The result of a comparison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SchemaReport {
    /// The result.
    pub state: SchemaState,
    /// The version of the mapping, which is the same for equal mappings.
    pub version: String,
    /// Missing or added object types.
    pub added_types: Vec<String>,
    /// Missing or added attributes, as `type: attribute`.
    pub added_attributes: Vec<String>,
    /// The number of required object types that existed.
    pub existing_types: usize,
    /// The number of required attributes that existed.
    pub existing_attributes: usize,
    /// Attributes that were corrected with the Atlassian account, as `type: attribute`.
    pub fixed_attributes: Vec<String>,
    /// Mapping options without effect, or with another effect than expected.
    pub notes: Vec<Finding>,
    /// Differences in Assets that aren't corrected automatically.
    pub drift: Vec<Finding>,
    /// Fields whose values are withheld, because Assets would drop them.
    #[serde(default)]
    pub withheld: Vec<WithheldField>,
}

impl SchemaReport {
    /// The schema drift of attributes that accept too few values.
    pub fn limited_attributes(&self) -> impl Iterator<Item = &Finding> {
        self.drift.iter().filter(|finding| finding.code() == FindingCode::CardinalityTooLow)
    }
}

/// A comparison and the mapping that it led to.
#[derive(Clone)]
pub struct Comparison {
    /// The comparison.
    pub report: SchemaReport,
    /// Both sides through the mapping that it led to.
    pub view: MappingView,
}

/// The object schema and mapping in the import source, wanted and current. A mapping is part of a result only: a
/// comparison doesn't change another one.
#[async_trait]
pub trait TargetSchema: Send + Sync {
    /// Reads both sides again and compares them; changes nothing. The view follows the wanted mapping as far as the
    /// import source has it: values for missing parts would be lost silently.
    ///
    /// # Errors
    /// When a side can't be read, or the mapping can't be built.
    async fn compare(&self) -> Result<Comparison, PortError>;

    /// A short name of the object schema in the import source, to compare with that of a view; `None` if it can't be
    /// read. Cheap: it is read before each execution.
    ///
    /// # Errors
    /// When the import source can't be read.
    async fn state(&self) -> Result<Option<String>, PortError> {
        Ok(None)
    }

    /// The same as [`Self::compare`], with records as they will be after missing parts are added: for display only, not
    /// for sending.
    ///
    /// # Errors
    /// As [`Self::compare`].
    async fn preview(&self) -> Result<Comparison, PortError>;

    /// Creates or adds missing parts. The view is of the result. `None` if the import source no longer has the schema
    /// that `base` was compared with: nothing was changed, and missing parts may have contained confirmed values.
    ///
    /// # Errors
    /// As [`Self::compare`], and when the import source rejects it.
    async fn apply(&self, base: &MappingView) -> Result<Option<Comparison>, PortError>;
}

/// A structure whose views are changed on their way.
struct Viewed<F> {
    inner: Arc<dyn TargetSchema>,
    change: F,
}

/// A target schema that transforms every view, for an embedder that replaces a port.
pub fn with_views<F>(inner: Arc<dyn TargetSchema>, change: F) -> Arc<dyn TargetSchema>
where
    F: Fn(MappingView) -> MappingView + Send + Sync + 'static,
{
    Arc::new(Viewed { inner, change })
}

#[async_trait]
impl<F: Fn(MappingView) -> MappingView + Send + Sync> TargetSchema for Viewed<F> {
    async fn compare(&self) -> Result<Comparison, PortError> {
        let Comparison { report, view } = self.inner.compare().await?;
        Ok(Comparison { report, view: (self.change)(view) })
    }

    async fn state(&self) -> Result<Option<String>, PortError> {
        self.inner.state().await
    }

    async fn preview(&self) -> Result<Comparison, PortError> {
        let Comparison { report, view } = self.inner.preview().await?;
        Ok(Comparison { report, view: (self.change)(view) })
    }

    async fn apply(&self, base: &MappingView) -> Result<Option<Comparison>, PortError> {
        let applied = self.inner.apply(base).await?;
        Ok(applied.map(|Comparison { report, view }| Comparison { report, view: (self.change)(view) }))
    }
}

/// A change by *Setup* to the event hook. In JSON: `change`, and its reasons.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum HookChange {
    /// The event hook was created.
    Created,
    /// Its settings were replaced.
    Replaced {
        /// The reasons.
        reasons: Vec<Fact>,
    },
    /// The event hook was activated.
    Activated,
    /// Okta verified it.
    Verified,
}

/// The state of the event hook.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HookReport {
    /// The directory's ID of the event hook; `None` if it doesn't exist.
    pub id: Option<String>,
    /// The URL that it delivers to, or should.
    pub url: String,
    /// The changes by *Setup*.
    pub changes: Vec<HookChange>,
    /// The problems.
    pub findings: Vec<Finding>,
}

/// The event hook in the directory.
#[async_trait]
pub trait EventHook: Send + Sync {
    /// Creates or updates it, and verifies it.
    async fn ensure(&self) -> Result<HookReport, PortError>;

    /// Reads it and changes nothing.
    async fn inspect(&self) -> Result<HookReport, PortError>;
}
