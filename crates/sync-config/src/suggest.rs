//! Suggestions for mistyped words.

/// The nearest of the known words; `None` if none is near.
pub(super) fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let lower = word.to_lowercase();
    let near = (word.chars().count() / 3).clamp(1, 3);
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= near)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_error_is_near() {
        assert_eq!(nearest("import_tokn", ["import_token", "api_token"]), Some("import_token"));
        assert_eq!(nearest("Mian", ["main", "eu"]), Some("main"));
        assert_eq!(nearest("production", ["main", "eu"]), None);
    }
}
