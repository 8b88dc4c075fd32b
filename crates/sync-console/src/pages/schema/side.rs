//! The attributes of an object type in Okta and Assets.

use admin_api::{AttributeComparison, SchemaView, TypeComparison};
use maud::{Markup, html};
use schema_mapper::{AssetsAttribute, AttributeState};
use sync_model::ConnectionName;

use super::super::components::{Tone, badge, count, number, scroll};
use super::super::findings;
use crate::words::{labels, mapping as words};

/// A filter of attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Show {
    All,
    Only(AttributeState),
}

/// The filter of drifted attributes.
pub(super) const DRIFTED: Show = Show::Only(AttributeState::Drifted);

impl Show {
    pub(super) const ALL: [Self; 5] = [
        Self::All,
        Self::Only(AttributeState::New),
        DRIFTED,
        Self::Only(AttributeState::Matched),
        Self::Only(AttributeState::Excluded),
    ];

    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::All => "All attributes",
            Self::Only(state) => labels::attribute_state(state),
        }
    }

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::All => "",
            Self::Only(AttributeState::New) => "new",
            Self::Only(AttributeState::Drifted) => "drifted",
            Self::Only(AttributeState::Matched) => "matched",
            Self::Only(AttributeState::Excluded) => "excluded",
        }
    }

    pub(super) fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|show| show.as_str() == word)
    }

    fn holds(self, view: &AttributeComparison) -> bool {
        match self {
            Self::All => true,
            Self::Only(state) => view.state == state,
        }
    }
}

/// The numbers of new attributes and of differences.
pub(super) fn counts(view: &SchemaView) -> (u64, u64) {
    let of =
        |state| view.types.iter().flat_map(|t| &t.attributes).filter(|a| a.state == state).count() as u64;
    let other: usize = view.types.iter().map(|t| t.differences.len()).sum();
    (of(AttributeState::New), of(AttributeState::Drifted) + other as u64)
}

pub(super) fn table(connection: &ConnectionName, object_type: &TypeComparison, show: Show) -> Markup {
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
                th scope="col" { "Difference" }
            } }
            tbody { @for view in &shown { (row(connection, view)) } }
        }
    };
    html! {
        @if shown.is_empty() {
            section.card aria-label=(object_type.name) { h2 { (object_type.name) } p.muted { (words::NO_ATTRIBUTES) " " (count(hidden as u64, "attribute")) "." } }
        } @else {
            (scroll(&object_type.name, &rows))
            @if hidden > 0 { p.muted { (count(hidden as u64, "other attribute")) " not shown." } }
        }
        @for difference in &object_type.differences { (findings::linked(connection, difference)) }
    }
}

fn row(connection: &ConnectionName, view: &AttributeComparison) -> Markup {
    html! {
        tr {
            th scope="row" {
                @match &view.okta {
                    Some(okta) => { (okta.title) div.small.muted { code { (okta.name) } } }
                    None => span.muted { "Added by sync" },
                }
            }
            td { @if let Some(okta) = &view.okta { (okta.kind) } }
            td { @if let Some(assets) = &view.assets { (assets.name) } @else { span.muted { "–" } } }
            td.nowrap { @if let Some(assets) = &view.assets { (kind(assets)) } }
            td.nowrap { (state_badge(view.state)) }
            td.wide { @for difference in &view.differences { div { (findings::line(connection, difference)) } } }
        }
    }
}

fn kind(attribute: &AssetsAttribute) -> Markup {
    html! {
        (attribute.kind)
        @match attribute.maximum_cardinality {
            1 => {}
            -1 => span.muted { ", unlimited" },
            n => span.muted { ", up to " (number(n.unsigned_abs().into())) },
        }
    }
}

fn state_badge(state: AttributeState) -> Markup {
    let tone = match state {
        AttributeState::Matched => Tone::Good,
        AttributeState::New => Tone::Busy,
        AttributeState::Drifted => Tone::Warning,
        AttributeState::Excluded => Tone::Quiet,
    };
    badge(tone, labels::attribute_state(state))
}
