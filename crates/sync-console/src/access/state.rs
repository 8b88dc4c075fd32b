//! What signing in needs to know, and what it does.

use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret;
use sync_service::Secret;
use sync_service::access::{AccessStore, NewSession, Role};
use sync_service::engine::{Clock, StoreError, SystemClock};

use super::cookies::Purpose;
use super::crypto::{derive, hash, random_text, same};
use super::oidc::{Oidc, Person};
use super::throttle::Throttle;
use super::{Identity, SignInError, Via};

/// How sessions are kept.
#[derive(Debug, Clone, Copy)]
pub struct AccessOptions {
    /// A session that is not used for so long ends.
    pub idle: Duration,
    /// A session ends after so long, whatever is done with it.
    pub lifetime: Duration,
    /// Whether the console itself speaks TLS.
    pub tls: bool,
    /// Whether a proxy speaks TLS for it, and says who asks.
    pub behind_proxy: bool,
}

impl Default for AccessOptions {
    fn default() -> Self {
        Self {
            idle: Duration::from_hours(8),
            lifetime: Duration::from_hours(24),
            tls: false,
            behind_proxy: false,
        }
    }
}

/// Who may do what in this console. Cheap to clone.
#[derive(Clone)]
pub struct Access(Arc<Inner>);

struct Inner {
    store: AccessStore,
    options: AccessOptions,
    clock: Arc<dyn Clock>,
    oidc: Option<Oidc>,
    throttle: Mutex<Throttle>,
    /// Of this process: what is derived from it need not outlive a sign-in.
    key: [u8; 32],
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access").field("options", &self.0.options).finish_non_exhaustive()
    }
}

/// Who a request comes from.
pub(super) enum Asker {
    Known(Identity),
    /// There is a token, and it is none of ours.
    BadToken,
    /// There is a cookie, and its session has ended.
    Ended,
    Nobody,
}

impl Access {
    /// Sessions and tokens of this store; people sign in with Okta as well when that is set up.
    pub fn new(store: AccessStore, options: AccessOptions, oidc: Option<Oidc>) -> Self {
        Self::with_clock(store, options, oidc, Arc::new(SystemClock))
    }

    /// The same by another clock.
    pub fn with_clock(
        store: AccessStore,
        options: AccessOptions,
        oidc: Option<Oidc>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let (throttle, key) = (Mutex::default(), rand::random());
        Self(Arc::new(Inner { store, options, clock, oidc, throttle, key }))
    }

    pub(super) fn options(&self) -> AccessOptions {
        self.0.options
    }

    pub(super) fn oidc(&self) -> Option<&Oidc> {
        self.0.oidc.as_ref()
    }

    pub(super) fn key(&self) -> &[u8] {
        &self.0.key
    }

    pub(super) fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// Whether browsers reach the console by TLS, so that cookies may insist on it.
    pub(super) fn secure(&self) -> bool {
        self.0.options.tls || self.0.options.behind_proxy
    }

    /// Begins a session with a token. The result is the id of the session, for its cookie.
    ///
    /// # Errors
    /// When too many attempts failed lately, the token is not a valid one, or the store fails.
    pub async fn sign_in(&self, token: &Secret, from: IpAddr) -> Result<Secret, SignInError> {
        self.attempt(from)?;
        let Some(token) = self.0.store.use_token(&hash(token), self.now()).await? else {
            tracing::warn!(target: "audit", %from, "sign-in with a token refused");
            return Err(SignInError::Token);
        };
        let session = self.begin(&token.name, token.role, Some((token.id, token.expires))).await?;
        self.forgive(from);
        tracing::info!(target: "audit", %from, who = token.name, role = token.role.as_str(), "signed in with a token");
        Ok(session)
    }

    /// Begins a session for somebody whom Okta has signed in.
    pub(super) async fn sign_in_person(&self, person: &Person, from: IpAddr) -> Result<Secret, SignInError> {
        let session = self.begin(&person.who, person.role, None).await?;
        tracing::info!(target: "audit", %from, who = person.who, role = person.role.as_str(), "signed in with Okta");
        Ok(session)
    }

    /// Ends a session.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn sign_out(&self, session: &Secret) -> Result<(), StoreError> {
        self.0.store.end_session(&hash(session)).await
    }

    /// Every session gets an id of its own, whatever the browser had before.
    async fn begin(
        &self,
        who: &str,
        role: Role,
        token: Option<(i64, Option<Timestamp>)>,
    ) -> Result<Secret, StoreError> {
        let (now, id) = (self.now(), random_text());
        let lifetime = SignedDuration::try_from(self.0.options.lifetime).unwrap_or(SignedDuration::MAX);
        let limit = now.saturating_add(lifetime).unwrap_or(Timestamp::MAX);
        let expires = token.and_then(|(_, expires)| expires).map_or(limit, |expires| expires.min(limit));
        let token = token.map(|(id, _)| id);
        self.0.store.begin_session(&NewSession { hash: &hash(&id), who, role, token, expires }, now).await?;
        Ok(id)
    }

    /// Counts an attempt to sign in as failed, until it is forgiven.
    pub(super) fn attempt(&self, from: IpAddr) -> Result<(), SignInError> {
        let mut throttle = self.0.throttle.lock().unwrap_or_else(PoisonError::into_inner);
        throttle.attempt(from, Instant::now()).map_err(|wait| SignInError::Throttled { wait })
    }

    pub(super) fn forgive(&self, from: IpAddr) {
        self.0.throttle.lock().unwrap_or_else(PoisonError::into_inner).forgive(from);
    }

    /// Who a request comes from. A token counts for more than a cookie, as nobody sends one by accident.
    pub(super) async fn identify(&self, headers: &HeaderMap) -> Result<Asker, StoreError> {
        if let Some(token) = bearer(headers) {
            let token = self.0.store.use_token(&hash(&token), self.now()).await?;
            return Ok(token.map_or(Asker::BadToken, |token| {
                let (via, id) = (Via::Token, Some(token.id));
                Asker::Known(Identity { who: token.name, role: token.role, via, token: id, csrf: None })
            }));
        }
        let Some(id) = Purpose::Session.read(headers, self.secure()) else { return Ok(Asker::Nobody) };
        let session = self.0.store.use_session(&hash(&id), self.0.options.idle, self.now()).await?;
        Ok(session.map_or(Asker::Ended, |session| {
            let csrf = Some(session_csrf(&id));
            let (via, token) = (Via::Session, session.token);
            Asker::Known(Identity { who: session.who, role: session.role, via, token, csrf })
        }))
    }

    /// What the sign-in form has to carry, for the browser with this cookie.
    pub(super) fn form_csrf(&self, cookie: &Secret) -> String {
        derive(&self.0.key, "sign-in form", cookie.expose_secret())
    }

    /// Whether the sign-in form was shown to this browser.
    pub(super) fn is_own_form(&self, headers: &HeaderMap, csrf: &str) -> bool {
        let cookie = Purpose::Form.read(headers, self.secure());
        cookie.is_some_and(|cookie| same(&self.form_csrf(&cookie), csrf))
    }
}

/// Derived from the id alone, so that every process knows it, and it is as long as the session as good.
fn session_csrf(id: &Secret) -> String {
    derive(id.expose_secret().as_bytes(), "forms of a session", "")
}

fn bearer(headers: &HeaderMap) -> Option<Secret> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned().into())
}
