//! The differences that a comparison finds.

/// The maximum number of described differences.
const SHOWN: usize = 20;
/// The number of differences, and a description of the first ones.
#[derive(Default)]
pub(super) struct Differences {
    pub(super) total: u64,
    pub(super) shown: Vec<String>,
}

impl Differences {
    pub(super) fn add(&mut self, difference: impl FnOnce() -> String) {
        self.total += 1;
        if self.shown.len() < SHOWN {
            self.shown.push(difference());
        }
    }
}
