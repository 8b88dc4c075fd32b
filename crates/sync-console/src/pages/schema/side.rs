//! An object type on both sides, attribute by attribute.

use maud::{Markup, html};
use sync_service::SchemaView;
use sync_service::mapper::{AssetsAttribute, AttributeComparison, AttributeState, TypeComparison};

use super::super::components::{Tone, badge, count, notice, said, scroll};

/// Which attributes are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Show {
    All,
    Only(AttributeState),
}

impl Show {
    pub(super) const ALL: [(Self, &'static str); 5] = [
        (Self::All, "All attributes"),
        (Self::Only(AttributeState::New), "New"),
        (Self::Only(AttributeState::Drifted), "Different"),
        (Self::Only(AttributeState::Matched), "As they should be"),
        (Self::Only(AttributeState::Excluded), "Left out"),
    ];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::All => "",
            Self::Only(AttributeState::New) => "new",
            Self::Only(AttributeState::Drifted) => "drift",
            Self::Only(AttributeState::Matched) => "same",
            Self::Only(AttributeState::Excluded) => "excluded",
        }
    }

    pub(super) fn named(word: &str) -> Option<Self> {
        Self::ALL.iter().map(|(show, _)| *show).find(|show| show.as_str() == word)
    }

    fn holds(self, view: &AttributeComparison) -> bool {
        match self {
            Self::All => true,
            Self::Only(state) => view.state == state,
        }
    }
}

/// How many attributes are new, and how many things differ.
pub(super) fn counts(view: &SchemaView) -> (u64, u64) {
    let of =
        |state| view.types.iter().flat_map(|t| &t.attributes).filter(|a| a.state == state).count() as u64;
    let other: usize = view.types.iter().map(|t| t.differences.len()).sum();
    (of(AttributeState::New), of(AttributeState::Drifted) + other as u64)
}

pub(super) fn table(object_type: &TypeComparison, show: Show) -> Markup {
    let shown: Vec<&AttributeComparison> =
        object_type.attributes.iter().filter(|view| show.holds(view)).collect();
    let hidden = object_type.attributes.len() - shown.len();
    let rows = html! {
        table {
            caption {
                (object_type.name)
                @if !object_type.exists { " " (badge(Tone::Warning, "Not in Assets yet")) }
            }
            thead { tr {
                th scope="col" { "Okta attribute" }
                th scope="col" { "Okta type" }
                th scope="col" { "Assets attribute" }
                th scope="col" { "Assets type" }
                th scope="col" { "State" }
                th scope="col" { "What differs" }
            } }
            tbody { @for view in &shown { (row(view)) } }
        }
    };
    html! {
        @if shown.is_empty() {
            section.card aria-label=(object_type.name) { h2 { (object_type.name) } p.muted { "No such attribute among " (count(hidden as u64, "attribute")) "." } }
        } @else {
            (scroll(&object_type.name, &rows))
            @if hidden > 0 { p.muted { (count(hidden as u64, "other attribute")) " not shown." } }
        }
        @for difference in &object_type.differences { (told(difference)) }
    }
}

/// What differs, and after the semicolon what to do.
fn told(difference: &str) -> Markup {
    match difference.split_once("; ") {
        Some((what, remedy)) => notice(Tone::Warning, what, Some(remedy)),
        None => notice(Tone::Warning, difference, None),
    }
}

fn row(view: &AttributeComparison) -> Markup {
    html! {
        tr {
            th scope="row" {
                @match &view.okta {
                    Some(okta) => { (okta.title) div.small.muted { code { (okta.name) } } }
                    None => span.muted { "not of a profile" },
                }
            }
            td { @if let Some(okta) = &view.okta { (okta.kind) } }
            td { @if let Some(assets) = &view.assets { (assets.name) } @else { span.muted { "–" } } }
            td.nowrap { @if let Some(assets) = &view.assets { (kind(assets)) } }
            td.nowrap { (state_badge(view.state)) }
            td.wide { @for difference in &view.differences { p { (said(difference)) } } }
        }
    }
}

fn kind(attribute: &AssetsAttribute) -> Markup {
    html! {
        (attribute.kind)
        @match attribute.maximum_cardinality {
            1 => {}
            -1 => span.muted { ", any number" },
            n => span.muted { ", at most " (n) },
        }
    }
}

fn state_badge(state: AttributeState) -> Markup {
    match state {
        AttributeState::Matched => badge(Tone::Good, "Same"),
        AttributeState::New => badge(Tone::Busy, "New"),
        AttributeState::Drifted => badge(Tone::Warning, "Different"),
        AttributeState::Excluded => badge(Tone::Quiet, "Left out"),
    }
}
