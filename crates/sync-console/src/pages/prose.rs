//! Sentences of the engine's as markup: what stands between backticks as code, times as times, large numbers with their
//! thousands apart.

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use maud::{Markup, html};

use super::components::{number, time};

/// Numbers of fewer digits are read at a glance.
const LONG: usize = 5;

/// A part of a sentence.
#[derive(Debug, PartialEq, Eq)]
enum Piece<'t> {
    Text(&'t str),
    Code(&'t str),
    Time(Timestamp),
    Number(u64),
}

/// A sentence, with its times in the form of the other times on the page.
pub(super) fn prose(text: &str) -> Markup {
    html! {
        @for piece in pieces(text) {
            @match piece {
                Piece::Text(text) => (text),
                Piece::Code(text) => code { (text) },
                Piece::Time(at) => (time(at)),
                Piece::Number(n) => (number(n)),
            }
        }
    }
}

fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    // A backtick without a second one is a character like others.
    while let Some((before, (code, after))) =
        rest.split_once('`').and_then(|(before, opened)| Some((before, opened.split_once('`')?)))
    {
        plain(before, &mut pieces);
        pieces.push(Piece::Code(code));
        rest = after;
    }
    plain(rest, &mut pieces);
    pieces
}

fn plain<'t>(text: &'t str, pieces: &mut Vec<Piece<'t>>) {
    let mut told = 0;
    let mut at = 0;
    let mut inside_word = false;
    while let Some(letter) = text[at..].chars().next() {
        if !inside_word
            && letter.is_ascii_digit()
            && let Some((piece, length)) = leading_time(&text[at..]).or_else(|| leading_number(&text[at..]))
        {
            if told < at {
                pieces.push(Piece::Text(&text[told..at]));
            }
            pieces.push(piece);
            at += length;
            told = at;
            continue;
        }
        inside_word = letter.is_alphanumeric() || matches!(letter, '-' | '_' | '.' | ':' | '/' | '#');
        at += letter.len_utf8();
    }
    if told < text.len() {
        pieces.push(Piece::Text(&text[told..]));
    }
}

/// The time that a text begins with, such as `2026-03-01T10:30:00Z` or `2026-03-01 at 10:30:00 UTC`, and its length.
fn leading_time(text: &str) -> Option<(Piece<'_>, usize)> {
    let date: Date = text.get(..10)?.parse().ok()?;
    let rest = ["T", " at ", " "].iter().find_map(|between| text[10..].strip_prefix(between))?;
    let time: Time = rest.get(..8)?.parse().ok()?;
    let rest = &rest[8..];
    let digits =
        rest.strip_prefix('.').map_or(rest, |rest| rest.trim_start_matches(|c: char| c.is_ascii_digit()));
    let rest = ["Z", " UTC"].iter().find_map(|zone| digits.strip_prefix(zone))?;
    let at = TimeZone::UTC.to_timestamp(date.to_datetime(time)).ok()?;
    Some((Piece::Time(at), text.len() - rest.len()))
}

/// The large number of things that a text begins with; what no thing follows may be an id.
fn leading_number(text: &str) -> Option<(Piece<'_>, usize)> {
    let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let length = text.len() - rest.len();
    let of_things = rest.strip_prefix(' ')?.starts_with(|c: char| c.is_ascii_lowercase());
    (of_things && length >= LONG).then_some(())?;
    Some((Piece::Number(text[..length].parse().ok()?), length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_names_in_a_sentence_are_told_apart_from_words() {
        let at: Timestamp = "2026-11-28T14:38:26Z".parse().unwrap();
        for text in [
            "2026-11-28T14:38:26Z",
            "2026-11-28T14:38:26.123Z",
            "2026-11-28 at 14:38:26 UTC",
            "2026-11-28 14:38:26 UTC",
        ] {
            let told = format!("down since {text}; see `site_url` and `email`");
            let expected = [
                Piece::Text("down since "),
                Piece::Time(at),
                Piece::Text("; see "),
                Piece::Code("site_url"),
                Piece::Text(" and "),
                Piece::Code("email"),
            ];
            assert_eq!(pieces(&told), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_time_and_no_name_stays_as_it_is() {
        for text in [
            "",
            "a ` alone",
            "on 2026-11-28",
            "x2026-11-28T14:38:26Z",
            "2026-13-28T14:38:26Z",
            "ä 2026-11-2",
            "14:38 <b>",
            "port 65535",
            ":65535 is",
            "1000 users",
        ] {
            let expected: Vec<Piece<'_>> =
                Some(Piece::Text(text)).filter(|_| !text.is_empty()).into_iter().collect();
            assert_eq!(pieces(text), expected);
        }
        assert_eq!(pieces("1000000 users"), [Piece::Number(1_000_000), Piece::Text(" users")]);
        assert_eq!(prose("`<b>`").into_string(), "<code>&lt;b&gt;</code>");
    }
}
