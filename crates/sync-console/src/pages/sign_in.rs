//! The sign-in page.

use maud::{Markup, html};

use super::components::{Tone, notice};
use super::layout;
use crate::access::{CSRF_FIELD, SignInNotice, SignInPage};
use crate::assets;
use crate::words::access;

pub(crate) fn page(page: &SignInPage) -> Markup {
    layout::bare(
        "Sign in",
        &html! {
            div.card {
                p.brand { img src=(assets::address("icon.svg")) alt="" width="28" height="28"; "Okta Insight Sync" }
                h1 { "Sign in" }
                @match page.notice {
                    Some(SignInNotice::Ended) => (notice(Tone::Warning, access::SESSION_ENDED, Some(access::SESSION_ENDED_REMEDY))),
                    Some(SignInNotice::SignedOut) => (notice(Tone::Good, access::SIGNED_OUT, None)),
                    None => {}
                }
                @if let Some(problem) = &page.problem { (notice(Tone::Problem, problem, None)) }
                form method="post" action="/sign-in" {
                    input type="hidden" name=(CSRF_FIELD) value=(page.csrf);
                    input type="hidden" name="next" value=(page.next);
                    div.field {
                        label for="token" { "Access token" }
                        p.hint #token-hint { "When the daemon first starts, it shows the first administrator token on the terminal or writes it to a file. To create another token, run " code { "okta-insight tokens create --role admin --name NAME" } " on the daemon's host." }
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
