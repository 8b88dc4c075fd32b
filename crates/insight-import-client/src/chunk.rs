//! Records in chunks that Assets accepts.

use bytes::Bytes;
use futures::{Stream, TryStreamExt, stream};
use serde::Serialize;
use serde_json::{Map, Value};
use uuid::Uuid;

/// One portion of records.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Chunk {
    client_generated_id: String,
    data: Map<String, Value>,
}

impl Chunk {
    /// Records for one selector of the mapping.
    pub fn new(selector: impl Into<String>, records: impl IntoIterator<Item = Value>) -> Self {
        Self::of([(selector.into(), Value::Array(records.into_iter().collect()))].into_iter().collect())
    }

    fn of(data: Map<String, Value>) -> Self {
        // The ID stays the same when the chunk is resent, so that Assets detects a repeat.
        Self { client_generated_id: Uuid::new_v4().to_string(), data }
    }

    /// The ID by which Assets may recognize a repeated chunk.
    pub fn client_generated_id(&self) -> &str {
        &self.client_generated_id
    }

    /// The number of its records.
    pub fn len(&self) -> usize {
        self.data.values().filter_map(Value::as_array).map(Vec::len).sum()
    }

    /// True if it has no records.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The records with their selectors.
    pub(crate) fn into_records(self) -> impl Iterator<Item = (String, Value)> {
        self.data.into_iter().flat_map(|(selector, records)| {
            let records = if let Value::Array(records) = records { records } else { Vec::new() };
            records.into_iter().map(move |record| (selector.clone(), record))
        })
    }

    pub(crate) fn to_bytes(&self) -> Result<Bytes, serde_json::Error> {
        serde_json::to_vec(self).map(Bytes::from)
    }

    /// Two chunks of half the size, with IDs derived from this one's; `None` if it can't be split.
    pub(crate) fn halves(&self) -> Option<(Self, Self)> {
        if self.len() < 2 {
            return None;
        }
        let half = self.len() / 2;
        let (mut first, mut second) = (Map::new(), Map::new());
        let mut taken = 0;
        for (selector, records) in &self.data {
            let records = records.as_array().map(Vec::as_slice).unwrap_or_default();
            let (left, right) = records.split_at((half - taken).min(records.len()));
            taken += left.len();
            for (side, part) in [(&mut first, left), (&mut second, right)] {
                if !part.is_empty() {
                    side.insert(selector.clone(), part.into());
                }
            }
        }
        let half = |data, which: u8| Self {
            client_generated_id: format!("{}/{which}", self.client_generated_id),
            data,
        };
        Some((half(first, 1), half(second, 2)))
    }
}

/// The maximum size of a chunk. Atlassian documents no limit; the defaults are the sizes that other clients send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChunkLimits {
    /// About how many bytes.
    pub bytes: usize,
    /// The number of records.
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
    data: Map<String, Value>,
    bytes: usize,
    records: usize,
}

impl Chunker {
    /// An empty one.
    pub fn new(limits: ChunkLimits) -> Self {
        Self { limits, data: Map::new(), bytes: 0, records: 0 }
    }

    /// Limits the following chunks to this number of bytes, except for a single record that is larger.
    pub fn limit_bytes(&mut self, most: usize) {
        self.limits.bytes = self.limits.bytes.min(most);
    }

    /// Adds a record, and returns the previous chunk if the record no longer fits into it.
    pub fn push(&mut self, selector: &str, record: Value) -> Option<Chunk> {
        let bytes = record.to_string().len() + 1;
        let full = self.records > 0
            && (self.records >= self.limits.records || self.bytes + bytes > self.limits.bytes);
        let chunk = if full { self.take() } else { None };
        self.bytes += bytes;
        self.records += 1;
        let records = self.data.entry(selector.to_owned()).or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(records) = records {
            records.push(record);
        }
        chunk
    }

    /// The collected chunk, if it contains records.
    pub fn take(&mut self) -> Option<Chunk> {
        self.bytes = 0;
        self.records = 0;
        let data = std::mem::take(&mut self.data);
        (!data.is_empty()).then(|| Chunk::of(data))
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
        fn halves_hold_what_the_whole_held(users in 0_usize..9, groups in 0_usize..9) {
            let data = json!({"users": vec![1; users], "groups": vec![2; groups]});
            let chunk = Chunk::of(data.as_object().unwrap().clone());
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
