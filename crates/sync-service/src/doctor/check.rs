//! One precondition and what was found of it.

use std::borrow::Cow;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How long one check may take.
const LIMIT: Duration = Duration::from_secs(20);

/// What was found of a precondition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = CheckState))]
#[serde(rename_all = "snake_case")]
pub enum CheckStatus {
    /// It holds.
    Passed,
    /// It holds, and somebody may want to know something.
    Warning,
    /// It does not hold.
    Failed,
    /// Nobody here can tell.
    Unknown,
    /// It could not be looked at, because another one does not hold, or it does not concern this connection.
    Skipped,
}

/// What a precondition is about, in the order in which they are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = CheckArea))]
#[serde(rename_all = "snake_case")]
pub enum CheckArea {
    /// Configuration, state store, clock.
    Host,
    /// The org: access, scopes, role, schemas, log.
    Okta,
    /// The event hook.
    EventHook,
    /// What Okta allows this app.
    RateLimits,
    /// The import source and the account.
    Assets,
    /// Addresses that are listened on or sent to.
    Listeners,
}

impl CheckArea {
    /// What people call it.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Host => "This machine",
            Self::Okta => "Okta org",
            Self::EventHook => "Event hook",
            Self::RateLimits => "Rate limit",
            Self::Assets => "Assets",
            Self::Listeners => "Addresses",
        }
    }
}

/// What is ours to put right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repair {
    /// Create or migrate the state store.
    Store,
    /// Create or extend schema and mapping, lift cardinalities.
    Structure,
    /// Create, correct, activate, verify the event hook.
    Hook,
}

/// A precondition and what was found of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Check {
    /// Its name in documents, which stays the same.
    pub id: Cow<'static, str>,
    /// What it is about.
    pub area: CheckArea,
    /// Its name for people.
    pub title: Cow<'static, str>,
    /// What was found.
    pub status: CheckStatus,
    /// What was seen.
    pub details: String,
    /// What to do; nothing where there is nothing to do.
    pub remedy: Option<String>,
    /// The check that has to hold first; nothing unless it was skipped because of that.
    pub depends_on: Option<Cow<'static, str>>,
    /// Whether `--fix` puts it right.
    pub auto_fixable: bool,
    #[serde(skip)]
    pub(super) repair: Option<Repair>,
}

/// A precondition.
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

    /// Something else has to hold first.
    pub(super) fn needs(self, other: Self) -> Check {
        let evidence = if other.area == self.area {
            format!("needs: {}", other.title)
        } else {
            format!("needs: {}, {}", other.area.title(), other.title)
        };
        Check {
            depends_on: Some(Cow::Borrowed(other.id)),
            ..self.found(CheckStatus::Skipped, evidence, None)
        }
    }

    /// It does not concern this connection.
    pub(super) fn without(self, reason: impl Into<String>) -> Check {
        self.found(CheckStatus::Skipped, reason.into(), None)
    }

    /// The check within its time.
    pub(super) async fn within(self, check: impl Future<Output = Check>) -> Check {
        tokio::time::timeout(LIMIT, check).await.unwrap_or_else(|_| self.late())
    }

    /// What several checks are made of, within the same time.
    pub(super) async fn timed<T>(self, work: impl Future<Output = T>) -> Result<T, Check> {
        tokio::time::timeout(LIMIT, work).await.map_err(|_| self.late())
    }

    fn late(self) -> Check {
        let seconds = LIMIT.as_secs();
        self.problem(
            format!("no answer within {seconds} s"),
            "see what slows it down: the network, a proxy, or a rate limit that others use up; then look again",
        )
    }
}

impl Check {
    /// Marks what is ours to put right.
    pub(super) fn repaired_by(mut self, repair: Repair) -> Self {
        self.repair = Some(repair);
        self.auto_fixable = true;
        self
    }

    /// Whether what depends on it can be looked at.
    pub(super) const fn holds(&self) -> bool {
        matches!(self.status, CheckStatus::Passed | CheckStatus::Warning)
    }
}
