//! A short digest that changes when a record's content does.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::value::is_empty;

/// The first 128 bits of the SHA-256 over a record's non-empty fields.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint([u8; 16]);

impl Fingerprint {
    /// The digest of fields. Empty values do not count: absent and empty are the same thing in a directory.
    pub fn of(fields: &BTreeMap<String, Value>) -> Self {
        let mut digest = Sha256::new();
        for (name, value) in fields.iter().filter(|(_, value)| !is_empty(value)) {
            let text = value.to_string();
            // Lengths distinguish ("ab", "c") from ("a", "bc").
            digest.update((name.len() as u64).to_le_bytes());
            digest.update(name);
            digest.update((text.len() as u64).to_le_bytes());
            digest.update(text);
        }
        let full = digest.finalize();
        let mut short = [0; 16];
        short.copy_from_slice(&full[..16]);
        Self(short)
    }

    /// Reads the bytes of [`Self::as_bytes`]; `None` if the length is wrong.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The digest.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn fields(value: &Value) -> BTreeMap<String, Value> {
        value.as_object().unwrap().clone().into_iter().collect()
    }

    #[test]
    fn empty_field_leaves_fingerprint_unchanged() {
        let bare = Fingerprint::of(&fields(&json!({"a": "x"})));
        for empty in [json!(null), json!(""), json!([])] {
            assert_eq!(bare, Fingerprint::of(&fields(&json!({"a": "x", "b": empty}))));
        }
        assert_ne!(bare, Fingerprint::of(&fields(&json!({"a": "x", "b": false}))));
        assert_ne!(bare, Fingerprint::of(&fields(&json!({"a": "x", "b": 0}))));
    }

    proptest! {
        #[test]
        fn changed_field_changes_fingerprint(
            one in proptest::collection::btree_map("[a-z]{1,4}", "[a-z\"]{1,4}", 0..5),
            other in proptest::collection::btree_map("[a-z]{1,4}", "[a-z\"]{1,4}", 0..5),
        ) {
            let digest = |map: &BTreeMap<String, String>| {
                Fingerprint::of(&map.iter().map(|(k, v)| (k.clone(), json!(v))).collect())
            };
            prop_assert_eq!(one == other, digest(&one) == digest(&other));
        }
    }
}
