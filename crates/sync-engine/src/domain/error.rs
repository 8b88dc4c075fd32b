//! Errors by the caller's possible reaction.

use std::error::Error as StdError;

use crate::domain::finding::Finding;
use crate::domain::finding::fact::Fact;
use crate::domain::finding::remedy::Remedy;
use crate::domain::run_kind::RunKind;
use crate::domain::store_error::StoreError;
use crate::domain::task::Task;
use crate::domain::violation::SafeguardViolation;

/// A failure behind a port, with the properties that the engine needs.
#[expect(clippy::struct_excessive_bools, reason = "each is a mark of its own")]
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct PortError {
    message: String,
    transient: bool,
    busy: bool,
    expired: bool,
    single_record: bool,
    refused: bool,
    deleted: bool,
    remedy: Option<Remedy>,
    #[source]
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl PortError {
    /// A failure without a cause.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            transient: false,
            busy: false,
            expired: false,
            single_record: false,
            refused: false,
            deleted: false,
            remedy: None,
            source: None,
        }
    }

    /// Keeps the error that caused this one. Its text must not be part of the message.
    #[must_use]
    pub fn caused_by(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.source = Some(Box::new(source));
        self
    }

    /// Marks a failure that may be temporary.
    #[must_use]
    pub const fn transient(mut self, transient: bool) -> Self {
        self.transient = transient;
        self
    }

    /// Marks an importer that works on another execution.
    #[must_use]
    pub const fn busy(mut self, busy: bool) -> Self {
        self.busy = busy;
        self
    }

    /// Marks an expired position.
    #[must_use]
    pub const fn expired(mut self, expired: bool) -> Self {
        self.expired = expired;
        self
    }

    /// Marks a failure that concerns only the requested object.
    #[must_use]
    pub const fn single_record(mut self, single_record: bool) -> Self {
        self.single_record = single_record;
        self
    }

    /// Marks a read that this credential isn't permitted, possibly for this object only.
    #[must_use]
    pub const fn refused(mut self, refused: bool) -> Self {
        self.refused = refused;
        self
    }

    /// Marks an object whose deletion is proven.
    #[must_use]
    pub const fn deleted(mut self, deleted: bool) -> Self {
        self.deleted = deleted;
        self
    }

    /// Sets the action that resolves the failure.
    #[must_use]
    pub fn with_remedy(mut self, remedy: impl Into<Option<Remedy>>) -> Self {
        self.remedy = remedy.into();
        self
    }

    /// True if the same call could succeed later without any change.
    pub const fn is_transient(&self) -> bool {
        self.transient
    }

    /// Is the importer working on another execution?
    pub const fn is_busy(&self) -> bool {
        self.busy
    }

    /// True if it concerns only the requested object.
    pub const fn is_single_record(&self) -> bool {
        self.single_record
    }

    /// True if this credential isn't permitted the read, possibly for this object only.
    pub const fn is_refused(&self) -> bool {
        self.refused
    }

    /// True if the deletion of the requested object is proven.
    pub const fn is_deleted(&self) -> bool {
        self.deleted
    }

    /// True if the position expired: start the listing again.
    pub const fn is_expired(&self) -> bool {
        self.expired
    }

    /// The action that resolves the failure.
    pub const fn remedy(&self) -> Option<&Remedy> {
        self.remedy.as_ref()
    }
}

/// An error that ended a run, a setup, or a verification.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The directory could not be read.
    #[error("could not read users and groups in Okta")]
    Directory(#[source] PortError),
    /// The object schema or the mapping could not be read or changed.
    #[error("could not set up the object schema and mapping")]
    TargetSchema(#[source] PortError),
    /// The event hook could not be read or changed.
    #[error("could not set up the event hook")]
    EventHook(#[source] PortError),
    /// The import source rejected the records.
    #[error("import failed")]
    Import(#[source] PortError),
    /// The state store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no object schema and mapping to import into.
    #[error("the import source has no object types and mapping yet")]
    SetupRequired,
    /// There is no account to change objects with.
    #[error("this operation requires an Atlassian account")]
    NoAccount,
    /// The objects of a self-test would remain in Assets.
    #[error("without an Atlassian account, the objects of a self-test remain in Assets")]
    TestObjectsRemain,
    /// An administrator switched the import source off.
    #[error("the import source is disabled")]
    Disabled,
    /// The plan exceeds a safeguard.
    #[error(transparent)]
    SafeguardTriggered(#[from] SafeguardViolation),
    /// The event feed could not be read.
    #[error("could not read the System Log")]
    EventFeed(#[source] PortError),
    /// Objects in Assets could not be read or changed with the account.
    #[error("could not change objects in Assets")]
    TargetObjects(#[source] PortError),
    /// The object schema in Assets changed since the records were built.
    #[error("the object schema in Assets changed during the run")]
    StructureChanged,
    /// The process was interrupted. Read data is kept: the next run resumes there.
    #[error("interrupted; the next run resumes from the last checkpoint")]
    Interrupted,
}

impl EngineError {
    /// True if the same run could succeed later without any change.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::StructureChanged | Self::Interrupted => true,
            _ => self.port().is_some_and(PortError::is_transient),
        }
    }

    /// The failure of the port; `None` if the engine itself stopped.
    pub const fn port(&self) -> Option<&PortError> {
        match self {
            Self::Directory(e)
            | Self::TargetSchema(e)
            | Self::EventHook(e)
            | Self::Import(e)
            | Self::EventFeed(e)
            | Self::TargetObjects(e) => Some(e),
            _ => None,
        }
    }

    /// The action that resolves the failure.
    pub fn remedy(&self) -> Option<Remedy> {
        match self {
            Self::Directory(_)
            | Self::TargetSchema(_)
            | Self::EventHook(_)
            | Self::Import(_)
            | Self::EventFeed(_)
            | Self::TargetObjects(_) => self.port().and_then(PortError::remedy).cloned(),
            Self::StructureChanged => Some(Remedy::RunFullSync),
            Self::SetupRequired => Some(Remedy::RunSetup),
            Self::NoAccount => Some(Remedy::SetAtlassianAccount),
            Self::TestObjectsRemain => Some(Remedy::KeepTestObjects),
            Self::Disabled => Some(Remedy::EnableImportSource),
            Self::SafeguardTriggered(violation) => Some(Remedy::of_violation(violation)),
            Self::Store(_) | Self::Interrupted => None,
        }
    }

    /// The finding of a run that failed with it.
    pub fn of_run(&self, kind: RunKind) -> Finding {
        self.finding(|error| Fact::SyncRunFailed { kind, error })
    }

    /// The finding of a task that failed with it, and is retried.
    pub fn of_task(&self, task: Task) -> Finding {
        self.finding(|error| Fact::TaskFailing { task, error, occurrences: 1 })
    }

    fn finding(&self, fact: impl FnOnce(String) -> Fact) -> Finding {
        let finding = match self {
            Self::SafeguardTriggered(violation) => {
                Finding::error(Fact::SafeguardTriggered { violation: violation.clone() })
            }
            Self::Interrupted => Finding::warning(Fact::RunInterrupted),
            error => Finding::error(fact(error_chain(error))),
        };
        Finding { remedy: self.remedy(), ..finding }
    }
}

/// An error with all its causes, in one line. A cause that the text before it ends with is not repeated.
pub fn error_chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.ends_with(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        cause = error.source();
    }
    text
}
