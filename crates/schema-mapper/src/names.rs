//! Attribute names that Assets accepts, chosen deterministically.
//!
//! A name is the title alone if it is unique, and otherwise the title with the end of the external ID in brackets. Both
//! are *forms* of one name: an existing attribute in Assets with either form keeps it, so that a later duplicate
//! renames nothing.

use std::collections::HashSet;

/// The attributes that Assets adds to every object.
const RESERVED: [&str; 4] = ["key", "created", "updated", "label"];
/// Assets documents no limit; longer names are unreadable anyway.
const MAX_CHARS: usize = 100;

/// Assigns unique names, ignoring case.
#[derive(Debug, Default)]
pub(crate) struct Names {
    taken: HashSet<String>,
}

impl Names {
    /// Names that are in use.
    pub(crate) fn in_use<'n>(names: impl Iterator<Item = &'n str>) -> Self {
        Self { taken: names.map(str::to_lowercase).collect() }
    }

    /// A name as close to `wanted` as possible; `end` distinguishes attributes with the same title.
    pub(crate) fn take(&mut self, wanted: &str, end: &str) -> String {
        let base = base(wanted, end).to_owned();
        let name = std::iter::once(wanted.to_owned())
            .chain([base.clone(), format!("{base} ({end})")])
            .chain((2..=u32::MAX).map(|round| format!("{base} ({end} {round})")))
            .find(|candidate| self.is_free(candidate))
            .unwrap_or_else(|| wanted.to_owned());
        self.taken.insert(name.to_lowercase());
        name
    }

    fn is_free(&self, name: &str) -> bool {
        let name = name.to_lowercase();
        !name.is_empty() && !RESERVED.contains(&name.as_str()) && !self.taken.contains(&name)
    }
}

/// True if a name is valid for an attribute whose name should be `wanted`.
pub(crate) fn is_form_of(name: &str, wanted: &str, end: &str) -> bool {
    base(name, end) == base(wanted, end)
}

/// A name without its distinguishing brackets.
fn base<'n>(name: &'n str, end: &str) -> &'n str {
    let Some((base, rest)) = name.rsplit_once(&format!(" ({end}")) else { return name };
    let numbered = |rest: &str| rest.strip_prefix(' ').is_some_and(|n| n.parse::<u32>().is_ok());
    match rest.strip_suffix(')') {
        Some(rest) if rest.is_empty() || numbered(rest) => base,
        _ => name,
    }
}

/// The first of several texts with visible characters, converted to a valid name.
pub(crate) fn readable(texts: [&str; 2]) -> String {
    texts.into_iter().map(clean).find(|text| !text.is_empty()).unwrap_or_else(|| "Attribute".to_owned())
}

/// True if Assets adds it to every object.
pub(crate) fn is_system(name: &str) -> bool {
    ["key", "created", "updated"].contains(&name.to_lowercase().as_str())
}

/// A name as AQL reads it.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Without control characters, quotes (they would end a name in AQL), invisible characters and runs of spaces; not too
/// long.
fn clean(text: &str) -> String {
    let plain: String = text
        .chars()
        .filter(|c| !is_invisible(*c))
        .map(|c| if c.is_control() || matches!(c, '"' | '\\' | '$' | '{' | '}') { ' ' } else { c })
        .collect();
    let short: String =
        plain.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(MAX_CHARS).collect();
    short.trim().to_owned()
}

/// Invisible characters, with which two names could appear equal.
const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn duplicate_and_reserved_names_get_suffix() {
        let mut names = Names::default();
        assert_eq!(names.take("Cost centre", "costCentre"), "Cost centre");
        assert_eq!(names.take("COST CENTRE", "cost_centre"), "COST CENTRE (cost_centre)");
        assert_eq!(names.take("COST CENTRE", "cost_centre"), "COST CENTRE (cost_centre 2)");
        assert_eq!(names.take("Created", "made"), "Created (made)");
    }

    #[test]
    fn names_are_cleaned_and_quoted() {
        assert_eq!(readable(["  \"odd\"\n${x} ", "x"]), "odd x");
        assert_eq!(readable(["", "plain"]), "plain");
        assert_eq!(readable(["\u{200B}", "\0"]), "Attribute");
        assert_eq!(readable([&"é".repeat(4000), ""]).chars().count(), MAX_CHARS);
        assert_eq!(readable(["🦀 crab", ""]), "🦀 crab");
        assert_eq!(quoted(r#"6" \ 2"#), r#""6\" \\ 2""#);
    }

    #[test]
    fn suffixed_name_matches_plain_name() {
        for name in ["Same", "Same (a)", "Same (a 2)"] {
            assert!(is_form_of(name, "Same (a)", "a") && is_form_of(name, "Same", "a"), "{name}");
        }
        assert!(!is_form_of("Same (b)", "Same", "a") && !is_form_of("Other", "Same", "a"));
    }

    proptest! {
        #[test]
        fn no_name_is_given_twice(wanted in prop::collection::vec(("\\PC{0,6}", "[a-z]{1,3}"), 0..30)) {
            let mut names = Names::default();
            let given: Vec<String> =
                wanted.iter().map(|(title, end)| names.take(&readable([title, end]), end)).collect();
            let distinct: HashSet<String> = given.iter().map(|name| name.to_lowercase()).collect();
            prop_assert_eq!(distinct.len(), given.len());
            prop_assert!(given.iter().all(|name| !name.trim().is_empty()));
        }
    }
}
