//! Pages of a listing.

use serde::Deserialize;

use super::model::boolean_or_word;

/// The number of items per request of a listing.
pub(super) const PAGE: u64 = 100;

/// A page of a listing that counts its items.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Page<T> {
    pub(super) values: Vec<T>,
    /// A boolean, or its word.
    #[serde(default, alias = "isLastPage", deserialize_with = "boolean_or_word")]
    is_last: Option<bool>,
}

impl<T> Page<T> {
    /// The start of the next page. The total isn't used: it is unreliable for large results.
    pub(super) fn next(&self, start: u64) -> Option<u64> {
        let count = u64::try_from(self.values.len()).unwrap_or(u64::MAX);
        let last = self.is_last.unwrap_or(count < PAGE) || count == 0;
        (!last).then(|| start.saturating_add(count))
    }
}
