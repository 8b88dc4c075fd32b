//! The state of sign-ins and sessions.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::ConnectInfo;
use axum::http::header::AUTHORIZATION;
use axum::http::{Extensions, HeaderMap};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use sync_daemon::{RefusedSignIn, RefusedSignIns, client_address};
use sync_engine::{Clock, StoreError};
use sync_store::AuditEntry;
use sync_store::access::{AccessStore, NewSession, Role};
use tokio::time::Instant;

use super::cookies::Purpose;
use super::crypto::{derive, hash, random_text, same};
use super::oidc::{Oidc, Person};
use super::throttle::Throttle;
use super::{Identity, SignInError, SignInMethod};

/// The settings of sessions.
#[derive(Debug, Clone, Copy)]
pub struct AccessOptions {
    /// A session that is not used for so long ends.
    pub idle: Duration,
    /// The maximum age of a session, regardless of its use.
    pub lifetime: Duration,
    /// True if the console terminates TLS.
    pub tls: bool,
    /// True if a proxy terminates TLS and forwards the client address.
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

/// The access control of this console. Cheap to clone.
#[derive(Clone)]
pub struct Access(Arc<Inner>);

struct Inner {
    store: AccessStore,
    options: AccessOptions,
    clock: Arc<dyn Clock>,
    oidc: Option<Oidc>,
    refused: RefusedSignIns,
    throttle: Mutex<Throttle>,
    /// Of this process: values derived from it last only for a sign-in.
    key: [u8; 32],
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access").field("options", &self.0.options).finish_non_exhaustive()
    }
}

/// The sender of a request.
pub(super) enum Sender {
    Known(Identity),
    /// The token is invalid.
    InvalidToken(SecretString),
    /// The session of the cookie ended.
    Ended,
    Anonymous,
}

impl Access {
    /// Sessions and tokens of this store, and sign-in with Okta if it is configured. Rejections are counted.
    pub fn new(
        store: AccessStore,
        options: AccessOptions,
        oidc: Option<Oidc>,
        refused: RefusedSignIns,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let (throttle, key) = (Mutex::default(), rand::random());
        Self(Arc::new(Inner { store, options, clock, oidc, refused, throttle, key }))
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

    /// True if browsers reach the console by TLS, so that cookies can require it.
    pub(super) fn secure(&self) -> bool {
        self.0.options.tls || self.0.options.behind_proxy
    }

    /// Starts a session with a token. The result is the ID of the session, for its cookie. A valid token is accepted
    /// regardless of failed attempts: tokens are long and random, so that guessing needs no lockout.
    ///
    /// # Errors
    /// When the token is invalid, also after too many such attempts, or the store fails.
    pub async fn sign_in(&self, token: &SecretString, from: IpAddr) -> Result<SecretString, SignInError> {
        let Some(token) = self.0.store.use_token(&hash(token), self.now()).await? else {
            self.refused(token, from).map_err(|wait| SignInError::Throttled { wait })?;
            return Err(SignInError::Token);
        };
        let session = self.begin(&token.name, token.role, Some((token.id, token.expires_at))).await?;
        self.note(&token.name, "sign_in", Some(from)).await;
        Ok(session)
    }

    /// Counts a rejected token, and logs such failures at a limited rate.
    ///
    /// # Errors
    /// If the client, or others with the same token prefix, failed too often recently: the time to wait.
    pub(super) fn refused(&self, token: &SecretString, from: IpAddr) -> Result<(), Duration> {
        let now = Instant::now();
        let mut throttle = self.0.throttle.lock().unwrap_or_else(PoisonError::into_inner);
        let (counted, to_log) =
            (throttle.refuse(from, token.expose_secret(), now), throttle.unlogged_attempts(now));
        drop(throttle);
        if let Some(attempts) = to_log {
            tracing::warn!(target: "audit", last_from = %from, attempts, "rejected tokens");
        }
        self.count(if counted.is_ok() { RefusedSignIn::Token } else { RefusedSignIn::Throttled });
        counted
    }

    /// Counts a rejection for the metrics.
    pub(super) fn count(&self, reason: RefusedSignIn) {
        self.0.refused.count(reason);
    }

    /// The client of a request: the peer, or the client that the proxy names.
    pub(super) fn client(&self, extensions: &Extensions, headers: &HeaderMap) -> IpAddr {
        let peer = extensions.get::<ConnectInfo<SocketAddr>>();
        let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(peer)| peer.ip());
        client_address(peer, headers, self.0.options.behind_proxy)
    }

    /// Starts a session for a user that Okta signed in.
    pub(super) async fn sign_in_person(
        &self,
        person: &Person,
        from: IpAddr,
    ) -> Result<SecretString, SignInError> {
        let session = self.begin(&person.principal, person.role, None).await?;
        self.note(&person.principal, "sign_in_with_okta", Some(from)).await;
        Ok(session)
    }

    /// Writes a sign-in or sign-out to the audit log.
    pub(super) async fn note(&self, principal: &str, action: &'static str, from: Option<IpAddr>) {
        let origin = from.map(|from| from.to_string());
        tracing::info!(target: "audit", from = origin, principal, action, "session");
        let entry = AuditEntry { origin, ..AuditEntry::new(self.now(), principal, "session", action) };
        if let Err(error) = self.0.store.audit().append(&entry).await {
            let error = sync_engine::error_chain(&error);
            tracing::error!(target: "audit", error, principal, action, "could not write the audit log");
        }
    }

    /// Ends a session.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn sign_out(&self, session: &SecretString) -> Result<(), StoreError> {
        self.0.store.end_session(&hash(session)).await
    }

    /// Every session gets a new ID, regardless of the browser's previous one.
    async fn begin(
        &self,
        principal: &str,
        role: Role,
        token: Option<(i64, Option<Timestamp>)>,
    ) -> Result<SecretString, StoreError> {
        let (now, id) = (self.now(), random_text());
        let lifetime = SignedDuration::try_from(self.0.options.lifetime).unwrap_or(SignedDuration::MAX);
        let limit = now.saturating_add(lifetime).unwrap_or(Timestamp::MAX);
        let expires = token.and_then(|(_, expires)| expires).map_or(limit, |expires| expires.min(limit));
        let token = token.map(|(id, _)| id);
        self.0
            .store
            .begin_session(&NewSession { hash: &hash(&id), principal, role, token, expires }, now)
            .await?;
        Ok(id)
    }

    /// Counts an attempt to sign in as failed, until it is forgiven.
    pub(super) fn attempt(&self, from: IpAddr) -> Result<(), SignInError> {
        let mut throttle = self.0.throttle.lock().unwrap_or_else(PoisonError::into_inner);
        throttle.attempt(from, Instant::now()).map_err(|wait| {
            self.count(RefusedSignIn::Throttled);
            SignInError::Throttled { wait }
        })
    }

    pub(super) fn forgive(&self, from: IpAddr) {
        self.0.throttle.lock().unwrap_or_else(PoisonError::into_inner).forgive(from);
    }

    /// The sender of a request. A token has precedence over a cookie, as browsers send cookies automatically.
    pub(super) async fn identify(&self, headers: &HeaderMap) -> Result<Sender, StoreError> {
        if let Some(token) = bearer(headers) {
            let found = self.0.store.use_token(&hash(&token), self.now()).await?;
            return Ok(found.map_or_else(
                || Sender::InvalidToken(token),
                |token| {
                    let (via, id) = (SignInMethod::Token, Some(token.id));
                    Sender::Known(Identity {
                        principal: token.name,
                        role: token.role,
                        via,
                        token: id,
                        csrf: None,
                    })
                },
            ));
        }
        let Some(id) = Purpose::Session.read(headers, self.secure()) else { return Ok(Sender::Anonymous) };
        let session = self.0.store.use_session(&hash(&id), self.0.options.idle, self.now()).await?;
        Ok(session.map_or(Sender::Ended, |session| {
            let csrf = Some(session_csrf(&id));
            let (via, token) = (SignInMethod::Session, session.token);
            Sender::Known(Identity { principal: session.principal, role: session.role, via, token, csrf })
        }))
    }

    /// The CSRF token of the sign-in form, for the browser with this cookie.
    pub(super) fn form_csrf(&self, cookie: &SecretString) -> String {
        derive(&self.0.key, "sign-in form", cookie.expose_secret())
    }

    /// True if the sign-in form was shown to this browser.
    pub(super) fn is_own_form(&self, headers: &HeaderMap, csrf: &str) -> bool {
        let cookie = Purpose::Form.read(headers, self.secure());
        cookie.is_some_and(|cookie| same(&self.form_csrf(&cookie), csrf))
    }
}

/// Derived from the ID alone, so that every process can compute it; valid as long as the session.
fn session_csrf(id: &SecretString) -> String {
    derive(id.expose_secret().as_bytes(), "forms of a session", "")
}

fn bearer(headers: &HeaderMap) -> Option<SecretString> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned().into())
}
