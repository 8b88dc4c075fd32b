//! The target schema that *Setup* creates and *Verify* checks.

use std::sync::Arc;

use async_trait::async_trait;
use sync_model::ReferenceForm;

use crate::domain::error::PortError;
use crate::domain::schema_report::SchemaReport;
use crate::ports::view::MappingView;

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

    /// Changes the mapping in the import source so that it expresses several references in a form. The next comparison
    /// finds the difference from the wanted mapping.
    ///
    /// # Errors
    /// As [`Self::apply`], except for a form that the import source rejects.
    async fn try_reference_form(&self, _: ReferenceForm) -> Result<FormTrial, PortError> {
        Ok(FormTrial::NotChosen)
    }
}

/// The result of changing the mapping to a form of several references.
#[derive(Clone)]
pub enum FormTrial {
    /// The mapping has the form.
    Mapped(Box<MappingView>),
    /// The import source rejects the form.
    Rejected,
    /// The settings choose another form.
    NotChosen,
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

    async fn try_reference_form(&self, form: ReferenceForm) -> Result<FormTrial, PortError> {
        Ok(match self.inner.try_reference_form(form).await? {
            FormTrial::Mapped(view) => FormTrial::Mapped(Box::new((self.change)(*view))),
            other => other,
        })
    }
}
