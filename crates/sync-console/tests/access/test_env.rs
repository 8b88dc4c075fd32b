//! A console of two pages and a call, a clock that stands still, and browsers.

use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::http::header::{CONTENT_TYPE, COOKIE, HOST, LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, Method};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::Response;
use axum::response::sse::{Event, Sse};
use axum::routing::get;
use futures::Stream;
use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};
use secrecy::{ExposeSecret, SecretString};
use sync_console::access::oidc::Oidc;
use sync_console::access::{
    Access, AccessOptions, AccessStore, Identity, Role, SignInPage, TokenRequest, authorize, create_token,
    routes,
};
use sync_daemon::RefusedSignIns;
use sync_engine::Clock;
use sync_store::Store;
use tower::ServiceExt;
use url::form_urlencoded;

/// Stands still until it is moved.
pub(crate) struct ManualClock(Mutex<Timestamp>);

impl ManualClock {
    pub(crate) fn advance(&self, minutes: i64) {
        *self.0.lock().unwrap() += SignedDuration::from_mins(minutes);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

pub(crate) struct TestEnv {
    pub(crate) access: Access,
    pub(crate) store: AccessStore,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) refused: RefusedSignIns,
    router: Router,
    folder: tempfile::TempDir,
}

impl TestEnv {
    pub(crate) async fn new() -> Self {
        Self::with(AccessOptions::default(), None).await
    }

    pub(crate) async fn with(options: AccessOptions, oidc: Option<Oidc>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("state.db")).await.unwrap().access();
        let clock = Arc::new(ManualClock(Mutex::new(Timestamp::now())));
        let refused = RefusedSignIns::default();
        let access = Access::new(store.clone(), options, oidc, refused.clone(), clock.clone());
        let router = Router::new()
            .route("/", get(show))
            .route("/runs", get(show).post(change))
            .route("/api/v1/runs", get(show).post(change))
            .route("/stream", get(stream))
            .layer(from_fn_with_state(access.clone(), authorize))
            .merge(routes(access.clone(), page))
            .layer(from_fn(from_loopback));
        Self { access, store, clock, refused, router, folder }
    }

    pub(crate) async fn token(&self, name: &str, role: Role) -> SecretString {
        let wish = TokenRequest { name: name.into(), role, expires: None };
        create_token(&self.store, &wish, self.clock.now()).await.unwrap().1
    }

    pub(crate) fn browser(&self) -> Browser {
        Browser { router: self.router.clone(), cookies: BTreeMap::new(), headers: HeaderMap::new() }
    }

    /// A browser that has signed in.
    pub(crate) async fn signed_in(&self, role: Role) -> Browser {
        let token = self.token(role.as_str(), role).await;
        let mut browser = self.browser();
        let answer = browser.sign_in(token.expose_secret(), "/").await;
        assert_eq!((answer.status, answer.location()), (303, "/"), "{}", answer.text);
        browser
    }

    /// Whether a text is anywhere in the files of the store.
    pub(crate) fn is_on_disk(&self, text: &str) -> bool {
        let holds = |bytes: &[u8]| bytes.windows(text.len()).any(|part| part == text.as_bytes());
        let files = std::fs::read_dir(self.folder.path()).unwrap();
        files.flatten().any(|file| holds(&std::fs::read(file.path()).unwrap()))
    }
}

async fn show(identity: Identity) -> String {
    let csrf = identity.csrf.unwrap_or_default();
    format!("{} {} {:?} {csrf}", identity.principal, identity.role.as_str(), identity.via)
}

/// Has no end of its own.
async fn stream() -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    Sse::new(futures::stream::pending())
}

async fn change(body: String) -> String {
    format!("changed {body}")
}

async fn from_loopback(mut request: Request, next: axum::middleware::Next) -> Response {
    let peer = SocketAddr::from((Ipv4Addr::LOCALHOST, 4711));
    request.extensions_mut().insert(ConnectInfo(peer));
    next.run(request).await
}

fn page(page: &SignInPage) -> Markup {
    html! {
        @if let Some(notice) = page.notice { p { (format!("{notice:?}")) } }
        @if let Some(problem) = &page.problem { p { (problem) } }
        @if let Some(okta) = &page.okta { a href=(okta) { "Okta" } }
        form method="post" { input name="csrf" value=(page.csrf); input name="next" value=(page.next); }
    }
}

/// Keeps cookies, and sends what it is told to.
pub(crate) struct Browser {
    router: Router,
    pub(crate) cookies: BTreeMap<String, String>,
    /// With every request.
    pub(crate) headers: HeaderMap,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    pub(crate) fn location(&self) -> &str {
        self.header(LOCATION.as_str())
    }

    pub(crate) fn set_cookies(&self) -> Vec<&str> {
        self.headers.get_all(SET_COOKIE).iter().map(|value| value.to_str().unwrap()).collect()
    }

    /// The value of a field of the sign-in page.
    pub(crate) fn field(&self, name: &str) -> String {
        let (_, rest) = self.text.split_once(&format!("name=\"{name}\" value=\"")).unwrap();
        rest.split_once('"').unwrap().0.replace("&amp;", "&")
    }
}

impl Browser {
    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.insert(name, value.parse().unwrap());
        self
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.send(Method::POST, path, Some(form)).await
    }

    pub(crate) async fn send(&mut self, method: Method, path: &str, form: Option<String>) -> Answer {
        let response = self.ask(method, path, form).await;
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
        let text = String::from_utf8(body.to_vec()).unwrap();
        Answer { status: parts.status.as_u16(), headers: parts.headers, text }
    }

    /// What is answered, whose body may have no end.
    pub(crate) async fn ask(&mut self, method: Method, path: &str, form: Option<String>) -> Response {
        let mut request = Request::builder().method(method).uri(path).header(HOST, "console.example");
        if !self.cookies.is_empty() {
            let pairs: Vec<String> =
                self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header(COOKIE, pairs.join("; "));
        }
        if form.is_some() {
            request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        }
        let mut request = request.body(form.map_or_else(Body::empty, Body::from)).unwrap();
        request.headers_mut().extend(self.headers.clone());
        let response = self.router.clone().oneshot(request).await.unwrap();
        for cookie in response.headers().get_all(SET_COOKIE) {
            let (pair, attributes) = cookie.to_str().unwrap().split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if attributes.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        response
    }

    /// Shows the form and sends it.
    pub(crate) async fn sign_in(&mut self, token: &str, next: &str) -> Answer {
        let csrf = self.get("/sign-in").await.field("csrf");
        self.post("/sign-in", &[("token", token), ("next", next), ("csrf", &csrf)]).await
    }

    /// What forms of this session have to carry.
    pub(crate) async fn csrf(&mut self) -> String {
        let shown = self.get("/").await;
        assert_eq!(shown.status, 200);
        shown.text.rsplit_once(' ').unwrap().1.to_owned()
    }

    pub(crate) async fn is_signed_in(&mut self) -> bool {
        self.get("/").await.status == 200
    }
}

/// The parameters of an address.
pub(crate) fn query(address: &str) -> HashMap<String, String> {
    let (_, query) = address.split_once('?').unwrap_or_default();
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}
