//! The sign-in page.

use maud::{Markup, html};

use super::components::{Tone, notice};
use super::layout;
use crate::access::{CSRF_FIELD, SignInNotice, SignInPage};
use crate::assets;

pub(crate) fn page(page: &SignInPage) -> Markup {
    layout::bare(
        "Sign in",
        &html! {
            div.card {
                p.brand { img src=(assets::address("icon.svg")) alt="" width="28" height="28"; "Okta Insight Sync" }
                h1 { "Sign in" }
                @match page.notice {
                    Some(SignInNotice::Ended) => (notice(Tone::Warning, "Your session has ended", Some("sign in again to go on where you were"))),
                    Some(SignInNotice::SignedOut) => (notice(Tone::Good, "You have signed out", None)),
                    None => {}
                }
                @if let Some(problem) = &page.problem { (notice(Tone::Problem, problem, None)) }
                form method="post" action="/sign-in" {
                    input type="hidden" name=(CSRF_FIELD) value=(page.csrf);
                    input type="hidden" name="next" value=(page.next);
                    div.field {
                        label for="token" { "Token" }
                        p.hint #token-hint { "The daemon printed the administrator's token at its first start. Lost? " code { "okta-insight tokens create" } " on the server makes another." }
                        input type="password" name="token" id="token" required autocomplete="current-password" aria-describedby="token-hint" spellcheck="false";
                    }
                    button.primary type="submit" { "Sign in" }
                }
                @if let Some(okta) = &page.okta {
                    p.or.muted { "or" }
                    p { a.button href=(okta) { "Sign in with Okta" } }
                }
            }
        },
    )
}
