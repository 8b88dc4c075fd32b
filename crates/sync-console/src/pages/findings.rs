//! Findings with their remedies.

use maud::{Markup, html};
use sync_service::engine::{Finding, Remedy, Severity};
use sync_service::model::ConnectionName;

use super::components::Tone;
use super::links::{address, asking};
use crate::words::{findings, remedies};

/// A finding as a message.
pub(super) fn notice(finding: &Finding) -> Markup {
    framed(finding, finding.remedy.as_ref().map(|remedy| remedies::remedy(remedy).text))
}

/// A finding as a message, with a link to the page that carries out its remedy.
pub(super) fn linked(connection: &ConnectionName, finding: &Finding) -> Markup {
    framed(finding, finding.remedy.as_ref().map(|remedy| action(connection, remedy)))
}

/// A finding in a table cell or list.
pub(super) fn line(connection: &ConnectionName, finding: &Finding) -> Markup {
    html! {
        (findings::finding(finding))
        @if let Some(remedy) = &finding.remedy { div.remedy { (action(connection, remedy)) } }
    }
}

fn framed(finding: &Finding, remedy: Option<Markup>) -> Markup {
    let tone = match finding.severity {
        Severity::Error => Tone::Problem,
        Severity::Warning => Tone::Warning,
        Severity::Info => Tone::Quiet,
    };
    tone.frame(&html! {
        p.what { (findings::finding(finding)) }
        @if let Some(remedy) = remedy { p.remedy { (remedy) } }
    })
}

fn action(connection: &ConnectionName, remedy: &Remedy) -> Markup {
    let remedies::Action { text, page } = remedies::remedy(remedy);
    html! {
        (text)
        @if let Some(page) = page {
            " " a href=(asking(&address(connection, page.path()), page.query())) { (page.label()) }
        }
    }
}
