//! A gateway between a connection and the sandbox's org, which answers in its place or changes its answers.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Response, StatusCode, header};
use serde_json::Value;
use tokio::sync::Notify;

/// The largest body of the sandbox.
const LARGEST: usize = 16 << 20;

/// An answer in the place of the org's.
pub(crate) struct Instead(pub(crate) u16, pub(crate) &'static str, pub(crate) String);

/// The page of a gateway.
pub(crate) fn page(status: u16) -> Instead {
    Instead(status, "text/html", "<html><h1>not here</h1></html>".to_owned())
}

/// Okta's error object.
pub(crate) fn refusal(status: u16, code: &str, summary: &str) -> Instead {
    let body = serde_json::json!({"errorCode": code, "errorSummary": summary, "errorCauses": []});
    Instead(status, "application/json", body.to_string())
}

type Rule = Box<dyn Fn(&str) -> Option<Instead> + Send>;
type Link = Box<dyn Fn(&str, &str) -> Option<String> + Send>;
type Change = Box<dyn Fn(&str, &mut Value) + Send>;

struct Inner {
    upstream: String,
    client: reqwest::Client,
    instead: Mutex<Option<Rule>>,
    after: Mutex<Option<Change>>,
    link: Mutex<Option<Link>>,
    seen: Mutex<Vec<String>>,
    /// Requests that are still let through, once some are held, and the sign that one was held.
    open: Mutex<Option<usize>>,
    held: Notify,
}

/// The gateway. It passes everything on until it is told otherwise.
#[derive(Clone)]
pub(crate) struct Gate {
    pub(crate) url: String,
    inner: Arc<Inner>,
}

fn set<T>(place: &Mutex<Option<T>>, value: Option<T>) {
    *place.lock().unwrap_or_else(PoisonError::into_inner) = value;
}

impl Gate {
    pub(crate) async fn before(upstream: &str) -> Self {
        let inner = Arc::new(Inner {
            upstream: upstream.to_owned(),
            client: reqwest::Client::new(),
            instead: Mutex::default(),
            after: Mutex::default(),
            link: Mutex::default(),
            seen: Mutex::default(),
            open: Mutex::default(),
            held: Notify::new(),
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(pass).with_state(Arc::clone(&inner));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, inner }
    }

    /// Answers where the rule gives an answer, by path and query.
    pub(crate) fn instead(&self, rule: impl Fn(&str) -> Option<Instead> + Send + 'static) {
        set(&self.inner.instead, Some(Box::new(rule)));
    }

    /// Changes the JSON of good answers.
    pub(crate) fn after(&self, change: impl Fn(&str, &mut Value) + Send + 'static) {
        set(&self.inner.after, Some(Box::new(change)));
    }

    /// Gives another `Link` to answers, by path and the org's own.
    pub(crate) fn link(&self, link: impl Fn(&str, &str) -> Option<String> + Send + 'static) {
        set(&self.inner.link, Some(Box::new(link)));
    }

    /// Lets so many requests through, and leaves every later one without an answer.
    pub(crate) fn hold_after(&self, requests: usize) {
        set(&self.inner.open, Some(requests));
    }

    /// Returns once a request is held.
    pub(crate) async fn held(&self) {
        self.inner.held.notified().await;
    }

    /// Passes everything on again.
    pub(crate) fn clear(&self) {
        set(&self.inner.instead, None);
        set(&self.inner.after, None);
        set(&self.inner.link, None);
        set(&self.inner.open, None);
    }

    /// How many requests there were whose path and query begin like that.
    pub(crate) fn requests(&self, prefix: &str) -> usize {
        let seen = self.inner.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.iter().filter(|path| path.starts_with(prefix)).count()
    }
}

async fn pass(State(gate): State<Arc<Inner>>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
    gate.seen.lock().unwrap_or_else(PoisonError::into_inner).push(path.clone());
    let is_held = match gate.open.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
        Some(0) => true,
        Some(left) => {
            *left -= 1;
            false
        }
        None => false,
    };
    if is_held {
        gate.held.notify_one();
        std::future::pending::<()>().await;
    }
    let ruled =
        gate.instead.lock().unwrap_or_else(PoisonError::into_inner).as_ref().and_then(|rule| rule(&path));
    if let Some(Instead(status, kind, body)) = ruled {
        let mut answer = Response::builder().status(status).header(header::CONTENT_TYPE, kind);
        let link = gate
            .link
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .as_ref()
            .and_then(|link| link(&path, ""));
        if let Some(link) = link {
            answer = answer.header(header::LINK, link);
        }
        return answer.body(Body::from(body)).unwrap();
    }
    let body = to_bytes(body, LARGEST).await.unwrap();
    // With the host that was asked for, which proofs are made for.
    let sent = gate
        .client
        .request(parts.method, format!("{}{path}", gate.upstream))
        .headers(parts.headers)
        .body(body);
    let Ok(answer) = sent.send().await else {
        return Response::builder().status(StatusCode::BAD_GATEWAY).body(Body::empty()).unwrap();
    };
    let (status, headers) = (answer.status(), answer.headers().clone());
    let mut body = answer.bytes().await.unwrap_or_default();
    if status.is_success()
        && let Some(change) = gate.after.lock().unwrap_or_else(PoisonError::into_inner).as_ref()
        && let Ok(mut value) = serde_json::from_slice(&body)
    {
        change(&path, &mut value);
        body = value.to_string().into();
    }
    let mut changed = Response::builder().status(status);
    for (name, value) in &headers {
        if *name != header::CONTENT_LENGTH && *name != header::TRANSFER_ENCODING && *name != header::LINK {
            changed = changed.header(name, value);
        }
    }
    let links = headers.get_all(header::LINK).iter().filter_map(|value| value.to_str().ok());
    let links = links.collect::<Vec<_>>().join(", ");
    let link = gate
        .link
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .as_ref()
        .and_then(|link| link(&path, &links));
    if let Ok(link) = HeaderValue::from_str(&link.unwrap_or(links)) {
        changed = changed.header(header::LINK, link);
    }
    changed.body(Body::from(body)).unwrap()
}
