//! Components of pages.

use diagnostics::JobActivity;
use jiff::Timestamp;
use maud::{Markup, html};
use sync_engine::Remedy;
use sync_model::ConnectionName;

use super::links::{address, asking};
use crate::words::remedies::{self, Action};
pub(super) use crate::words::text::{capital, count, number, sentence, span};
pub(super) use crate::words::values::time;
use crate::words::{labels, setup};

/// The meaning of a color.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Good,
    Busy,
    Warning,
    Problem,
    Quiet,
}

impl Tone {
    /// The CSS class, and a sign that shows the meaning without color.
    const fn style(self) -> (&'static str, &'static str) {
        match self {
            Self::Good => ("good", "✓"),
            Self::Busy => ("busy", "↻"),
            Self::Warning => ("warning", "!"),
            Self::Problem => ("problem", "✗"),
            Self::Quiet => ("quiet", "–"),
        }
    }

    /// A frame of a message.
    pub(super) fn frame(self, message: &Markup) -> Markup {
        let (class, _) = self.style();
        html! {
            div class={ "notice notice-" (class) } role=[(self == Self::Problem).then_some("alert")] { (message) }
        }
    }
}

/// A word with a tone.
pub(super) fn badge(tone: Tone, text: &str) -> Markup {
    let (class, sign) = tone.style();
    html! { span class={ "badge badge-" (class) } { span aria-hidden="true" { (sign) } " " (text) } }
}

/// A message with its remedy, both as sentences.
pub(super) fn notice(tone: Tone, what: &str, remedy: Option<&str>) -> Markup {
    let text = |text| html! { (sentence(text)) };
    framed(tone, &text(what), remedy.map(text).as_ref())
}

/// An error with its remedy.
pub(super) fn fault(what: &str, remedy: Option<&Remedy>, connection: Option<&ConnectionName>) -> Markup {
    framed(
        Tone::Problem,
        &html! { (sentence(what)) },
        remedy.map(|remedy| action(remedy, connection)).as_ref(),
    )
}

/// A message and its remedy in the frame of a tone.
pub(super) fn framed(tone: Tone, what: &Markup, remedy: Option<&Markup>) -> Markup {
    tone.frame(&html! {
        p.what { (what) }
        @if let Some(remedy) = remedy { p.remedy { (remedy) } }
    })
}

/// A remedy as sentences, with a link to its page.
pub(super) fn action(remedy: &Remedy, connection: Option<&ConnectionName>) -> Markup {
    linked(&remedies::remedy(remedy), connection)
}

/// An action with the link.
pub(super) fn linked(action: &Action, connection: Option<&ConnectionName>) -> Markup {
    html! {
        (action.text)
        @if let (Some(page), Some(connection)) = (action.page, connection) {
            " " a href=(asking(&address(connection, page.path()), page.query())) { (page.label()) }
        }
    }
}

/// The empty state of a list.
pub(super) fn empty(title: &str, text: &str, action: Option<Markup>) -> Markup {
    html! {
        div.empty {
            p.empty-title { (title) }
            p { (text) }
            @if let Some(action) = action { (action) }
        }
    }
}

/// The age of a time; the script updates it.
pub(super) fn ago(at: Timestamp, now: Timestamp) -> Markup {
    let exact = format!("{at:.0}");
    html! { time datetime=(exact) title=(exact) data-ago { (span(now.duration_since(at))) " ago" } }
}

/// The same for a live part: its text on the server doesn't depend on its age, so it isn't sent again each second.
pub(super) fn aged(at: Timestamp) -> Markup {
    let exact = format!("{at:.0}");
    html! { time datetime=(exact) title=(exact) data-ago { (exact.replace('T', " ").replace('Z', " UTC")) } }
}

/// A table in a region that scrolls on narrow screens.
pub(super) fn scroll(label: &str, table: &Markup) -> Markup {
    html! { div.scroll tabindex="0" role="region" aria-label=(label) { (table) } }
}

/// A job that is running.
pub(super) fn job(activity: JobActivity, since: Timestamp) -> Markup {
    let doing = setup::job(activity);
    html! {
        section.card role="status" {
            p { (badge(Tone::Busy, labels::RUNNING)) " " (doing) "…" }
            progress aria-label=(doing) {}
            p.small.muted { "Started " (aged(since)) ". The job continues if you leave this page." }
        }
    }
}
