//! Records in chunks that Assets accepts.

use std::collections::BTreeMap;

use bytes::Bytes;
use futures::{Stream, TryStreamExt, stream};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

/// A record with its selector. It has one row, or several of the same identity that Assets merges; they stay together.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rows {
    pub(crate) selector: String,
    pub(crate) rows: Vec<Value>,
}

/// One portion of records.
#[derive(Debug, Clone, PartialEq)]
pub struct Chunk {
    client_generated_id: String,
    records: Vec<Rows>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'c> {
    client_generated_id: &'c str,
    data: BTreeMap<&'c str, Vec<&'c Value>>,
}

impl Serialize for Chunk {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut data: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
        for record in &self.records {
            data.entry(record.selector.as_str()).or_default().extend(&record.rows);
        }
        Body { client_generated_id: &self.client_generated_id, data }.serialize(serializer)
    }
}

impl Chunk {
    /// Records for one selector of the mapping.
    pub fn new(selector: impl Into<String>, records: impl IntoIterator<Item = Value>) -> Self {
        let selector = selector.into();
        let record = |row| Rows { selector: selector.clone(), rows: vec![row] };
        Self::of(records.into_iter().map(record).collect())
    }

    /// One record in rows.
    pub(crate) fn of_rows(selector: &str, rows: Vec<Value>) -> Self {
        Self::of(vec![Rows { selector: selector.to_owned(), rows }])
    }

    fn of(records: Vec<Rows>) -> Self {
        // The ID stays the same when the chunk is resent, so that Assets detects a repeat.
        Self { client_generated_id: Uuid::new_v4().to_string(), records }
    }

    /// The ID by which Assets may recognize a repeated chunk.
    pub fn client_generated_id(&self) -> &str {
        &self.client_generated_id
    }

    /// The number of its records.
    pub const fn len(&self) -> usize {
        self.records.len()
    }

    /// True if it has no records.
    pub const fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The records with their selectors.
    pub(crate) fn into_records(self) -> impl Iterator<Item = Rows> {
        self.records.into_iter()
    }

    pub(crate) fn to_bytes(&self) -> Result<Bytes, serde_json::Error> {
        serde_json::to_vec(self).map(Bytes::from)
    }

    /// Two chunks of half the size, with IDs derived from this one's; `None` if it can't be split.
    pub(crate) fn halves(&self) -> Option<(Self, Self)> {
        if self.len() < 2 {
            return None;
        }
        let (first, second) = self.records.split_at(self.len() / 2);
        let half = |records: &[Rows], which: u8| Self {
            client_generated_id: format!("{}/{which}", self.client_generated_id),
            records: records.to_vec(),
        };
        Some((half(first, 1), half(second, 2)))
    }
}

/// The maximum size of a chunk. Atlassian documents no limit; the defaults are the sizes that other clients send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChunkLimits {
    /// About how many bytes.
    pub bytes: usize,
    /// The number of rows.
    pub records: usize,
}

impl Default for ChunkLimits {
    fn default() -> Self {
        Self { bytes: 1_000_000, records: 500 }
    }
}

/// Gathers records into chunks. Holds one chunk at most.
#[derive(Debug)]
pub struct Chunker {
    limits: ChunkLimits,
    records: Vec<Rows>,
    bytes: usize,
    rows: usize,
}

impl Chunker {
    /// An empty one.
    pub fn new(limits: ChunkLimits) -> Self {
        Self { limits, records: Vec::new(), bytes: 0, rows: 0 }
    }

    /// Limits the following chunks to this number of bytes, except for a single record that is larger.
    pub fn limit_bytes(&mut self, most: usize) {
        self.limits.bytes = self.limits.bytes.min(most);
    }

    /// Adds a record, and returns the previous chunk if the record no longer fits into it.
    pub fn push(&mut self, selector: &str, record: Value) -> Option<Chunk> {
        self.push_rows(selector, vec![record])
    }

    /// The same for a record in rows of the same identity, which stay in one chunk.
    pub fn push_rows(&mut self, selector: &str, rows: Vec<Value>) -> Option<Chunk> {
        let bytes: usize = rows.iter().map(|row| row.to_string().len() + 1).sum();
        let full = !self.records.is_empty()
            && (self.rows + rows.len() > self.limits.records || self.bytes + bytes > self.limits.bytes);
        let chunk = if full { self.take() } else { None };
        self.bytes += bytes;
        self.rows += rows.len();
        self.records.push(Rows { selector: selector.to_owned(), rows });
        chunk
    }

    /// The collected chunk, if it contains records.
    pub fn take(&mut self) -> Option<Chunk> {
        self.bytes = 0;
        self.rows = 0;
        let records = std::mem::take(&mut self.records);
        (!records.is_empty()).then(|| Chunk::of(records))
    }
}

/// Records with their selectors, as a stream of chunks. Holds one chunk at most.
pub fn chunks<E>(
    records: impl Stream<Item = Result<(String, Value), E>>,
    limits: ChunkLimits,
) -> impl Stream<Item = Result<Chunk, E>> {
    let state = Some((Box::pin(records), Chunker::new(limits)));
    stream::try_unfold(state, |state| async move {
        let Some((mut records, mut chunker)) = state else { return Ok(None) };
        while let Some((selector, record)) = records.try_next().await? {
            if let Some(chunk) = chunker.push(&selector, record) {
                return Ok(Some((chunk, Some((records, chunker)))));
            }
        }
        Ok(chunker.take().map(|chunk| (chunk, None)))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    proptest! {
        #[test]
        fn chunks_hold_every_record_within_limits(sizes in proptest::collection::vec(0_usize..40, 0..60)) {
            let limits = ChunkLimits { bytes: 100, records: 5 };
            let mut chunker = Chunker::new(limits);
            let mut chunks = Vec::new();
            for (n, size) in sizes.iter().enumerate() {
                chunks.extend(chunker.push(if n % 3 == 0 { "groups" } else { "users" }, json!("x".repeat(*size))));
            }
            chunks.extend(chunker.take());
            prop_assert_eq!(chunks.iter().map(Chunk::len).sum::<usize>(), sizes.len());
            for chunk in chunks {
                prop_assert!((1..=5).contains(&chunk.len()));
            }
        }

        #[test]
        fn rows_stay_in_one_chunk(rows in proptest::collection::vec(1_usize..9, 1..40)) {
            let mut chunker = Chunker::new(ChunkLimits { bytes: 10_000, records: 5 });
            let mut chunks = Vec::new();
            for (n, rows) in rows.iter().enumerate() {
                chunks.extend(chunker.push_rows("users", vec![json!(n); *rows]));
            }
            chunks.extend(chunker.take());
            let (mut whole, mut seen) = (0, Vec::new());
            while let Some(chunk) = chunks.pop() {
                if let Some((first, second)) = chunk.halves() {
                    chunks.extend([first, second]);
                    continue;
                }
                whole += 1;
                seen.extend(chunk.into_records().map(|record| (record.rows[0].as_u64().unwrap(), record.rows.len())));
            }
            seen.sort_unstable();
            let expected: Vec<(u64, usize)> = (0_u64..).zip(rows.iter().copied()).collect();
            prop_assert_eq!(whole, rows.len());
            prop_assert_eq!(seen, expected);
        }

        #[test]
        fn halves_hold_what_the_whole_held(users in 0_usize..9, groups in 0_usize..9) {
            let record = |selector: &str| Rows { selector: selector.to_owned(), rows: vec![json!(1)] };
            let records = (0..users).map(|_| record("users")).chain((0..groups).map(|_| record("groups")));
            let chunk = Chunk::of(records.collect());
            match chunk.halves() {
                None => prop_assert!(chunk.len() < 2),
                Some((one, other)) => {
                    prop_assert_eq!(one.len() + other.len(), users + groups);
                    prop_assert!(!one.is_empty() && !other.is_empty());
                    prop_assert_ne!(one.client_generated_id, other.client_generated_id);
                }
            }
        }
    }
}
