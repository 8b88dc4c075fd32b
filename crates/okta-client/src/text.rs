//! Words of others, which may quote what a user once typed, made fit for a terminal and a log.

/// Longer than any explanation of Okta's.
const LONGEST: usize = 500;

/// The text on one line, without control characters, and not without end.
pub(crate) fn told(text: &str) -> String {
    text.chars().take(LONGEST).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_user_typed_cannot_write_lines_or_colours_of_its_own() {
        assert_eq!(told("not found: \u{1b}[31mroot\r\nOK"), "not found:  [31mroot  OK");
        assert_eq!(told(&"ä".repeat(2000)).chars().count(), LONGEST);
    }
}
