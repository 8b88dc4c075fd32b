//! Findings: facts that a check, a run, or a task established, without a sentence.
//!
//! Each surface renders a finding once: the CLI names a command as the remedy, the console a page or a button.

mod code;
mod defaults;
pub(crate) mod fact;
pub(crate) mod remedy;
#[cfg(any(test, feature = "test-support"))]
mod remedy_samples;
#[cfg(any(test, feature = "test-support"))]
mod samples;
pub(crate) mod subject;

use serde::{Deserialize, Serialize};

use crate::domain::finding::fact::{Fact, FindingCode};
use crate::domain::finding::remedy::Remedy;
use crate::domain::finding::subject::FindingSubject;
use crate::domain::severity::Severity;

/// One fact with its severity, subject, and the action that resolves it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Finding {
    /// The code and its facts.
    #[serde(flatten)]
    // Findings are in nearly every document; an API description names these types once.
    #[cfg_attr(feature = "openapi", schema(no_recursion))]
    pub fact: Fact,
    /// The severity.
    pub severity: Severity,
    /// The subject; `None` if it is the connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(no_recursion))]
    pub subject: Option<FindingSubject>,
    /// The action that resolves it; `None` if none is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(no_recursion))]
    pub remedy: Option<Remedy>,
}

impl Finding {
    /// A finding that an administrator has to act on.
    pub fn error(fact: Fact) -> Self {
        Self::new(fact, Severity::Error)
    }

    /// A finding that retries may resolve, or that affects a part of the data.
    pub fn warning(fact: Fact) -> Self {
        Self::new(fact, Severity::Warning)
    }

    /// A finding that resolves without an action.
    pub fn info(fact: Fact) -> Self {
        Self::new(fact, Severity::Info)
    }

    fn new(fact: Fact, severity: Severity) -> Self {
        let remedy = fact.remedy();
        Self { fact, severity, subject: None, remedy }
    }

    /// The finding about items of the scope that the org doesn't have; `None` if it has all of them.
    pub fn of_scope(unknown: &[String]) -> Option<Self> {
        (!unknown.is_empty()).then(|| Self::warning(Fact::ScopeUnresolved { names: unknown.to_vec() }))
    }

    /// Adds it to a list unless it is there already or the list is full.
    pub(crate) fn add_to(self, findings: &mut Vec<Self>, limit: usize) {
        if findings.len() < limit && !findings.contains(&self) {
            findings.push(self);
        }
    }

    /// Sets the subject.
    #[must_use]
    pub fn about(mut self, subject: FindingSubject) -> Self {
        self.subject = Some(subject);
        self
    }

    /// Replaces the remedy that belongs to the code.
    #[must_use]
    pub fn with_remedy(mut self, remedy: Remedy) -> Self {
        self.remedy = Some(remedy);
        self
    }

    /// The code.
    pub fn code(&self) -> FindingCode {
        FindingCode::from(&self.fact)
    }
}
