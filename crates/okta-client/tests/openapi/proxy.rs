//! A forward proxy that writes down what passes.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, Method};
use url::Url;

/// A request and its answer.
pub(crate) struct Exchange {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) status: u16,
    pub(crate) answer: Bytes,
}

#[derive(Clone)]
struct Shared {
    exchanges: Arc<Mutex<Vec<Exchange>>>,
    http: reqwest::Client,
}

pub(crate) struct Recorder {
    shared: Shared,
    address: String,
}

impl Recorder {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let shared = Shared { exchanges: Arc::default(), http };
        let router = Router::new().fallback(pass).with_state(shared.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { shared, address }
    }

    pub(crate) fn as_proxy(&self) -> reqwest::Proxy {
        reqwest::Proxy::all(&self.address).unwrap()
    }

    pub(crate) fn taken(&self) -> Vec<Exchange> {
        std::mem::take(&mut self.shared.exchanges.lock().unwrap())
    }
}

async fn pass(State(shared): State<Shared>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    // A proxy is asked with the whole URL.
    let url = Url::parse(&parts.uri.to_string()).unwrap();
    let sent = shared.http.request(parts.method.clone(), url.clone()).headers(parts.headers.clone());
    let received = sent.body(body.clone()).send().await.unwrap();
    let (status, headers) = (received.status(), received.headers().clone());
    let answer = received.bytes().await.unwrap();
    shared.exchanges.lock().unwrap().push(Exchange {
        method: parts.method,
        url,
        headers: parts.headers,
        body,
        status: status.as_u16(),
        answer: answer.clone(),
    });
    let mut response = Response::new(Body::from(answer));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}
