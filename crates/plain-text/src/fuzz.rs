//! The fuzz target for text on its way to a terminal. See tests/fuzz.

use std::io::Write as _;

use fuzz::{assert_shown, fuzz};

use crate::visible::{VisibleLines, visible, visible_in_color};

#[test]
fn visible_text_commands_no_terminal() {
    fuzz("visible", &["\x1b[", "m", "38;5;", "\u{9b}", "\u{202e}", "\x07", "\x1b]52;c;"], |input| {
        let text = String::from_utf8_lossy(input);
        let shown = visible(&text);
        assert_shown(&shown.replace(['\n', '\t'], " "), text.len() * 6);
        assert_eq!(visible(&shown), shown, "visible text stays as it is");
        let colored = visible_in_color(&text);
        for command in colored.split('\x1b').skip(1) {
            let (parameters, _) = command.split_once('m').unwrap_or_default();
            assert!(parameters.starts_with('['), "{command:?}");
            assert!(parameters[1..].chars().all(|c| c.is_ascii_digit() || c == ';'), "{command:?}");
        }
        let mut line = Vec::new();
        VisibleLines::new(&mut line, false).write_all(input).unwrap();
        let line = String::from_utf8(line).unwrap();
        assert_shown(&line.strip_suffix('\n').unwrap_or(&line).replace('\t', " "), usize::MAX);
        format!(
            "{} {} {}",
            text.len() - shown.len().min(text.len()),
            colored.matches('\x1b').count(),
            line.len() / 50
        )
    });
}
