//! The frame of every page.

use maud::{DOCTYPE, Markup, html};
use sync_daemon::ManagedConnection;

use crate::access::{Identity, Role};
use crate::assets;
use crate::words::labels;

/// The tabs of a connection: the end of the address and the title.
pub(super) const TABS: [(&str, &str); 9] = [
    ("", "Overview"),
    ("/setup", "Setup"),
    ("/activity", "Activity"),
    ("/plan", "Plan"),
    ("/runs", "Runs"),
    ("/events", "Events"),
    ("/objects", "Objects"),
    ("/schema", "Schema"),
    ("/checks", "Checks"),
];

/// A page for a signed-in user. `current` marks the entry of the navigation.
pub(super) fn page(identity: &Identity, title: &str, current: Option<&str>, body: &Markup) -> Markup {
    let entries = [("/", "Connections"), ("/access", "Access tokens")];
    document(
        title,
        identity.csrf.as_deref(),
        &html! {
            header.top {
                a.skip href="#content" { "Skip to content" }
                a.brand href="/" { img src=(assets::address("icon.svg")) alt="" width="24" height="24"; span { "Okta Insight Sync" } }
                nav aria-label="Main" {
                    @for (address, name) in entries {
                        a href=(address) aria-current=[(current == Some(address)).then_some("page")] { (name) }
                    }
                }
                div.who {
                    span.muted { (identity.principal) }
                    @if identity.role == Role::ReadOnly { span.badge { (labels::role(identity.role)) } }
                    button.plain type="button" data-theme-switch aria-label="Switch theme" title="Switch theme" { "◐" }
                    form method="post" action="/sign-out" { (csrf(identity)) button.plain type="submit" title={ "Signed in as " (identity.principal) } { "Sign out" } }
                }
            }
            main #content tabindex="-1" { (body) }
        },
    )
}

/// A page of one connection, below its tabs.
pub(super) fn connection_page(
    identity: &Identity,
    member: &ManagedConnection,
    tab: &str,
    body: &Markup,
) -> Markup {
    let name = member.name();
    let title = TABS.iter().find(|(end, _)| *end == tab).map_or("", |(_, title)| title);
    let body = html! {
        nav.crumbs aria-label="Breadcrumb" { a href="/" { "Connections" } " / " span { (name) } }
        nav.tabs aria-label={ "Connection " (name) } {
            @for (end, title) in TABS {
                a href={ "/connections/" (name) (end) } aria-current=[(end == tab).then_some("page")] { (title) }
            }
        }
        (body)
    };
    page(identity, &format!("{title} · {name}"), Some("/"), &body)
}

/// A page without sign-in.
pub(super) fn bare(title: &str, body: &Markup) -> Markup {
    document(title, None, &html! { main.narrow #content { (body) } })
}

/// The hidden field that every form requires.
pub(super) fn csrf(identity: &Identity) -> Markup {
    html! { @if let Some(token) = &identity.csrf { input type="hidden" name="csrf" value=(token); } }
}

fn document(title: &str, csrf: Option<&str>, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                @if let Some(token) = csrf { meta name="csrf" content=(token); }
                title { (title) " · Okta Insight Sync" }
                link rel="icon" href=(assets::address("icon.svg")) type="image/svg+xml";
                link rel="stylesheet" href=(assets::address("console.css"));
                script src=(assets::address("console.js")) {}
            }
            body { (body) }
        }
    }
}
