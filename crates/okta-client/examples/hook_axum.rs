//! Receives the deliveries of an event hook with axum: the one-time verification, the secret, the events.
//!
//! `HOOK_SECRET` is what was registered as the hook's authorization header; the argument is where to listen:
//! `cargo run --example hook_axum -- 127.0.0.1:8080`

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use okta_client::{HookDelivery, HookSecret, VERIFICATION_HEADER, verification_response};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".into());
    let secret = HookSecret::new(std::env::var("HOOK_SECRET")?.into());
    let router = Router::new().route("/hook", get(verify).post(receive)).with_state(Arc::new(secret));
    let listener = tokio::net::TcpListener::bind(address).await?;
    println!("listening on {}", listener.local_addr()?);
    axum::serve(listener, router).await?;
    Ok(())
}

/// Okta asks once, when the hook is verified.
async fn verify(headers: HeaderMap) -> Response {
    match headers.get(VERIFICATION_HEADER).and_then(|challenge| challenge.to_str().ok()) {
        Some(challenge) => {
            ([(CONTENT_TYPE, "application/json")], verification_response(challenge)).into_response()
        }
        None => StatusCode::BAD_REQUEST.into_response(),
    }
}

/// Has to answer within three seconds: store the events durably, act on them later.
async fn receive(State(secret): State<Arc<HookSecret>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    if !secret.verify(headers.get(AUTHORIZATION).map(axum::http::HeaderValue::as_bytes)) {
        return StatusCode::UNAUTHORIZED;
    }
    match HookDelivery::parse(&body) {
        Ok(delivery) => {
            for event in &delivery.events {
                println!("{}  {}  {}", event.published, event.event_type, event.uuid);
            }
            StatusCode::OK
        }
        Err(error) => {
            eprintln!("{error}");
            StatusCode::BAD_REQUEST
        }
    }
}
