//! Findings with their remedies.

use maud::{Markup, html};
use sync_engine::{Finding, Severity};
use sync_model::ConnectionName;

use super::components::{Tone, action, framed};
use crate::words::findings;

/// A finding as a message.
pub(super) fn notice(finding: &Finding) -> Markup {
    message(finding, finding.remedy.as_ref().map(|remedy| action(remedy, None)).as_ref())
}

/// A finding as a message, with a link to the page of its remedy.
pub(super) fn linked(connection: &ConnectionName, finding: &Finding) -> Markup {
    message(finding, finding.remedy.as_ref().map(|remedy| action(remedy, Some(connection))).as_ref())
}

/// A finding as a message, with this remedy.
pub(super) fn message(finding: &Finding, remedy: Option<&Markup>) -> Markup {
    let tone = match finding.severity {
        Severity::Error => Tone::Problem,
        Severity::Warning => Tone::Warning,
        Severity::Info => Tone::Quiet,
    };
    framed(tone, &findings::finding(finding), remedy)
}

/// A finding in a table cell or list.
pub(super) fn line(connection: &ConnectionName, finding: &Finding) -> Markup {
    html! {
        (findings::finding(finding))
        @if let Some(remedy) = &finding.remedy { div.remedy { (action(remedy, Some(connection))) } }
    }
}
