//! What somebody may have meant.

/// The word of `known` that is nearest to a mistyped one; `None` when none is near.
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

/// "did you mean …?" for a message that names a wrong word and the right ones in back quotes.
pub(super) fn suggestion(message: &str) -> Option<String> {
    let (wrong, right) = message.split_once(", expected ")?;
    if !wrong.starts_with("unknown ") {
        return None;
    }
    let quoted = |text: &str| text.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    let (wrong, right) = (quoted(wrong), quoted(right));
    let near = nearest(wrong.first()?, right.iter().map(String::as_str))?;
    Some(format!("; did you mean `{near}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_near_and_another_word_is_not() {
        assert_eq!(nearest("import_tokn", ["import_token", "api_token"]), Some("import_token"));
        assert_eq!(nearest("Mian", ["main", "eu"]), Some("main"));
        assert_eq!(nearest("production", ["main", "eu"]), None);
        let told = "unknown variant `boht`, expected one of `hook`, `log`, `both`";
        assert_eq!(suggestion(told).unwrap(), "; did you mean `both`?");
        assert_eq!(suggestion("missing field `x`, expected `y`"), None);
    }
}
