//! Sample facts of a site, for tests of their words.

use jiff::Timestamp;

use crate::domain::site_fact::{SiteFact, SiteFactId, SiteFactReason, SiteFactState};

/// 2026-11-28T14:38:26Z.
const TIME: Timestamp = Timestamp::constant(1_795_876_706, 0);

impl SiteFact {
    /// Each statement, each answer, and each kind of reason at least once.
    pub fn samples() -> Vec<Self> {
        use SiteFactReason::{
            Counters, Interrupted, NoAccount, NoReferences, NotMapped, NotNeeded, NotReturned, NotStorable,
            ReadBack, Rejected, Response,
        };
        use SiteFactState::{DoesNotHold, Holds, Unknown};
        let answers = [
            (Holds, ReadBack),
            (DoesNotHold, ReadBack),
            (Holds, Counters),
            (DoesNotHold, Response),
            (Unknown, NotReturned),
            (Unknown, Rejected),
            (Unknown, NotStorable),
            (Unknown, NoAccount),
            (Unknown, NotNeeded),
            (Unknown, NoReferences),
            (Unknown, NotMapped),
            (Unknown, Interrupted),
        ];
        let fact = |(id, (state, reason))| Self {
            id,
            state,
            reason,
            import_source: "9b2c".to_owned(),
            tested_at: TIME,
        };
        SiteFactId::ALL.into_iter().zip(answers.into_iter().cycle()).map(fact).collect()
    }
}
