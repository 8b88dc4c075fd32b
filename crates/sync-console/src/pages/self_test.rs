//! The self-test on the Checks page: its state, its facts, and the form that starts it.

use admin_api::wire::SelfTestOptions;
use axum::response::Redirect;
use axum::routing::post;
use axum::{Form, Router};
use diagnostics::JobState;
use maud::{Markup, html};
use plain_text::{site_fact_reason, site_fact_state, site_fact_statement};
use serde::Deserialize;
use sync_daemon::{ManagedConnection, ServiceError};
use sync_engine::SiteFact;

use super::components::{aged, job, scroll};
use super::links::address;
use super::scope::Chosen;
use super::{PageError, findings, layout};
use crate::access::{Identity, Role};
use crate::app::App;
use crate::words::setup as words;
use crate::words::text::capital;

pub(super) fn router() -> Router<App> {
    Router::new().route("/connections/{name}/self-test", post(begin))
}

/// The form that starts it.
#[derive(Deserialize)]
struct Start {
    /// Present if the test objects may remain in Assets.
    keep_objects: Option<String>,
}

async fn begin(Chosen(member): Chosen, Form(start): Form<Start>) -> Result<Redirect, PageError> {
    member.working()?;
    member.test_site(SelfTestOptions { keep_objects: start.keep_objects.is_some() });
    Ok(Redirect::to(&address(member.name(), &["checks"])))
}

/// The section of the Checks page.
pub(super) async fn section(member: &ManagedConnection, identity: &Identity) -> Result<Markup, ServiceError> {
    let Ok(connection) = member.connection() else { return Ok(html! {}) };
    let facts = connection.site_facts().await?;
    Ok(html! {
        h2 #self-test { "Self-test" }
        p.muted { (words::SELF_TEST) }
        @match member.self_test() {
            JobState::Running { started_at, activity } => (job(activity, started_at)),
            state => {
                @if let JobState::Failed { finding, .. } = &state {
                    p { (words::SELF_TEST_FAILED) }
                    (findings::linked(member.name(), finding))
                }
                (table(&facts))
                @if identity.role == Role::Admin { (start(member, identity)) }
            }
        }
    })
}

fn table(facts: &[SiteFact]) -> Markup {
    let Some(last) = facts.iter().map(|fact| fact.tested_at).max() else {
        return html! { p { (words::NO_FACTS) } };
    };
    let rows = html! {
        table {
            caption { "Tested " (aged(last)) }
            thead { tr { th scope="col" { "Statement" } th scope="col" { "Answer" } th scope="col" { "Reason" } } }
            tbody {
                @for fact in facts {
                    tr {
                        th scope="row" { (capital(site_fact_statement(fact.id))) }
                        td.nowrap { (capital(site_fact_state(fact.state))) }
                        td { (capital(site_fact_reason(fact.reason))) }
                    }
                }
            }
        }
    };
    scroll("Self-test", &rows)
}

fn start(member: &ManagedConnection, identity: &Identity) -> Markup {
    let has_account = member.settings().is_ok_and(|settings| settings.assets.account.is_some());
    html! {
        form method="post" action=(address(member.name(), &["self-test"])) {
            (layout::csrf(identity))
            p.muted { (if has_account { words::OBJECTS_DELETED } else { words::OBJECTS_REMAIN }) }
            @if !has_account {
                p { label { input type="checkbox" name="keep_objects" value="yes" required; " Keep test objects" } }
            }
            button type="submit" { "Run self-test" }
        }
    }
}
