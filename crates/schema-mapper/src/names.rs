//! Attribute names that Assets takes, chosen the same way every time.

use std::collections::HashSet;

/// What Assets has on every object.
const RESERVED: [&str; 4] = ["key", "created", "updated", "label"];
/// Assets documents no limit; longer names are unreadable anyway.
const MAX_CHARS: usize = 100;

/// Gives out names, each once, whatever the case.
#[derive(Debug, Default)]
pub(crate) struct Names {
    taken: HashSet<String>,
}

impl Names {
    /// A name as close to `wanted` as possible. `name` is what tells attributes with the same title apart.
    pub(crate) fn take(&mut self, wanted: &str, name: &str) -> String {
        let wanted = clean(wanted);
        let name = clean(name);
        let mut candidate = if wanted.is_empty() { name.clone() } else { wanted.clone() };
        if candidate.is_empty() {
            "Attribute".clone_into(&mut candidate);
        }
        let base = candidate.clone();
        let mut round = 1;
        while RESERVED.contains(&candidate.to_lowercase().as_str())
            || self.taken.contains(&candidate.to_lowercase())
        {
            candidate = match round {
                1 if !name.is_empty() => format!("{base} ({name})"),
                _ => format!("{base} ({name} {round})"),
            };
            round += 1;
        }
        self.taken.insert(candidate.to_lowercase());
        candidate
    }
}

/// Without control characters, quotes (they would end a name in AQL) and runs of spaces; not too long.
fn clean(text: &str) -> String {
    let plain: String = text
        .chars()
        .map(|c| if c.is_control() || matches!(c, '"' | '\\' | '$' | '{' | '}') { ' ' } else { c })
        .collect();
    let short: String =
        plain.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(MAX_CHARS).collect();
    short.trim().to_owned()
}

/// A field name for data: letters, digits and underscores, since it stands in placeholders.
pub(crate) fn locator(name: &str, taken: &mut HashSet<String>) -> String {
    let plain: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let mut candidate = format!("profile_{plain}");
    let mut round = 2;
    while !taken.insert(candidate.clone()) {
        candidate = format!("profile_{plain}_{round}");
        round += 1;
    }
    candidate
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn twins_and_reserved_names_are_told_apart_by_the_api_name() {
        let mut names = Names::default();
        assert_eq!(names.take("Cost centre", "costCentre"), "Cost centre");
        assert_eq!(names.take("COST CENTRE", "cost_centre"), "COST CENTRE (cost_centre)");
        assert_eq!(names.take("Created", "made"), "Created (made)");
        assert_eq!(names.take("  \"odd\"\n${x} ", "x"), "odd x");
        assert_eq!(names.take("", "plain"), "plain");
    }

    proptest! {
        #[test]
        fn no_name_is_given_twice(wanted in proptest::collection::vec(("\\PC{0,6}", "[a-z]{0,3}"), 0..30)) {
            let mut names = Names::default();
            let given: Vec<String> = wanted.iter().map(|(title, name)| names.take(title, name)).collect();
            let distinct: HashSet<String> = given.iter().map(|name| name.to_lowercase()).collect();
            prop_assert_eq!(distinct.len(), given.len());
            prop_assert!(given.iter().all(|name| !name.trim().is_empty()));
        }
    }
}
