//! Value problems of a whole run, each told once.

use std::collections::BTreeMap;
use std::fmt;

use crate::{Mapped, ValueProblem};

/// How many different problems are told. There are as many as attributes times rules at most, but names come from outside.
const LIMIT: usize = 1000;

/// How often a problem was met, and where first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    /// How many values.
    pub count: u64,
    /// The id of the first object that had one.
    pub example: String,
}

/// The value problems of a run: one entry for each attribute and rule, whatever the number of objects. Never a value.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Problems {
    seen: BTreeMap<ValueProblem, Tally>,
    untold: u64,
}

impl Problems {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts the problems of an object.
    pub fn add(&mut self, mapped: &Mapped) {
        for problem in &mapped.problems {
            if let Some(tally) = self.seen.get_mut(problem) {
                tally.count += 1;
            } else if self.seen.len() < LIMIT {
                let tally = Tally { count: 1, example: mapped.record.key.id.clone() };
                self.seen.insert(problem.clone(), tally);
            } else {
                self.untold += 1;
            }
        }
    }

    /// Whether every value fitted.
    pub fn is_empty(&self) -> bool {
        self.seen.is_empty()
    }

    /// Each problem with its tally, sorted by kind of object and attribute.
    pub fn iter(&self) -> impl Iterator<Item = (&ValueProblem, &Tally)> {
        self.seen.iter()
    }

    /// How many values had problems beyond the thousand different ones that are told apart.
    pub const fn untold(&self) -> u64 {
        self.untold
    }
}

/// A line for each problem.
impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, (problem, tally)) in self.seen.iter().enumerate() {
            let line = if n == 0 { "" } else { "\n" };
            write!(
                f,
                "{line}{problem} ({} in all, for example {} {})",
                tally.count, problem.kind, tally.example
            )?;
        }
        if self.untold > 0 {
            write!(f, "\nand {} values with other problems", self.untold)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use sync_model::{ObjectKind, Record, RecordKey};

    use super::*;

    fn mapped(id: &str, attributes: &[&str]) -> Mapped {
        let problem = |name: &&str| ValueProblem {
            kind: ObjectKind::User,
            attribute: (*name).to_owned(),
            rule: "is odd; left empty",
        };
        let key = RecordKey { kind: ObjectKind::User, id: id.to_owned() };
        Mapped {
            record: Record {
                key,
                fields: BTreeMap::new(),
                answers_to: id.to_owned(),
                references: Vec::new(),
                alias: None,
                alias_reference: None,
            },
            problems: attributes.iter().map(problem).collect(),
            unmapped: Vec::new(),
        }
    }

    #[test]
    fn a_problem_is_told_once_with_a_count_and_an_example() {
        let mut problems = Problems::new();
        assert!(problems.is_empty());
        for id in ["00u1", "00u2", "00u3"] {
            problems.add(&mapped(id, &["size"]));
        }
        problems.add(&mapped("00u4", &["age"]));
        insta::assert_snapshot!(problems, @r#"
        user attribute "age": a value is odd; left empty (1 in all, for example user 00u4)
        user attribute "size": a value is odd; left empty (3 in all, for example user 00u1)
        "#);
    }

    #[test]
    fn memory_is_bounded_whatever_the_names() {
        let mut problems = Problems::new();
        for n in 0..LIMIT + 5 {
            problems.add(&mapped("00u1", &[&format!("attribute{n}")]));
        }
        assert_eq!((problems.iter().count(), problems.untold()), (LIMIT, 5));
    }
}
