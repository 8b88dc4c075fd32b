//! Text from elsewhere on its way to a terminal or a log: control characters become visible.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io;

/// The text with every control character and every direction mark as an escape, such as `\u001b`, which JSON supports
/// as well. Line feeds and tabs stay.
pub fn visible(text: &str) -> Cow<'_, str> {
    shown(text, false)
}

/// As [`visible`], for a terminal that supports colors: the sequences that set or reset a foreground color stay.
pub fn visible_in_color(text: &str) -> Cow<'_, str> {
    shown(text, true)
}

fn shown(text: &str, colors: bool) -> Cow<'_, str> {
    if !text.chars().any(is_hidden) {
        return Cow::Borrowed(text);
    }
    let (mut shown, mut rest) = (String::with_capacity(text.len() + 16), text);
    while let Some(next) = rest.chars().next() {
        if let Some(length) = color(rest).filter(|_| colors) {
            let (sequence, after) = rest.split_at(length);
            shown.push_str(sequence);
            rest = after;
            continue;
        }
        if is_hidden(next) {
            // Writing to a string cannot fail.
            let _ = write!(shown, "\\u{:04x}", u32::from(next));
        } else {
            shown.push(next);
        }
        rest = &rest[next.len_utf8()..];
    }
    Cow::Owned(shown)
}

fn is_hidden(c: char) -> bool {
    match c {
        '\n' | '\t' => false,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => true,
        c => c.is_control(),
    }
}

/// The length of a sequence for a color at the beginning: reset, bold, dim, italic, and foreground colors.
fn color(text: &str) -> Option<usize> {
    let parameters = text.strip_prefix("\x1b[")?;
    let end = parameters.find('m')?;
    let harmless = matches!(&parameters[..end], "" | "0" | "1" | "2" | "3" | "22" | "39")
        || parameters[..end].strip_prefix("38;5;").is_some_and(|n| number(n).is_some())
        || number(&parameters[..end]).is_some_and(|n| matches!(n, 30..=37 | 90..=97));
    harmless.then_some(end + "\x1b[m".len())
}

/// A number of digits alone; parsing also accepts a sign.
fn number(text: &str) -> Option<u8> {
    text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
}

/// A writer of log lines, one per call: no text in a line can start another one, or control the terminal.
#[derive(Debug)]
pub struct VisibleLines<W> {
    inner: W,
    colors: bool,
}

impl<W> VisibleLines<W> {
    /// Writes lines to `inner`; `colors` for a terminal that supports them.
    pub const fn new(inner: W, colors: bool) -> Self {
        Self { inner, colors }
    }
}

impl<W: io::Write> io::Write for VisibleLines<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        let (body, end) = text.strip_suffix('\n').map_or((&*text, ""), |body| (body, "\n"));
        let one_line = body.replace('\n', "\\n");
        self.inner.write_all(shown(&one_line, self.colors).as_bytes())?;
        self.inner.write_all(end.as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn control_characters_become_visible() {
        assert_eq!(
            visible("\x1b]0;t\x07\x1b[2Jé\u{9b}31m\u{202e}\r"),
            "\\u001b]0;t\\u0007\\u001b[2Jé\\u009b31m\\u202e\\u000d"
        );
        assert_eq!(visible("a\tb\nÅ 人"), "a\tb\nÅ 人");
        assert_eq!(visible("\x1b[31mred"), "\\u001b[31mred");
    }

    #[test]
    fn colors_alone_stay_on_terminals() {
        let table = "\x1b[38;5;10m✓ same\x1b[39m \x1b[0m";
        assert_eq!(visible_in_color(table), table);
        for other in [
            "\x1b[2J",
            "\x1b[8mhidden",
            "\x1b]52;c;x\x07",
            "\x1b[38;5;999m",
            "\x1b[38;5;+1m",
            "\x1b[+31m",
            "\x1b[",
        ] {
            assert!(!visible_in_color(other).contains('\x1b'), "{other:?}");
        }
    }

    #[test]
    fn log_line_stays_one_line() {
        let mut lines = VisibleLines::new(Vec::new(), false);
        lines.write_all(b"ERROR what\n2026 INFO forged \x1b[2J\n").unwrap();
        assert_eq!(lines.inner, b"ERROR what\\n2026 INFO forged \\u001b[2J\n");
    }
}
