//! Aliases in the store.

use sync_model::{AliasReference, RecordKey};

/// A current object with an alias.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The ID.
    pub id: String,
    /// True if it only applies while no other object has the alias without this condition.
    pub yields: bool,
}

impl Owner {
    /// The ID that an alias resolves to: that of its only object. `None` for none or several.
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
