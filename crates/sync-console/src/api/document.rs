//! The OpenAPI document: the routes' descriptions, completed with common parts.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use admin_api::wire::Problem;
use admin_api::{SETTINGS_SCHEMA, settings_json_schema};
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use diagnostics::{Change, Observation};
use jsonschema::error::ValidationErrorKind;
use jsonschema::{Draft, Validator};
use serde_json::{Map, Value, json};
use sync_engine::{Fact, FindingCode, FindingSubject, Remedy};
use url::form_urlencoded;
use utoipa::openapi::{Components, OpenApi, Ref, RefOr, ResponseBuilder, content::ContentBuilder};
use utoipa::{IntoResponses, ToSchema};

use super::problem::{ApiError, PROBLEM};

/// The methods that an operation can have.
const METHODS: [&str; 4] = ["get", "put", "post", "delete"];

/// The parts that a path can have.
const PARTS: [&str; 5] = ["name", "id", "kind", "object", "event"];

/// The largest length of an Okta ID in a path, in characters; a membership has two of them, and a login can replace
/// one.
pub(super) const LONGEST_ID: usize = 200;

/// The complete document.
#[derive(Debug, Clone)]
pub(super) struct Document(Arc<str>);

impl Document {
    pub(super) fn of(document: &Value) -> Self {
        Self(document.to_string().into())
    }

    pub(super) fn text(&self) -> String {
        self.0.to_string()
    }
}

macro_rules! problem_response {
    ($(#[$meta:meta])* $name:ident, $status:literal, $description:literal) => {
        $(#[$meta])*
        pub(super) struct $name;

        impl IntoResponses for $name {
            fn responses() -> BTreeMap<String, RefOr<utoipa::openapi::Response>> {
                let problem = Ref::from_schema_name(Problem::name());
                let content = ContentBuilder::new().schema(Some(problem)).build();
                let response = ResponseBuilder::new().description($description).content(PROBLEM, content);
                BTreeMap::from([($status.to_owned(), response.build().into())])
            }
        }
    };
}

problem_response!(
    /// The current state prevents the request.
    Conflict,
    "409",
    "The job is already running, the connection is paused or managed by the configuration file, the name is in \
     use, no master key is configured, or the token is the last valid administrator token"
);
problem_response!(
    /// Okta or Assets failed.
    ServiceFailed,
    "502",
    "Okta or Assets returned an error or timed out"
);
problem_response!(
    /// The connection can't run.
    Unusable,
    "503",
    "The connection is unavailable, or there are too many concurrent requests"
);

/// Adds a type that others only refer to, with the types of its fields.
fn describe<T: ToSchema>(components: &mut Components) {
    let mut schemas = Vec::new();
    T::schemas(&mut schemas);
    components.schemas.insert(T::name().into_owned(), T::schema());
    components.schemas.extend(schemas);
}

/// Adds the common parts of all routes: the head of the document, authentication, errors, and the schema of the
/// settings.
pub(super) fn complete(mut document: OpenApi) -> Value {
    let components = document.components.get_or_insert_default();
    describe::<Fact>(components);
    describe::<FindingCode>(components);
    describe::<FindingSubject>(components);
    describe::<Remedy>(components);
    describe::<Observation>(components);
    describe::<Change>(components);
    let mut document = serde_json::to_value(document).unwrap_or_default();
    document["info"] = json!({
        "title": "okta-insight-sync",
        "description": "The API of the daemon that syncs Okta users and groups to Jira Service Management Assets.",
        "version": env!("CARGO_PKG_VERSION"),
        "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
    });
    document["servers"] = json!([{ "url": "/" }]);
    document["tags"] = tags();
    document["components"]["securitySchemes"] = security_schemes();
    document["components"]["parameters"] = path_parameters();
    add_settings(&mut document);
    in_words_of_json(&mut document);
    let Some(paths) = document["paths"].as_object_mut() else { return document };
    for (path, item) in paths {
        for (method, operation) in item.as_object_mut().into_iter().flatten() {
            if METHODS.contains(&method.as_str()) {
                complete_operation(path, method, operation);
            }
        }
    }
    document
}

fn tags() -> Value {
    json!([
        { "name": "connections", "description": "Connections of an Okta org to an import source in Assets" },
        { "name": "setup", "description": "Setup checklist and jobs" },
        { "name": "runs", "description": "Syncs, metric samples, and alerts" },
        { "name": "events", "description": "Events and their replay" },
        { "name": "objects", "description": "Users, groups, and memberships in Okta and Assets" },
        { "name": "access", "description": "Access tokens and the audit log" },
        { "name": "daemon", "description": "Daemon" },
    ])
}

/// A token or a console session; changes in a session also require its CSRF token.
fn security_schemes() -> Value {
    json!({
        "token": {
            "type": "http", "scheme": "bearer",
            "description": "An access token",
        },
        "session": {
            "type": "apiKey", "in": "cookie", "name": "okta_insight_session",
            "description": "A console session; behind TLS, the cookie is __Host-okta_insight_session",
        },
        "csrf": {
            "type": "apiKey", "in": "header", "name": "X-CSRF-Token",
            "description": "The CSRF token of the session, for requests that change something",
        },
    })
}

/// The parameters of the [parts](PARTS) of paths.
fn path_parameters() -> Value {
    json!({
        "name": {
            "name": "name", "in": "path", "required": true, "description": "The name of the connection",
            "schema": { "type": "string", "pattern": "^[a-z][a-z0-9-]{0,39}$" },
        },
        "id": {
            "name": "id", "in": "path", "required": true,
            "description": "The ID of the run, sync request, or token",
            "schema": { "type": "integer", "format": "int64", "minimum": 1, "maximum": i64::MAX },
        },
        "kind": {
            "name": "kind", "in": "path", "required": true, "description": "The kind of object",
            "schema": { "$ref": "#/components/schemas/ObjectKind" },
        },
        "object": {
            "name": "object", "in": "path", "required": true,
            "description": "The ID of the object in Okta; for a membership, the group ID and the user ID, separated by %2F",
            "schema": { "type": "string", "minLength": 1, "maxLength": LONGEST_ID },
        },
        "event": {
            "name": "event", "in": "path", "required": true, "description": "The ID of the event in Okta",
            "schema": { "type": "string", "minLength": 1, "maxLength": LONGEST_ID },
        },
    })
}

/// Descriptions are those of the types, for which null is `None`.
fn in_words_of_json(value: &mut Value) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                match value {
                    Value::String(text) if key == "description" => *text = text.replace("`None`", "null"),
                    value => in_words_of_json(value),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(in_words_of_json),
        _ => {}
    }
}

fn complete_operation(path: &str, method: &str, operation: &mut Value) {
    let changes = method != "get";
    operation["security"] = if changes {
        json!([{ "token": [] }, { "session": [], "csrf": [] }])
    } else {
        json!([{ "token": [] }, { "session": [] }])
    };
    let named: Vec<&str> = PARTS.into_iter().filter(|part| path.contains(&format!("{{{part}}}"))).collect();
    let mut parameters: Vec<Value> =
        named.iter().map(|part| json!({ "$ref": format!("#/components/parameters/{part}") })).collect();
    let own = operation["parameters"].as_array().cloned().unwrap_or_default();
    parameters.extend(own.into_iter().filter(|parameter| parameter["in"] != "path"));
    if !parameters.is_empty() {
        operation["parameters"] = parameters.into();
    } else if let Some(operation) = operation.as_object_mut() {
        operation.remove("parameters");
    }
    let mut problems = vec![
        ("401", "Not signed in, or the token is invalid"),
        ("422", "A parameter or value is invalid; `fields` lists invalid settings of a connection"),
        ("429", "Too many failed sign-in attempts"),
        ("500", "The daemon couldn't complete the request"),
    ];
    if changes || path.ends_with("/audit") {
        problems.push(("403", "The token is read-only, or the CSRF token is missing"));
    }
    if !named.is_empty() {
        problems.push(("404", "The connection, run, event, object, or token doesn't exist"));
    }
    if operation.get("requestBody").is_some() {
        problems.push(("400", "The body isn't JSON"));
        problems.push(("408", "The body didn't arrive in time"));
        problems.push(("413", "The body is too large"));
        problems.push(("415", "The media type of the body isn't application/json"));
    }
    let Some(responses) = operation["responses"].as_object_mut() else { return };
    for (status, description) in problems {
        responses.entry(status).or_insert_with(|| {
            json!({
                "description": description,
                "content": { PROBLEM: { "schema": { "$ref": "#/components/schemas/Problem" } } },
            })
        });
    }
}

/// Adds the JSON Schema of the settings to the others.
fn add_settings(document: &mut Value) {
    let mut settings = settings_json_schema();
    moved(&mut settings);
    bounded(&mut settings);
    let parts = settings.as_object_mut().and_then(|settings| {
        settings.remove("$schema");
        settings.remove("$defs")
    });
    let Some(schemas) = document["components"]["schemas"].as_object_mut() else { return };
    let problem = <Problem as utoipa::PartialSchema>::schema();
    schemas.entry("Problem").or_insert(serde_json::to_value(problem).unwrap_or_default());
    schemas.insert(SETTINGS_SCHEMA.to_owned(), settings);
    let Some(Value::Object(parts)) = parts else { return };
    for (name, part) in parts {
        schemas.entry(name).or_insert(part);
    }
}

/// Numbers have the bounds of the types that they become.
fn bounded(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            let most = match object.get("format").and_then(Value::as_str) {
                Some("uint32") => Some(u64::from(u32::MAX)),
                Some("uint64") => Some(u64::MAX),
                _ => None,
            };
            if let Some(most) = most {
                object.entry("maximum").or_insert(most.into());
            }
            object.values_mut().for_each(bounded);
        }
        Value::Array(items) => items.iter_mut().for_each(bounded),
        _ => {}
    }
}

/// References to `$defs` become references to where those are put.
fn moved(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            if let Some(Value::String(target)) = object.get_mut("$ref") {
                *target = target.replace("#/$defs/", "#/components/schemas/");
            }
            object.values_mut().for_each(moved);
        }
        Value::Array(items) => items.iter_mut().for_each(moved),
        _ => {}
    }
}

/// The request body schemas of the document: serde alone is more lenient, for example with a list instead of an object.
#[derive(Debug, Clone)]
pub(super) struct Bodies(Arc<HashMap<String, Validator>>);

impl Bodies {
    pub(super) fn of(document: &Value) -> Self {
        let paths = document["paths"].as_object().into_iter().flatten();
        let operations = paths.filter_map(|(_, item)| item.as_object()).flatten();
        let targets = operations.filter_map(|(_, operation)| {
            operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].as_str()
        });
        let validators = targets.filter_map(|target| {
            let schema = json!({ "$ref": target, "components": document["components"] });
            let validator = jsonschema::options().with_draft(Draft::Draft202012).build(&schema);
            let name = target.rsplit('/').next().unwrap_or_default().to_owned();
            match validator {
                Ok(validator) => Some((name, validator)),
                Err(error) => {
                    tracing::error!(%error, schema = name, "could not compile a schema of the API");
                    None
                }
            }
        });
        Self(Arc::new(validators.collect()))
    }

    /// Validates a body against its schema. The error doesn't contain the value.
    pub(super) fn check(&self, name: &str, body: &Value) -> Result<(), String> {
        let Some(validator) = self.0.get(name) else {
            return Err("there is no schema for this body".to_owned());
        };
        validator.validate(body).map_err(|error| {
            let place = error.instance_path().to_string();
            let place = place.trim_start_matches('/').replace('/', ".");
            let problem = match error.kind() {
                // Its name could be a misplaced secret.
                ValidationErrorKind::AdditionalProperties { .. } => "this has an unknown property".to_owned(),
                _ => error.masked_with("this").to_string(),
            };
            if place.is_empty() { problem } else { format!("{place}: {problem}") }
        })
    }
}

/// The query parameters of each path.
#[derive(Debug)]
pub(super) struct Parameters(HashMap<String, HashSet<String>>);

impl Parameters {
    pub(super) fn of(document: &Value) -> Self {
        let nothing = Map::new();
        let paths = document["paths"].as_object().unwrap_or(&nothing);
        let known = paths.iter().map(|(path, item)| {
            let parameters = item["get"]["parameters"].as_array().into_iter().flatten();
            let in_query = parameters.filter(|parameter| parameter["in"] == "query");
            let names = in_query.filter_map(|parameter| Some(parameter["name"].as_str()?.to_owned()));
            (path.clone(), names.collect())
        });
        Self(known.collect())
    }
}

/// Rejects parameters that the document doesn't contain: a mistyped one would be ignored silently.
pub(super) async fn only_known_parameters(
    State(known): State<Arc<Parameters>>,
    path: MatchedPath,
    request: Request,
    next: Next,
) -> Response {
    let names = known.0.get(path.as_str());
    let query = request.uri().query().unwrap_or_default();
    let mut given = form_urlencoded::parse(query.as_bytes());
    if given.all(|(name, _)| names.is_some_and(|names| names.contains(name.as_ref()))) {
        return next.run(request).await;
    }
    let detail = match names.map(HashSet::len) {
        None | Some(0) => "this path has no query parameters".to_owned(),
        Some(_) => {
            let mut names: Vec<&str> = names.into_iter().flatten().map(String::as_str).collect();
            names.sort_unstable();
            format!("unknown query parameter; must be one of {}", names.join(", "))
        }
    };
    ApiError::invalid(detail).into_response()
}
