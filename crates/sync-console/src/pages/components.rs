//! What pages are made of.

use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};

use super::prose::prose;
use crate::wording;

/// How good or bad something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Good,
    Busy,
    Warning,
    Problem,
    Quiet,
}

impl Tone {
    /// The class in the style sheet, and a sign for those who do not see colours.
    const fn look(self) -> (&'static str, &'static str) {
        match self {
            Self::Good => ("good", "✓"),
            Self::Busy => ("busy", "↻"),
            Self::Warning => ("warning", "!"),
            Self::Problem => ("problem", "✗"),
            Self::Quiet => ("quiet", "–"),
        }
    }
}

/// A word with a tone.
pub(super) fn badge(tone: Tone, text: &str) -> Markup {
    let (class, sign) = tone.look();
    html! { span class={ "badge badge-" (class) } { span aria-hidden="true" { (sign) } " " (text) } }
}

/// Something that people have to know, with what to do about it. Commands become pages and buttons.
pub(super) fn notice(tone: Tone, what: &str, remedy: Option<&str>) -> Markup {
    let (class, _) = tone.look();
    html! {
        div class={ "notice notice-" (class) } role=[(tone == Tone::Problem).then_some("alert")] {
            p.what { (said(what)) }
            @if let Some(remedy) = remedy { p.remedy { (said(remedy)) } }
        }
    }
}

/// In the place of a list that has nothing in it.
pub(super) fn empty(title: &str, text: &str, action: Option<Markup>) -> Markup {
    html! {
        div.empty {
            p.empty-title { (title) }
            p { (text) }
            @if let Some(action) = action { (action) }
        }
    }
}

/// A time, as people read it; the script shows it in the time zone of whoever looks.
pub(super) fn time(at: Timestamp) -> Markup {
    let exact = format!("{at:.0}");
    html! { time datetime=(exact) title=(exact) { (exact.replace('T', " ").replace('Z', " UTC")) } }
}

/// How long ago; the script keeps it current.
pub(super) fn ago(at: Timestamp, now: Timestamp) -> Markup {
    let exact = format!("{at:.0}");
    html! { time datetime=(exact) title=(exact) data-ago { (span(now.duration_since(at))) " ago" } }
}

/// The same for a live part: it looks the same on the server however old it is, and is not sent again each second.
pub(super) fn aged(at: Timestamp) -> Markup {
    let exact = format!("{at:.0}");
    html! { time datetime=(exact) title=(exact) data-ago { (exact.replace('T', " ").replace('Z', " UTC")) } }
}

/// A table in a region of its own, which scrolls where the screen is narrow.
pub(super) fn scroll(label: &str, table: &Markup) -> Markup {
    html! { div.scroll tabindex="0" role="region" aria-label=(label) { (table) } }
}

/// A sentence of the engine's, as it is said here.
pub(super) fn said(text: &str) -> Markup {
    prose(&capital(&wording::here(text)))
}

/// Work in the background that goes on.
pub(super) fn under_way(doing: &str, since: Timestamp) -> Markup {
    html! {
        section.card role="status" {
            p { (badge(Tone::Busy, "Under way")) " " (doing) "…" }
            progress aria-label=(doing) {}
            p.small.muted { "begun " (aged(since)) "; it goes on when you leave this page" }
        }
    }
}

/// A length of time in at most two units.
pub(super) fn span(time: SignedDuration) -> String {
    let seconds = time.as_secs().max(0);
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        3600..86400 => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{} d {} h", seconds / 86400, seconds % 86400 / 3600),
    }
}

/// A number with its thousands apart.
pub(super) fn number(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// A number of things.
pub(super) fn count(n: u64, thing: &str) -> String {
    if n == 1 { format!("1 {thing}") } else { format!("{} {thing}s", number(n)) }
}

/// A sentence begins with a capital letter.
pub(super) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
