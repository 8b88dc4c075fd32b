//! Access control: tokens, sessions, the check of every page and API call, and the sign-in pages.

mod authorize;
mod cookies;
mod crypto;
mod error;
#[cfg(test)]
mod fuzz;
mod identity;
pub mod oidc;
mod origin;
mod pages;
mod problem;
mod return_to;
mod state;
mod throttle;
mod tokens;

pub use authorize::authorize;
pub use error::SignInError;
pub use identity::{CSRF_FIELD, CSRF_HEADER, Identity, SignInMethod};
pub use pages::{SignInNotice, SignInPage, routes};
pub use problem::Problem;
pub use state::{Access, AccessOptions};
pub use sync_store::access::{AccessStore, AccessToken, Role};
pub use tokens::{TokenError, TokenRequest, create_token, first_token, renew_token, revoke_token};
