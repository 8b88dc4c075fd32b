//! Strict extractors of requests: invalid input is reported as a problem document.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use admin_api::ProblemType;
use axum::RequestExt;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sync_daemon::{Connection, ManagedConnection};
use sync_model::{ConnectionName, EventId, RecordKey, RunId};
use url::form_urlencoded;
use utoipa::ToSchema;

use super::document::{Bodies, LONGEST_ID};
use super::problem::ApiError;
use crate::access::{Identity, Role};
use crate::app::App;

/// The largest body in bytes.
pub(super) const BODY_LIMIT: usize = 256 * 1024;

/// The time limit for receiving a body.
const BODY_TIME: Duration = Duration::from_secs(10);

/// An identity that may change something.
pub(super) struct Admin;

impl FromRequestParts<App> for Admin {
    type Rejection = axum::response::Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Self::Rejection> {
        use axum::response::IntoResponse;
        let identity = Identity::from_request_parts(parts, app).await.map_err(IntoResponse::into_response)?;
        match identity.role {
            Role::Admin => Ok(Self),
            Role::ReadOnly => {
                let hint = "use an administrator token".to_owned();
                Err(ApiError::new(
                    ProblemType::InsufficientRole,
                    "this request requires the administrator role",
                    Some(hint),
                )
                .into_response())
            }
        }
    }
}

/// A part of the path.
async fn part(parts: &mut Parts, app: &App, name: &str) -> Option<String> {
    let Path(mut all) = Path::<HashMap<String, String>>::from_request_parts(parts, app).await.ok()?;
    all.remove(name)
}

/// The name of a connection, whether there is one or not.
pub(super) struct Name(pub(super) ConnectionName);

impl FromRequestParts<App> for Name {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let name = part(parts, app, "name").await;
        let name = name.and_then(|name| ConnectionName::try_from(name).ok());
        name.map(Self).ok_or_else(|| {
            let hint =
                "use 1 to 40 lowercase letters, digits, and hyphens, starting with a letter".to_owned();
            ApiError::new(ProblemType::NotFound, "this isn't a valid connection name", Some(hint))
        })
    }
}

/// A connection that there is.
pub(super) struct At(pub(super) Arc<ManagedConnection>);

impl FromRequestParts<App> for At {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let name = part(parts, app, "name").await;
        let member = name.and_then(|name| app.member(&name));
        member.map(Self).ok_or_else(ApiError::unknown_connection)
    }
}

/// A connection that there is, and that works.
pub(super) struct Works(pub(super) Arc<ManagedConnection>, pub(super) Arc<Connection>);

impl FromRequestParts<App> for Works {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let At(member) = At::from_request_parts(parts, app).await?;
        let connection = Arc::clone(member.working()?);
        Ok(Self(member, connection))
    }
}

/// The number at the end of the path: of a run, of a request for one, or of a token.
pub(super) struct Number(pub(super) i64);

impl Number {
    pub(super) const fn run(&self) -> RunId {
        RunId::new(self.0)
    }
}

impl FromRequestParts<App> for Number {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let number = part(parts, app, "id").await.and_then(|id| id.parse().ok()).filter(|id| *id > 0);
        number.map(Self).ok_or_else(|| {
            let hint = "use an ID from a list or from an earlier response".to_owned();
            ApiError::new(ProblemType::NotFound, "no item has this ID", Some(hint))
        })
    }
}

/// A part of the path that is an id of Okta's, or stands for one.
async fn id_of_okta(parts: &mut Parts, app: &App, name: &str) -> Option<String> {
    let id = part(parts, app, name).await?;
    let fits = (1..=LONGEST_ID).contains(&id.chars().count()) && !id.contains(char::is_control);
    fits.then_some(id)
}

/// The id of an event, whether there is one or not.
pub(super) struct EventAt(pub(super) EventId);

impl FromRequestParts<App> for EventAt {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let id = id_of_okta(parts, app, "event").await;
        id.map(|id| Self(EventId::new(id))).ok_or_else(ApiError::unknown_event)
    }
}

/// Kind and id of an object, whether there is one or not.
pub(super) struct ObjectAt(pub(super) RecordKey);

impl FromRequestParts<App> for ObjectAt {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let kind = part(parts, app, "kind").await.and_then(|kind| kind.parse().ok());
        let id = id_of_okta(parts, app, "object").await;
        match (kind, id) {
            (Some(kind), Some(id)) => Ok(Self(RecordKey { kind, id })),
            _ => Err(ApiError::unknown_object()),
        }
    }
}

/// The query parameters. The type must reject unknown ones.
pub(super) struct Params<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequestParts<App> for Params<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, ApiError> {
        let query = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes());
        let params = serde_path_to_error::deserialize(serde_urlencoded::Deserializer::new(query));
        // Without the value and serde's words: they quote it.
        params.map(Self).map_err(|error| ApiError::invalid(invalid("query parameter", error.path())))
    }
}

/// A number from 1 to the most.
pub(super) fn within(name: &str, number: u32, most: u32) -> Result<u32, ApiError> {
    if (1..=most).contains(&number) {
        return Ok(number);
    }
    Err(ApiError::invalid(format!("{name}: must be from 1 to {most}")))
}

/// A JSON body. The type must reject unknown keys.
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned + ToSchema> FromRequest<App> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &App) -> Result<Self, ApiError> {
        let bodies = request.extensions().get::<Bodies>().cloned();
        let bodies = bodies.ok_or_else(|| {
            ApiError::new(
                ProblemType::InternalError,
                "the request schemas are missing",
                Some("report this defect".into()),
            )
        })?;
        let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let essence = kind.map(|kind| kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase());
        if essence.as_deref() != Some("application/json") {
            let hint = "send it with Content-Type: application/json".to_owned();
            return Err(ApiError::new(
                ProblemType::UnsupportedMediaType,
                "the media type of the body isn't application/json",
                Some(hint),
            ));
        }
        let read = tokio::time::timeout(BODY_TIME, request.extract::<Bytes, _>()).await;
        let bytes = read.map_err(|_| late())?.map_err(|rejection| not_read(&rejection))?;
        let mut value: Value = serde_json::from_slice(&bytes).map_err(|error| malformed(&error))?;
        whole(&mut value);
        bodies.check(&T::name(), &value).map_err(ApiError::invalid)?;
        let parsed = serde_path_to_error::deserialize(&value);
        parsed.map(Self).map_err(|error| ApiError::invalid(invalid("value", error.path())))
    }
}

/// Numbers without a fraction are integers in JSON, however they are written.
// A number that 2^53 can't represent exactly stays unchanged.
#[expect(clippy::cast_possible_truncation, reason = "it is in range")]
fn whole(value: &mut Value) {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match value {
        Value::Number(number) if number.is_f64() => {
            if let Some(float) = number.as_f64().filter(|float| float.fract() == 0.0 && float.abs() <= EXACT)
            {
                *value = (float as i64).into();
            }
        }
        Value::Array(items) => items.iter_mut().for_each(whole),
        Value::Object(object) => object.values_mut().for_each(whole),
        _ => {}
    }
}

fn late() -> ApiError {
    let detail = format!("the body didn't arrive within {} s", BODY_TIME.as_secs());
    ApiError::new(ProblemType::RequestTimeout, detail, Some("check the network, and try again".into()))
}

fn not_read(rejection: &BytesRejection) -> ApiError {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        let detail = format!("the body is larger than {BODY_LIMIT} bytes");
        return ApiError::new(
            ProblemType::PayloadTooLarge,
            detail,
            Some("reduce the size of the body".into()),
        );
    }
    ApiError::new(
        ProblemType::MalformedRequest,
        "could not read the body",
        Some("send the request again".into()),
    )
}

fn malformed(error: &serde_json::Error) -> ApiError {
    ApiError::new(
        ProblemType::MalformedRequest,
        format!("the body isn't valid JSON: line {}, column {}", error.line(), error.column()),
        Some("correct the body, and send the request again".into()),
    )
}

/// The place of an invalid value. Without the value, which may be a secret, and without serde's words, which quote it.
fn invalid(what: &str, at: &serde_path_to_error::Path) -> String {
    let at: String = at.to_string().chars().filter(|c| !c.is_control()).take(120).collect();
    format!("invalid {what}: {at}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api;

    #[test]
    fn body_error_omits_the_value() {
        let bodies = Bodies::of(&api::routes().1);
        let told = |json: &str| {
            let value: Value = serde_json::from_str(json).unwrap();
            bodies.check("ConnectionDraftRequest", &value).unwrap_err()
        };
        let told =
            [r#"{"settings":"s3cret"}"#, r#"{"settings":{},"secrets":{"s3cret":"x"}}"#, "{}"].map(told);
        let expected = [
            "settings: this is not of type \"object\"",
            "secrets: this has an unknown property",
            "\"settings\" is a required property",
        ];
        assert_eq!(told, expected);
    }
}
