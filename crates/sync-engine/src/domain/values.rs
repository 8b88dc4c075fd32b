//! Values of a run that did not fit, counted by attribute and kind of problem.

use serde::{Deserialize, Serialize};
use sync_model::{ObjectKind, RecordKey, ValueProblem};

use crate::domain::finding::Finding;
use crate::domain::finding::fact::Fact;
use crate::domain::value_problem::ValueProblemCount;

/// The maximum number of distinct problems. There are at most as many as attributes times kinds, but names come from
/// outside the process.
const LIMIT: usize = 500;

/// The value problems of a run, one for each attribute and kind of problem.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct ValueProblems {
    /// The problems, in order.
    pub problems: Vec<ValueProblemCount>,
    /// The number of values with further problems.
    pub further: u64,
}

impl ValueProblems {
    /// True if every value fitted.
    pub const fn is_empty(&self) -> bool {
        self.problems.is_empty()
    }

    /// Counts a problem of an object.
    pub(crate) fn add(&mut self, problem: ValueProblem, key: &RecordKey) {
        match self.problems.binary_search_by(|known| known.problem.cmp(&problem)) {
            Ok(at) => {
                if let Some(known) = self.problems.get_mut(at) {
                    known.count += 1;
                }
            }
            Err(_) if self.problems.len() >= LIMIT => self.further += 1,
            Err(at) => {
                self.problems.insert(at, ValueProblemCount { problem, count: 1, example: key.id.clone() });
            }
        }
    }

    /// Clears the counts of a kind of object whose listing restarts.
    pub(crate) fn clear(&mut self, kind: ObjectKind) {
        self.problems.retain(|known| known.problem.kind != kind);
    }

    /// Clears the counts of references, which are about to be resolved again.
    pub(crate) fn clear_references(&mut self) {
        self.problems.retain(|known| !known.problem.problem.is_reference());
    }

    /// A finding for each problem.
    pub fn findings(&self) -> impl Iterator<Item = Finding> {
        let known = self.problems.iter().cloned().map(|problem| Fact::ValuesInvalid { problem });
        let further = (self.further > 0).then_some(Fact::MoreValuesInvalid { values: self.further });
        known.chain(further).map(Finding::warning)
    }
}

#[cfg(test)]
mod tests {
    use sync_model::ValueProblemKind;

    use super::*;

    fn key(id: &str) -> RecordKey {
        RecordKey { kind: ObjectKind::User, id: id.into() }
    }

    fn problem(attribute: &str, problem: ValueProblemKind) -> ValueProblem {
        ValueProblem { kind: ObjectKind::User, attribute: attribute.into(), problem }
    }

    #[test]
    fn problem_is_counted_once_with_example() {
        let mut values = ValueProblems::default();
        for id in ["00u1", "00u2", "00u3"] {
            values.add(problem("size", ValueProblemKind::TextCut), &key(id));
            // The beginning of another message is not the same problem.
            values.add(problem("size", ValueProblemKind::AddressTooLong), &key(id));
        }
        values.add(problem("age", ValueProblemKind::NoInteger), &key("00u4"));
        values.add(problem("manager", ValueProblemKind::UnresolvedReference), &key("00u5"));
        let known: Vec<_> = values
            .problems
            .iter()
            .map(|p| (p.problem.attribute.as_str(), p.count, p.example.as_str()))
            .collect();
        let expected = [("age", 1, "00u4"), ("manager", 1, "00u5"), ("size", 3, "00u1"), ("size", 3, "00u1")];
        assert_eq!(known, expected);
        values.clear_references();
        assert_eq!(values.problems.len(), 3);
        values.clear(ObjectKind::User);
        assert!(values.is_empty());
    }

    #[test]
    fn memory_is_bounded_for_any_name() {
        let mut values = ValueProblems::default();
        for n in 0..LIMIT + 5 {
            values.add(problem(&format!("attribute{n}"), ValueProblemKind::TextCut), &key("00u1"));
        }
        assert_eq!((values.problems.len(), values.further), (LIMIT, 5));
    }
}
