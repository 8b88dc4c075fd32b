//! Facts of a site: how its imports behave where Atlassian's documents leave it open.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sync_model::ReferenceForm;

/// A question about the site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SiteFactId {
    /// The form `each_value` stores several references.
    EachValueReferences,
    /// The form `joined_values` stores several references.
    JoinedValuesReferences,
    /// The form `row_per_reference` stores several references.
    RowPerReferenceReferences,
    /// References lead to objects of an earlier execution.
    EarlierReferences,
    /// A reference that is no longer sent is removed.
    ReplacedReferences,
    /// The last reference is removed.
    LastReferenceRemoved,
    /// An empty value removes the value.
    EmptyValueRemoved,
    /// The status is stored.
    StatusStored,
    /// A text of 2,000 characters is stored.
    LongTextStored,
    /// A time is stored.
    DateStored,
    /// IDs that differ in case identify two objects.
    IdentityCaseSensitive,
    /// A repeated identity makes one object.
    RepeatedIdentityIsOneObject,
    /// A chunk of the size that a sync sends is accepted.
    ChunkAccepted,
}

impl SiteFactId {
    /// All of them, in the order in which they are tested.
    pub const ALL: [Self; 13] = [
        Self::EachValueReferences,
        Self::JoinedValuesReferences,
        Self::RowPerReferenceReferences,
        Self::StatusStored,
        Self::LongTextStored,
        Self::DateStored,
        Self::EarlierReferences,
        Self::ReplacedReferences,
        Self::LastReferenceRemoved,
        Self::EmptyValueRemoved,
        Self::IdentityCaseSensitive,
        Self::RepeatedIdentityIsOneObject,
        Self::ChunkAccepted,
    ];

    /// The question whether a form of references works.
    pub const fn of_form(form: ReferenceForm) -> Self {
        match form {
            ReferenceForm::EachValue => Self::EachValueReferences,
            ReferenceForm::JoinedValues => Self::JoinedValuesReferences,
            ReferenceForm::RowPerReference => Self::RowPerReferenceReferences,
        }
    }
}

/// The answer to a question about the site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SiteFactState {
    /// It is so.
    Holds,
    /// It isn't so.
    DoesNotHold,
    /// Nothing proves either.
    Unknown,
}

/// The reason for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SiteFactReason {
    /// The test objects were read with the Atlassian account.
    ReadBack,
    /// The counters of the execution.
    Counters,
    /// The response of Assets to the request.
    Response,
    /// None: Assets didn't return the test objects in time.
    NotReturned,
    /// None: Assets rejected the test objects.
    Rejected,
    /// None: Assets can't store the attribute's values as it is.
    NotStorable,
    /// None: it requires an Atlassian account.
    NoAccount,
    /// None: a form that works was found before, or the settings choose another one.
    NotNeeded,
    /// None: no form of several references works.
    NoReferences,
    /// None: the mapping has no such attribute.
    NotMapped,
    /// None: the test was interrupted. The form was in the mapping before it.
    Interrupted,
}

/// The answer to a question about the site, and its reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SiteFact {
    /// The question.
    pub id: SiteFactId,
    /// The answer.
    pub state: SiteFactState,
    /// Its reason.
    pub reason: SiteFactReason,
    /// The ID of the import source that was tested.
    pub import_source: String,
    /// The time of the test.
    pub tested_at: Timestamp,
}

impl SiteFact {
    /// The form of references that the mapping had before an interrupted self-test of an import source.
    pub fn form_before(facts: &[Self], import_source: &str) -> Option<ReferenceForm> {
        ReferenceForm::ALL.into_iter().find(|form| {
            let (id, reason) = (SiteFactId::of_form(*form), SiteFactReason::Interrupted);
            facts.iter().any(|f| f.id == id && f.reason == reason && f.import_source == import_source)
        })
    }

    /// True if a self-test of an import source found that a form of references doesn't work.
    pub fn refutes(facts: &[Self], import_source: &str, form: ReferenceForm) -> bool {
        let (id, refuted) = (SiteFactId::of_form(form), SiteFactState::DoesNotHold);
        facts.iter().any(|f| f.id == id && f.state == refuted && f.import_source == import_source)
    }

    /// The first form of references that is proven to work with an import source.
    pub fn proven_form(facts: &[Self], import_source: &str) -> Option<ReferenceForm> {
        ReferenceForm::ALL.into_iter().find(|form| {
            let (id, holds) = (SiteFactId::of_form(*form), SiteFactState::Holds);
            facts.iter().any(|f| f.id == id && f.state == holds && f.import_source == import_source)
        })
    }
}

/// The result of a self-test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SelfTestReport {
    /// The form of several references that is proven to work; `None` if none is.
    pub reference_form: Option<ReferenceForm>,
    /// All facts, in the order in which they were tested.
    pub facts: Vec<SiteFact>,
    /// True if the test objects remain in Assets, marked as deleted: only an Atlassian account can delete them.
    pub objects_remain: bool,
}
