//! Numbers, lengths of time, and sentences as text.

use jiff::SignedDuration;
pub(crate) use plain_text::units::{count, number};

/// A length of time in at most two units.
pub(crate) fn span(time: SignedDuration) -> String {
    let seconds = time.as_secs().max(0);
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        3600..86400 => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{} d {} h", seconds / 86400, seconds % 86400 / 3600),
    }
}

/// A text with an initial capital letter, unless its first word is a name: a URL, a key, or a command.
pub(crate) fn capital(text: &str) -> String {
    let word = text.split_whitespace().next().unwrap_or_default().trim_end_matches([',', ':', ';', '.']);
    if !word.chars().all(|letter| letter.is_alphabetic() || matches!(letter, '\'' | '’' | '-')) {
        return text.to_owned();
    }
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// A fragment, such as an error, as a sentence: with a capital letter and a period.
pub(crate) fn sentence(text: &str) -> String {
    let text = capital(text.trim_end());
    if text.is_empty() || text.ends_with(['.', '!', '?', '…']) { text } else { text + "." }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fragment_becomes_sentence() {
        assert_eq!(sentence("the event hook is inactive"), "The event hook is inactive.");
        assert_eq!(sentence("Setup is complete."), "Setup is complete.");
        assert_eq!(sentence("https://example.okta.com refuses"), "https://example.okta.com refuses.");
        assert_eq!(sentence("okta.org_url: missing"), "okta.org_url: missing.");
        assert_eq!(sentence(""), "");
    }

    #[test]
    fn duration_has_two_units() {
        assert_eq!(span(SignedDuration::from_secs(3700)), "1 h 1 min");
    }
}
