//! Values in sentences, as markup.

use jiff::Timestamp;
use maud::{Markup, html};

/// A time in UTC; the script shows it in the browser's time zone.
pub(crate) fn time(at: Timestamp) -> Markup {
    let exact = format!("{at:.0}");
    html! { time datetime=(exact) title=(exact) { (exact.replace('T', " ").replace('Z', " UTC")) } }
}

/// The end of a sentence in the words of an error or of another product, which may have a period.
pub(crate) fn reason(error: &str) -> Markup {
    let error = error.trim_end();
    html! { (error) @if !error.ends_with(['.', '!', '?', '…']) { "." } }
}
