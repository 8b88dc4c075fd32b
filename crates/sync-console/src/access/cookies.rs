//! The cookies of the console. None can be read by a script, and none is sent with a form of another site.

use axum::http::HeaderMap;
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};
use secrecy::{ExposeSecret, SecretString};

/// The purpose of a cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// The session.
    Session,
    /// Binds the sign-in form to the browser that it was shown in.
    Form,
    /// Binds a sign-in with Okta to the browser that started it.
    Okta,
}

impl Purpose {
    /// With TLS, the browser rejects such a cookie from any other host.
    const fn name(self, secure: bool) -> &'static str {
        match (self, secure) {
            (Self::Session, false) => "okta_insight_session",
            (Self::Session, true) => "__Host-okta_insight_session",
            (Self::Form, false) => "okta_insight_form",
            (Self::Form, true) => "__Host-okta_insight_form",
            (Self::Okta, false) => "okta_insight_okta",
            (Self::Okta, true) => "__Host-okta_insight_okta",
        }
    }

    /// The value that the browser sent.
    pub(super) fn read(self, headers: &HeaderMap, secure: bool) -> Option<SecretString> {
        let jar = CookieJar::from_headers(headers);
        let value = jar.get(self.name(secure))?.value();
        (!value.is_empty()).then(|| value.to_owned().into())
    }

    /// `Set-Cookie` with a value. It expires with the browser; its session may expire earlier.
    pub(super) fn set(self, value: &SecretString, secure: bool) -> String {
        self.cookie(value.expose_secret().to_owned(), secure).to_string()
    }

    /// `Set-Cookie` that deletes it.
    pub(super) fn clear(self, secure: bool) -> String {
        let mut cookie = self.cookie(String::new(), secure);
        cookie.make_removal();
        cookie.to_string()
    }

    fn cookie(self, value: String, secure: bool) -> Cookie<'static> {
        Cookie::build((self.name(secure), value))
            .path("/")
            .http_only(true)
            .secure(secure)
            .same_site(SameSite::Lax)
            .build()
    }
}
