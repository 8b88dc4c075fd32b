//! Facts of a site in plain text.

use sync_engine::{SiteFact, SiteFactId, SiteFactReason, SiteFactState};

/// A fact as a fragment: the statement, the answer, and its reason.
pub fn site_fact(fact: &SiteFact) -> String {
    format!(
        "{}: {} ({})",
        site_fact_statement(fact.id),
        site_fact_state(fact.state),
        site_fact_reason(fact.reason)
    )
}

/// The statement of a fact, which holds or doesn't.
pub const fn site_fact_statement(id: SiteFactId) -> &'static str {
    match id {
        SiteFactId::EachValueReferences => "the reference form each_value works",
        SiteFactId::JoinedValuesReferences => "the reference form joined_values works",
        SiteFactId::RowPerReferenceReferences => "the reference form row_per_reference works",
        SiteFactId::EarlierReferences => "references find objects of earlier imports",
        SiteFactId::ReplacedReferences => "references that are no longer sent are removed",
        SiteFactId::LastReferenceRemoved => "the last reference is removed",
        SiteFactId::EmptyValueRemoved => "empty values are removed",
        SiteFactId::StatusStored => "statuses are stored",
        SiteFactId::LongTextStored => "text of 2,000 characters is stored",
        SiteFactId::DateStored => "dates and times are stored",
        SiteFactId::IdentityCaseSensitive => "IDs that differ in case are two objects",
        SiteFactId::RepeatedIdentityIsOneObject => "a repeated ID is one object",
        SiteFactId::ChunkAccepted => "chunks of the usual size are accepted",
    }
}

/// The answer.
pub const fn site_fact_state(state: SiteFactState) -> &'static str {
    match state {
        SiteFactState::Holds => "yes",
        SiteFactState::DoesNotHold => "no",
        SiteFactState::Unknown => "unknown",
    }
}

/// The reason for the answer.
pub const fn site_fact_reason(reason: SiteFactReason) -> &'static str {
    match reason {
        SiteFactReason::ReadBack => "read with the Atlassian account",
        SiteFactReason::Counters => "counters of the import",
        SiteFactReason::Response => "response of Assets",
        SiteFactReason::NotReturned => "Assets didn't return the test objects in time",
        SiteFactReason::Rejected => "Assets rejected the test objects",
        SiteFactReason::NotStorable => "the attribute in Assets can't store the values",
        SiteFactReason::NoAccount => "requires an Atlassian account",
        SiteFactReason::NotNeeded => "not tested",
        SiteFactReason::NoReferences => "no reference form works",
        SiteFactReason::Interrupted => "the test was interrupted",
        SiteFactReason::NotMapped => "no such attribute is mapped",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fact_has_words() {
        let lines: Vec<String> = SiteFact::samples().iter().map(site_fact).collect();
        insta::assert_snapshot!(lines.join("\n"));
    }
}
