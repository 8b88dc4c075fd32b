//! External IDs and field names: each depends only on the attribute's name in Okta, so that no other attribute can
//! change it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use sync_model::Fingerprint;

/// The number of characters after which a name is cut and distinguished by a digest.
const MAX_CHARS: usize = 80;
const KEPT_CHARS: usize = 60;

/// The end of an attribute's external id. Case counts, as it does in Okta and in Assets.
pub(crate) fn id_end(name: &str) -> String {
    let mut end = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.') {
            end.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(end, "%{byte:02X}");
        }
    }
    if end.is_empty() {
        end.push('%');
    }
    // A tilde is never in an end that was not cut.
    if end.len() > MAX_CHARS { format!("{}~{}", &end[..KEPT_CHARS], digest(name)) } else { end }
}

/// The field of a record: letters, digits and underscores, since it stands in placeholders.
pub(crate) fn locator(name: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if !name.is_empty() && name.len() <= MAX_CHARS && name.chars().all(fits) {
        return format!("profile_{name}");
    }
    let plain: String = name.chars().map(|c| if fits(c) { c } else { '_' }).take(KEPT_CHARS).collect();
    // The different prefix prevents a collision with names that need no encoding.
    format!("profilex_{plain}_{}", digest(name))
}

fn digest(name: &str) -> String {
    let fields = BTreeMap::from([("name".to_owned(), name.into())]);
    let mut digest = format!("{:?}", Fingerprint::of(&fields));
    digest.truncate(12);
    digest
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn unusual_names_are_encoded() {
        assert_eq!(
            (id_end("costCentre"), locator("costCentre")),
            ("costCentre".into(), "profile_costCentre".into())
        );
        assert_eq!(id_end("a b/ü"), "a%20b%2F%C3%BC");
        assert_eq!(id_end(""), "%");
        assert!(locator("a-b").starts_with("profilex_a_b_") && locator("a-b") != locator("a b"));
        assert_eq!(id_end(&"x".repeat(5000)).len(), KEPT_CHARS + 13);
    }

    proptest! {
        #[test]
        fn ids_and_locators_are_unique(names in prop::collection::btree_set("\\PC{0,6}|[aA_ -]{0,3}|a{99,140}", 0..20)) {
            let ids: BTreeSet<String> = names.iter().map(|name| id_end(name)).collect();
            let fields: BTreeSet<String> = names.iter().map(|name| locator(name)).collect();
            prop_assert_eq!((ids.len(), fields.len()), (names.len(), names.len()));
        }
    }
}
