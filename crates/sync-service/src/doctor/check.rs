//! A check: the test of one prerequisite.

use std::borrow::Cow;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sync_engine::{Finding, Remedy};

use crate::words;

/// The number of findings in the text of a check.
const LISTED: usize = 5;

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

/// The subject of a check, in the order of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = CheckArea))]
#[serde(rename_all = "snake_case")]
pub enum CheckArea {
    /// Configuration, state store, clock.
    Host,
    /// The org: access, API scopes, role, schemas, System Log.
    Okta,
    /// The event hook.
    EventHook,
    /// Okta's rate limits of the app.
    RateLimits,
    /// The import source and the Atlassian account.
    Assets,
    /// Listeners of the daemon and the alert webhook.
    Listeners,
}

impl CheckArea {
    /// The heading.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Host => "Host",
            Self::Okta => "Okta org",
            Self::EventHook => "Event hook",
            Self::RateLimits => "Rate limits",
            Self::Assets => "Assets",
            Self::Listeners => "Listeners",
        }
    }
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
    /// The result, or the reason why the check was skipped.
    pub details: String,
    /// The fix.
    pub remedy: Option<String>,
    /// The problems whose text is in `details` and `remedy`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
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

    fn found(self, state: CheckStatus, evidence: String, remedy: Option<String>) -> Check {
        let Self { id, area, title } = self;
        Check {
            id: Cow::Borrowed(id),
            area,
            title: Cow::Borrowed(title),
            status: state,
            details: evidence,
            remedy,
            findings: Vec::new(),
            depends_on: None,
            auto_fixable: false,
            repair: None,
        }
    }

    pub(super) fn ok(self, evidence: impl Into<String>) -> Check {
        self.found(CheckStatus::Passed, evidence.into(), None)
    }

    pub(super) fn warning(self, evidence: impl Into<String>, remedy: impl Into<String>) -> Check {
        self.found(CheckStatus::Warning, evidence.into(), Some(remedy.into()))
    }

    pub(super) fn problem(self, evidence: impl Into<String>, remedy: impl Into<String>) -> Check {
        self.found(CheckStatus::Failed, evidence.into(), Some(remedy.into()))
    }

    pub(super) fn unknown(self, evidence: impl Into<String>, remedy: impl Into<String>) -> Check {
        self.found(CheckStatus::Unknown, evidence.into(), Some(remedy.into()))
    }

    /// The check, failed because of findings.
    pub(super) fn failed(self, findings: Vec<Finding>) -> Check {
        self.of_findings(CheckStatus::Failed, findings)
    }

    /// The check, passed with findings.
    pub(super) fn warned(self, findings: Vec<Finding>) -> Check {
        self.of_findings(CheckStatus::Warning, findings)
    }

    fn of_findings(self, status: CheckStatus, findings: Vec<Finding>) -> Check {
        let mut details: Vec<String> = findings.iter().take(LISTED).map(words::finding).collect();
        if let Some(hidden @ 1..) = findings.len().checked_sub(LISTED) {
            details.push(format!("and {hidden} more"));
        }
        let mut remedies: Vec<&Remedy> = Vec::new();
        for remedy in findings.iter().filter_map(|finding| finding.remedy.as_ref()) {
            if !remedies.contains(&remedy) {
                remedies.push(remedy);
            }
        }
        let remedies: Vec<String> = remedies.into_iter().take(LISTED).map(words::remedy).collect();
        let remedy = (!remedies.is_empty()).then(|| remedies.join("; "));
        Check { findings, ..self.found(status, details.join("; "), remedy) }
    }

    /// The check, skipped because of another one.
    pub(super) fn needs(self, other: Self) -> Check {
        let evidence = if other.area == self.area {
            format!("requires: {}", other.title)
        } else {
            format!("requires: {}, {}", other.area.title(), other.title)
        };
        Check {
            depends_on: Some(Cow::Borrowed(other.id)),
            ..self.found(CheckStatus::Skipped, evidence, None)
        }
    }

    /// The check, skipped because it doesn't apply.
    pub(super) fn without(self, reason: impl Into<String>) -> Check {
        self.found(CheckStatus::Skipped, reason.into(), None)
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
        let seconds = LIMIT.as_secs();
        self.problem(
            format!("no response within {seconds} s"),
            "check the network, the proxy, and the rate limits, and run the checks again",
        )
    }
}

impl Check {
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
