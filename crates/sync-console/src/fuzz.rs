//! A fuzz target of complete requests to the console: paths, queries, cookies, forms, and stream positions. See
//! tests/fuzz.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION};
use axum::http::{HeaderName, HeaderValue, Method, Request, StatusCode};
use axum::response::Response;
use fuzz::fuzz;
use sandbox::{Sandbox, SandboxOptions};
use secrecy::ExposeSecret as _;
use serde_json::Value;
use sync_config::Config;
use sync_daemon::ConnectionManager;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;
use url::Url;

use crate::access::{Access, AccessOptions, Role, TokenRequest, create_token};
use crate::app::App;
use crate::headers::SecurityHeaders;
use crate::server::router;

/// An element that no input may put into a page.
const ELEMENT: &str = "<mark>";
/// The time of one request.
const PATIENCE: Duration = Duration::from_mins(1);

struct Console {
    runtime: Runtime,
    router: Router,
    /// Their stand-ins in inputs, and the secrets of a read-only session.
    known: [(&'static str, String); 2],
    _kept: (Sandbox, Arc<ConnectionManager>, tempfile::TempDir),
}

impl Console {
    fn start() -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let (router, known, kept) = runtime.block_on(Self::prepare());
        Self { runtime, router, known, _kept: kept }
    }

    async fn prepare()
    -> (Router, [(&'static str, String); 2], (Sandbox, Arc<ConnectionManager>, tempfile::TempDir)) {
        let options = SandboxOptions { users: 4, groups: 2, ..SandboxOptions::default() };
        let sandbox = Sandbox::start(&options).await.unwrap();
        let (folder, ready) = (tempfile::tempdir().unwrap(), sandbox.ready());
        let toml = format!(
            "[connections.main.okta]\norg_url = {}\nclient_id = {}\nprivate_key = {}\n\
             [connections.main.assets]\napi_url = {}\nimport_token = {}\n",
            ready["okta"]["org_url"],
            ready["okta"]["client_id"],
            Value::from(ready["okta"]["private_key_jwk"].to_string()),
            ready["insight"]["api_url"],
            ready["insight"]["import_token"],
        );
        let config = Config::from_toml(&toml, "c.toml", folder.path(), []).unwrap();
        let manager = ConnectionManager::open(config, Path::new("c.toml")).await.unwrap();
        let store = manager.store().access();
        let request = TokenRequest { name: "reader".to_owned(), role: Role::ReadOnly, expires: None };
        let (_, token) = create_token(&store, &request, manager.now()).await.unwrap();
        let options = AccessOptions { behind_proxy: true, ..AccessOptions::default() };
        let access = Access::new(
            store,
            options,
            None,
            manager.refused_sign_ins().clone(),
            Arc::clone(manager.clock()),
        );
        let session = access.sign_in(&token, IpAddr::V4(Ipv4Addr::LOCALHOST)).await.unwrap();
        let app = App { manager: Arc::clone(&manager), stop: CancellationToken::new() };
        let known =
            [("TOKEN", token.expose_secret().to_owned()), ("SESSION", session.expose_secret().to_owned())];
        (router(app, access, SecurityHeaders { https: true }), known, (sandbox, manager, folder))
    }

    /// The request in an input: a line with method and target, header lines, an empty line, and the body. `None` if a
    /// server would reject it.
    fn request(&self, input: &str) -> Option<Request<Body>> {
        let (head, body) = input.split_once("\n\n").unwrap_or((input, ""));
        let filled = |text: &str| {
            self.known.iter().fold(text.to_owned(), |text, (name, secret)| text.replace(name, secret))
        };
        let mut lines = head.lines();
        let (method, target) = lines.next()?.split_once(' ')?;
        let mut request = Request::builder()
            .method(Method::from_bytes(method.as_bytes()).ok()?)
            .uri(target)
            .body(Body::from(body.to_owned()))
            .ok()?;
        for (name, value) in lines.filter_map(|line| line.split_once(':')) {
            let name = HeaderName::try_from(name.trim().to_ascii_lowercase()).ok();
            let value = HeaderValue::from_bytes(filled(value.trim()).as_bytes()).ok();
            if let (Some(name), Some(value)) = (name, value) {
                request.headers_mut().append(name, value);
            }
        }
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 4711))));
        Some(request)
    }

    async fn judge(&self, response: Response) -> String {
        let (status, headers) = (response.status(), response.headers().clone());
        let word =
            |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or_default().to_owned());
        let kind = word(CONTENT_TYPE).unwrap_or_default();
        assert!(
            status.as_u16() < 500
                || matches!(status, StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE),
            "{status}"
        );
        if let Some(location) = word(LOCATION) {
            let base = Url::parse("https://console.example/").unwrap();
            assert_eq!(base.join(&location).unwrap().origin(), base.origin(), "{location} leads away");
        }
        if kind.starts_with("text/event-stream") {
            return format!("{status} stream");
        }
        let body = to_bytes(response.into_body(), 16 << 20).await.unwrap();
        let body = String::from_utf8_lossy(&body);
        for (_, secret) in &self.known {
            assert!(!body.contains(secret.as_str()), "a secret is shown");
        }
        let mut outcome = format!("{status} {kind} ");
        if kind.starts_with("text/html") {
            assert!(!body.contains(ELEMENT), "an input is an element of a page");
            assert!(word(CONTENT_SECURITY_POLICY).is_some(), "a page without a policy");
            outcome += body.split_once("<h1").map_or("", |(_, rest)| rest.get(..30).unwrap_or_default());
        } else if kind.starts_with("application/problem+json") {
            let problem: Value = serde_json::from_str(&body).unwrap();
            assert_eq!(problem["status"], status.as_u16());
            outcome += &problem["code"].to_string();
            outcome += &problem["detail"].to_string();
        }
        outcome
    }
}

#[test]
fn requests_are_answered_or_refused() {
    let words = [
        "GET ",
        "POST ",
        "DELETE ",
        "/api/v1/connections/main/",
        "events",
        "runs",
        "objects/user/",
        "groups/",
        "plan",
        "stream",
        "activity",
        "?limit=",
        "&search=",
        "&state=dead",
        "&before=",
        "last-event-id: ",
        "authorization: Bearer TOKEN",
        "cookie: __Host-okta_insight_session=SESSION",
        "content-type: application/x-www-form-urlencoded",
        "content-type: application/json",
        "csrf=",
        "next=",
        "%2f",
        "%00",
        "..",
        "\"><mark>",
        "%22%3E%3Cmark%3E",
        "sec-fetch-dest: empty",
        "accept: application/json",
    ];
    let console = Console::start();
    for seed in [
        "GET /connections/main\ncookie: __Host-okta_insight_session=SESSION",
        "GET /api/v1/tokens\nauthorization: Bearer TOKEN",
    ] {
        let request = console.request(seed).unwrap();
        let answer = console.runtime.block_on(console.router.clone().oneshot(request)).unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{seed}");
    }
    fuzz("console_requests", &words, |input| {
        let Some(request) = console.request(&String::from_utf8_lossy(input)) else { return String::new() };
        console.runtime.block_on(async {
            let answered = async {
                let response = console.router.clone().oneshot(request).await.unwrap();
                console.judge(response).await
            };
            tokio::time::timeout(PATIENCE, answered).await.unwrap()
        })
    });
}
