//! One precondition and what was found of it.

use std::borrow::Cow;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How long one check may take.
const LIMIT: Duration = Duration::from_secs(20);

/// What was found of a precondition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = CheckState))]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It holds.
    Ok,
    /// It holds, and somebody may want to know something.
    Warning,
    /// It does not hold.
    Problem,
    /// Nobody here can tell.
    Unknown,
    /// It could not be looked at, because another one does not hold, or it does not concern this connection.
    Skipped,
}

/// What a precondition is about, in the order in which they are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = CheckArea))]
#[serde(rename_all = "lowercase")]
pub enum Area {
    /// Configuration, state store, clock.
    Machine,
    /// The org: access, scopes, role, schemas, log.
    Okta,
    /// The event hook.
    Hook,
    /// What Okta allows this app.
    Limits,
    /// The import source and the account.
    Assets,
    /// Addresses that are listened on or sent to.
    Addresses,
}

impl Area {
    /// What people call it.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Machine => "This machine",
            Self::Okta => "Okta org",
            Self::Hook => "Event hook",
            Self::Limits => "Rate limit",
            Self::Assets => "Assets",
            Self::Addresses => "Addresses",
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
    pub area: Area,
    /// Its name for people.
    pub title: Cow<'static, str>,
    /// What was found.
    pub state: State,
    /// What was seen.
    pub evidence: String,
    /// What to do; nothing where there is nothing to do.
    pub remedy: Option<String>,
    /// The check that has to hold first; nothing unless it was skipped because of that.
    pub needs: Option<Cow<'static, str>>,
    /// Whether `--fix` puts it right.
    pub fixable: bool,
    #[serde(skip)]
    pub(super) repair: Option<Repair>,
}

/// A precondition.
#[derive(Debug, Clone, Copy)]
pub(super) struct Item {
    pub(super) id: &'static str,
    area: Area,
    title: &'static str,
}

impl Item {
    pub(super) const fn new(id: &'static str, area: Area, title: &'static str) -> Self {
        Self { id, area, title }
    }

    fn found(self, state: State, evidence: String, remedy: Option<String>) -> Check {
        let Self { id, area, title } = self;
        Check {
            id: Cow::Borrowed(id),
            area,
            title: Cow::Borrowed(title),
            state,
            evidence,
            remedy,
            needs: None,
            fixable: false,
            repair: None,
        }
    }

    pub(super) fn ok(self, evidence: impl Into<String>) -> Check {
        self.found(State::Ok, evidence.into(), None)
    }

    pub(super) fn warning(self, evidence: impl Into<String>, remedy: impl Into<String>) -> Check {
        self.found(State::Warning, evidence.into(), Some(remedy.into()))
    }

    pub(super) fn problem(self, evidence: impl Into<String>, remedy: impl Into<String>) -> Check {
        self.found(State::Problem, evidence.into(), Some(remedy.into()))
    }

    pub(super) fn unknown(self, evidence: impl Into<String>, remedy: impl Into<String>) -> Check {
        self.found(State::Unknown, evidence.into(), Some(remedy.into()))
    }

    /// Something else has to hold first.
    pub(super) fn needs(self, other: Self) -> Check {
        let evidence = if other.area == self.area {
            format!("needs: {}", other.title)
        } else {
            format!("needs: {}, {}", other.area.title(), other.title)
        };
        Check { needs: Some(Cow::Borrowed(other.id)), ..self.found(State::Skipped, evidence, None) }
    }

    /// It does not concern this connection.
    pub(super) fn without(self, reason: impl Into<String>) -> Check {
        self.found(State::Skipped, reason.into(), None)
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
        self.fixable = true;
        self
    }

    /// Whether what depends on it can be looked at.
    pub(super) const fn holds(&self) -> bool {
        matches!(self.state, State::Ok | State::Warning)
    }
}
