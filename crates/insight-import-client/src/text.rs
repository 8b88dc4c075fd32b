//! Text from other systems, sanitized for a terminal and a log.

/// The maximum length of a text from a response, in characters.
pub(crate) const LONGEST: usize = 300;

/// One line of bounded length, without control characters and marks of direction.
pub(crate) fn one_line(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control() || is_format(c));
    // Each of them has a character at least.
    let words = words.filter(|word| !word.is_empty()).take(LONGEST);
    let line = words.collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// True for characters that change the display of adjacent text.
const fn is_format(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_words_become_one_line() {
        assert_eq!(one_line(" a\u{1b}[2J\r\n\tb\u{202e}c "), "a [2J b c");
        assert_eq!(one_line(&"ä".repeat(LONGEST)), "ä".repeat(LONGEST));
        for words in [LONGEST / 2, LONGEST] {
            let long = format!("{} {}", "ä".repeat(words), "ä ".repeat(words));
            assert_eq!(one_line(&long).chars().count(), LONGEST + 1);
        }
    }
}
