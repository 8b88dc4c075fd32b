//! A fleet of one connection to a sandbox, asked as a browser asks.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use admin_api::wire::SyncOptions;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::http::{Request, StatusCode};
use sandbox::{ControlClient, Sandbox, SandboxOptions};
use serde_json::Value;
use sync_config::Config;
use sync_daemon::{ConnectionManager, ManagedConnection};
use sync_model::ConnectionName;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use url::form_urlencoded::Serializer;

use crate::access::{Identity, Role, SignInMethod};
use crate::app::App;

/// What takes longer hangs.
pub(super) const PATIENCE: Duration = Duration::from_mins(3);

/// A form that sends these fields.
pub(super) type Fields<'f> = &'f [(&'f str, &'f str)];

pub(super) struct TestEnv {
    pub(super) sandbox: Sandbox,
    pub(super) control: ControlClient,
    pub(super) fleet: Arc<ConnectionManager>,
    router: Router,
    _folder: tempfile::TempDir,
}

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) location: Option<String>,
    pub(super) body: String,
}

impl TestEnv {
    /// A few users, no event hook, and the connection "main" in the configuration file.
    pub(super) async fn start() -> Self {
        let options = SandboxOptions {
            users: 6,
            groups: 2,
            import_delay: Duration::from_millis(1),
            ..SandboxOptions::default()
        };
        let sandbox = Sandbox::start(&options).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let ready = sandbox.ready();
        let text = format!(
            "[connections.main.okta]\norg_url = {}\nclient_id = {}\nprivate_key = {}\n\
             [connections.main.assets]\napi_url = {}\nimport_token = {}\n\
             [connections.main.schedule]\nsystem_log_poll = \"200ms\"\n\
             [console]\nmaster_key = \"{}\"\n",
            ready["okta"]["org_url"],
            ready["okta"]["client_id"],
            Value::from(ready["okta"]["private_key_jwk"].to_string()),
            ready["insight"]["api_url"],
            ready["insight"]["import_token"],
            "A".repeat(43),
        );
        let config = Config::from_toml(&text, "c.toml", folder.path(), []).unwrap();
        let fleet = ConnectionManager::open(config, Path::new("c.toml")).await.unwrap();
        let app = App { manager: Arc::clone(&fleet), stop: CancellationToken::new() };
        Self {
            control: ControlClient::new(sandbox.control_url()),
            sandbox,
            fleet,
            router: crate::pages::router().with_state(app),
            _folder: folder,
        }
    }

    pub(super) fn member(&self) -> Arc<ManagedConnection> {
        self.fleet.get(&main()).unwrap()
    }

    async fn ask(&self, request: Request<Body>) -> Answer {
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let status = answer.status();
        let location = answer.headers().get(LOCATION).map(|at| at.to_str().unwrap().to_owned());
        let body = to_bytes(answer.into_body(), 8 << 20).await.unwrap();
        Answer { status, location, body: String::from_utf8(body.to_vec()).unwrap() }
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.get_as(Role::Admin, path).await
    }

    pub(super) async fn get_as(&self, role: Role, path: &str) -> Answer {
        let request = Request::get(path).extension(identity(role)).body(Body::empty()).unwrap();
        self.ask(request).await
    }

    pub(super) async fn post(&self, path: &str, fields: Fields<'_>) -> Answer {
        let form = Serializer::new(String::new()).extend_pairs(fields.iter().copied()).finish();
        let request = Request::post(path)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .extension(identity(Role::Admin))
            .body(Body::from(form))
            .unwrap();
        self.ask(request).await
    }

    /// A page that is there, once it has this text.
    pub(super) async fn page_with(&self, path: &str, text: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let Answer { status, body, .. } = self.get(path).await;
            assert_eq!(status, StatusCode::OK, "{path}: {body}");
            if body.contains(text) {
                return body;
            }
            assert!(Instant::now() < deadline, "{path} never has {text:?}: {body}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Sets up and follows.
    pub(super) async fn set_up(&self) {
        self.fleet.start();
        assert!(self.member().set_up());
        self.page_with("/connections/main/setup", "Setup again").await;
        assert!(self.member().verify());
        self.page_with("/connections/main/setup", "View plan</a>").await;
    }

    /// Loads everything.
    pub(super) async fn synchronize(&self) {
        self.member().request_sync(SyncOptions::default()).await.unwrap();
        self.page_with("/connections/main/runs?kind=full_sync", "✓</span> Succeeded").await;
    }
}

pub(super) fn main() -> ConnectionName {
    ConnectionName::try_from("main".to_owned()).unwrap()
}

/// What the guard puts before every page.
fn identity(role: Role) -> Identity {
    Identity {
        principal: "somebody".into(),
        role,
        via: SignInMethod::Session,
        token: Some(1),
        csrf: Some("csrf-token".into()),
    }
}

/// What of a page is its own, a tag on each line, without what differs from run to run.
pub(super) fn own(page: &str) -> String {
    let main = page.split("</main>").next().unwrap_or(page);
    let main = main.rsplit("</nav>").next().unwrap_or(main);
    let text = cut(main, "<time ", "</time>", "[time]");
    let text = cut(&text, "<ins>20", "</ins>", "<ins>[time]</ins>");
    let text = cut(&text, "127.0.0.1:", "0123456789", "[address]");
    text.replace("><", ">\n<")
}

/// Replaces what is between a beginning and an end; an end of digits goes on as long as there are some.
fn cut(text: &str, begin: &str, end: &str, instead: &str) -> String {
    let mut parts = text.split(begin);
    let mut result = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        result.push_str(instead);
        if end.starts_with('0') {
            result.push_str(part.trim_start_matches(|c: char| c.is_ascii_digit()));
        } else {
            result.push_str(part.split_once(end).map_or("", |(_, rest)| rest));
        }
    }
    result
}
