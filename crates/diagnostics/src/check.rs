//! A check: the test of one prerequisite.

use std::borrow::Cow;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sync_engine::{Finding, Remedy, Service};

use crate::area::CheckArea;
use crate::observation::Observation;
use crate::words;

/// The time limit of a check.
const LIMIT: Duration = Duration::from_secs(20);

/// The result of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = CheckStatus))]
#[serde(rename_all = "snake_case")]
pub enum CheckStatus {
    /// The prerequisite is met.
    Passed,
    /// The prerequisite is met, with a note.
    Warning,
    /// The prerequisite isn't met.
    Failed,
    /// The result can't be determined from here.
    Unknown,
    /// A dependency failed, or the check doesn't apply to the connection.
    Skipped,
}

/// A fix that `--fix` applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repair {
    /// Create or migrate the state store.
    Store,
    /// Create or extend the object schema and mapping, and set cardinality.
    Structure,
    /// Create, correct, activate, and verify the event hook.
    Hook,
}

/// A check and its result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Check {
    /// The stable ID.
    pub id: Cow<'static, str>,
    /// The subject.
    pub area: CheckArea,
    /// The title.
    pub title: Cow<'static, str>,
    /// The status.
    pub status: CheckStatus,
    /// The observations and findings as text.
    pub details: String,
    /// The remedies as text.
    pub remedy: Option<String>,
    /// The result, or the reason why the check was skipped.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(no_recursion))]
    pub observations: Vec<Observation>,
    /// The findings.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(no_recursion))]
    pub findings: Vec<Finding>,
    /// The actions that resolve the observed problems.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(no_recursion))]
    pub remedies: Vec<Remedy>,
    /// The ID of the failed dependency of a skipped check.
    pub depends_on: Option<Cow<'static, str>>,
    /// True if `--fix` fixes it.
    pub auto_fixable: bool,
    #[serde(skip)]
    pub(super) repair: Option<Repair>,
}

/// A prerequisite.
#[derive(Debug, Clone, Copy)]
pub(super) struct Item {
    pub(super) id: &'static str,
    area: CheckArea,
    title: &'static str,
}

impl Item {
    pub(super) const fn new(id: &'static str, area: CheckArea, title: &'static str) -> Self {
        Self { id, area, title }
    }

    fn found(
        self,
        status: CheckStatus,
        observations: Vec<Observation>,
        findings: Vec<Finding>,
        remedies: Vec<Remedy>,
    ) -> Check {
        let Self { id, area, title } = self;
        Check {
            id: Cow::Borrowed(id),
            area,
            title: Cow::Borrowed(title),
            status,
            details: words::check_details(&observations, &findings),
            remedy: words::check_remedy(&findings, &remedies),
            observations,
            findings,
            remedies,
            depends_on: None,
            auto_fixable: false,
            repair: None,
        }
    }

    fn observed(
        self,
        status: CheckStatus,
        observations: impl IntoIterator<Item = Observation>,
        remedies: impl IntoIterator<Item = Remedy>,
    ) -> Check {
        let (observations, remedies) = (observations.into_iter().collect(), remedies.into_iter().collect());
        self.found(status, observations, Vec::new(), remedies)
    }

    /// The check, passed.
    pub(super) fn ok(self, observation: Observation) -> Check {
        self.observed(CheckStatus::Passed, [observation], [])
    }

    /// The check, passed with a note.
    pub(super) fn warning(
        self,
        observations: impl IntoIterator<Item = Observation>,
        remedies: impl IntoIterator<Item = Remedy>,
    ) -> Check {
        self.observed(CheckStatus::Warning, observations, remedies)
    }

    /// The check, failed.
    pub(super) fn problem(
        self,
        observations: impl IntoIterator<Item = Observation>,
        remedies: impl IntoIterator<Item = Remedy>,
    ) -> Check {
        self.observed(CheckStatus::Failed, observations, remedies)
    }

    /// The check, without a result.
    pub(super) fn unknown(
        self,
        observation: Observation,
        remedies: impl IntoIterator<Item = Remedy>,
    ) -> Check {
        self.observed(CheckStatus::Unknown, [observation], remedies)
    }

    /// The check, failed because of findings.
    pub(super) fn failed(self, findings: Vec<Finding>) -> Check {
        self.found(CheckStatus::Failed, Vec::new(), findings, Vec::new())
    }

    /// The check, passed with findings.
    pub(super) fn warned(self, findings: Vec<Finding>) -> Check {
        self.found(CheckStatus::Warning, Vec::new(), findings, Vec::new())
    }

    /// The check, skipped because of another one.
    pub(super) fn needs(self, other: Self) -> Check {
        let area = (other.area != self.area).then_some(other.area);
        let check = self.without(Observation::Requires { area, check: Cow::Borrowed(other.title) });
        Check { depends_on: Some(Cow::Borrowed(other.id)), ..check }
    }

    /// The check, skipped because it doesn't apply.
    pub(super) fn without(self, reason: Observation) -> Check {
        self.observed(CheckStatus::Skipped, [reason], [])
    }

    /// The check with its time limit.
    pub(super) async fn within(self, check: impl Future<Output = Check>) -> Check {
        tokio::time::timeout(LIMIT, check).await.unwrap_or_else(|_| self.late())
    }

    /// Work that several checks share, with the same time limit.
    pub(super) async fn timed<T>(self, work: impl Future<Output = T>) -> Result<T, Check> {
        tokio::time::timeout(LIMIT, work).await.map_err(|_| self.late())
    }

    fn late(self) -> Check {
        let service = match self.area {
            CheckArea::Okta | CheckArea::EventHook | CheckArea::RateLimits => Some(Service::Okta),
            CheckArea::Assets => Some(Service::Assets),
            CheckArea::Host | CheckArea::Listeners => None,
        };
        let network = service.map(|service| Remedy::CheckNetwork { service });
        let late = Observation::NoResponse { seconds: LIMIT.as_secs() };
        self.problem([late], network.into_iter().chain([Remedy::RepeatChecks]))
    }
}

impl Check {
    /// Adds an observation that explains the findings.
    pub(super) fn with(mut self, observation: Observation) -> Self {
        self.observations.push(observation);
        self.details = words::check_details(&self.observations, &self.findings);
        self
    }

    /// Adds the fix that `--fix` applies.
    pub(super) fn repaired_by(mut self, repair: Repair) -> Self {
        self.repair = Some(repair);
        self.auto_fixable = true;
        self
    }

    /// True if dependent checks can run.
    pub(super) const fn holds(&self) -> bool {
        matches!(self.status, CheckStatus::Passed | CheckStatus::Warning)
    }
}
