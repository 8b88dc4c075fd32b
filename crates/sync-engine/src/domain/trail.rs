//! Noticing that pages lead in a circle, in constant memory.

use serde::{Deserialize, Serialize};

/// The pages read so far, as needed to detect a loop of any length (Brent's algorithm): one cursor is stored, for twice
/// as many steps each time.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Trail {
    marker: Option<String>,
    steps: u64,
    until: u64,
    /// Empty pages in a row.
    #[serde(default)]
    empty: u32,
}

/// No listing has more empty pages in a row.
const MOST_EMPTY: u32 = 50;

impl Trail {
    /// True if more empty pages follow each other than any listing has. `count` is the number of items of this one.
    pub(crate) const fn is_endless(&mut self, count: u64) -> bool {
        self.empty = if count == 0 { self.empty.saturating_add(1) } else { 0 };
        self.empty > MOST_EMPTY
    }

    /// True if the next place was left before.
    pub(crate) fn leads_back(&mut self, next: &str) -> bool {
        if self.marker.as_deref() == Some(next) {
            return true;
        }
        self.steps += 1;
        if self.steps >= self.until {
            self.marker = Some(next.to_owned());
            self.steps = 0;
            self.until = self.until.saturating_mul(2).max(1);
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_pages_end_the_listing() {
        let mut trail = Trail::default();
        for count in [0, 1, 0] {
            assert!((0..MOST_EMPTY - 1).all(|_| !trail.is_endless(count)), "{count}");
        }
        assert!(!trail.is_endless(0) && trail.is_endless(0) && !trail.is_endless(1));
    }

    #[test]
    fn cycle_of_any_length_is_detected() {
        for (lead, length) in [(0, 1), (0, 2), (3, 7), (10, 100)] {
            let mut trail = Trail::default();
            let place = |n: u64| if n < lead { n } else { lead + (n - lead) % length };
            let steps = (0..10_000).find(|&n| trail.leads_back(&place(n).to_string()));
            assert!(steps.is_some_and(|steps| steps <= 4 * (lead + length) + 2), "{steps:?}");
        }
        let mut trail = Trail::default();
        assert!((0..10_000).all(|n: u64| !trail.leads_back(&n.to_string())));
    }
}
