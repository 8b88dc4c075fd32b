//! Aliases in the store.

use sync_model::{AliasReference, RecordKey};

/// A living object that answers to an alias.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// Its id.
    pub id: String,
    /// True if it answers only while no other object does that would not yield as well.
    pub yields: bool,
}

impl Owner {
    /// The id that an alias resolves to: that of the one object that answers to it. `None` when none or several do.
    pub fn of(owners: &[Self]) -> Option<&str> {
        match Self::rivals(owners)[..] {
            [only] => Some(&only.id),
            _ => None,
        }
    }

    /// The objects among which an alias is to decide.
    pub(crate) fn rivals(owners: &[Self]) -> Vec<&Self> {
        let all_yield = owners.iter().all(|owner| owner.yields);
        owners.iter().filter(|owner| all_yield || !owner.yields).collect()
    }
}

/// A record that refers to another one by an alias.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AliasUse {
    /// The record.
    pub key: RecordKey,
    /// Its reference, as it was resolved last.
    pub reference: AliasReference,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alias_resolves_to_one_living_object() {
        let owner = |id: &str, yields| Owner { id: id.into(), yields };
        for (owners, id) in [
            (vec![], None),
            (vec![owner("u1", false)], Some("u1")),
            (vec![owner("u1", true)], Some("u1")),
            (vec![owner("u1", true), owner("u2", false)], Some("u2")),
            (vec![owner("u1", false), owner("u2", false)], None),
            (vec![owner("u1", true), owner("u2", true)], None),
        ] {
            assert_eq!(Owner::of(&owners), id, "{owners:?}");
        }
    }
}
