//! Names of changes by method and route, of the API and of the pages.

use axum::http::Method;

/// The effect of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// It changes no stored state.
    None,
    /// A change of this name.
    Change(&'static str),
    /// The route is in no table.
    Unlisted,
}

/// The effect of a method at a route.
pub(super) fn effect(method: &Method, route: &str) -> Effect {
    if matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return Effect::None;
    }
    let api = route.strip_prefix("/api/v1");
    let (of_api, route) = (api.is_some(), api.unwrap_or(route));
    let connection = route.strip_prefix("/connections/{name}");
    let action = match (method.as_str(), connection, route) {
        ("PUT", Some(""), _) | ("POST", Some("/edit"), _) | ("POST", _, "/connections/new") => {
            "save_connection"
        }
        ("DELETE", Some(""), _) | ("POST", Some("/remove"), _) => "delete_connection",
        (
            "POST",
            Some("/sync-requests" | "/synchronize" | "/activity/synchronize" | "/plan/synchronize"),
            _,
        ) => "synchronize",
        ("DELETE", Some("/sync-requests/{id}"), _) => "cancel_sync_request",
        ("POST", Some("/pause" | "/activity/pause"), _) => "pause",
        ("POST", Some("/resume" | "/activity/resume"), _) => "resume",
        ("POST", Some("/setup"), _) => "setup",
        ("POST", Some("/self-test"), _) => "self_test",
        ("POST", Some("/schema/apply"), _) => "apply_choices",
        ("POST", Some("/events/replay"), _) => "replay",
        ("POST", Some("/events/replay-failed"), _) => "replay_failed",
        ("POST", Some("/objects/{kind}/{object}/resend" | "/objects/{kind}/{id}/resend"), _) => "resend",
        ("POST", _, "/tokens" | "/access") => "create_token",
        ("POST", _, "/tokens/{id}/renew" | "/access/{id}/renew") => "renew_token",
        ("DELETE", _, "/tokens/{id}") | ("POST", _, "/access/{id}/revoke") => "revoke_token",
        // These read from Okta and Assets and store only the result.
        ("DELETE", Some("/plan"), _)
        | (
            "POST",
            Some(
                "/validate" | "/verify" | "/checks" | "/schema" | "/schema/preview" | "/schema/choices"
                | "/plan" | "/plan/forget",
            ),
            _,
        ) => return Effect::None,
        // There is nothing to change.
        _ if of_api && route.contains("{*rest}") || route.is_empty() => return Effect::None,
        _ => return Effect::Unlisted,
    };
    Effect::Change(action)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_changing_api_route_is_listed() {
        let document = crate::api::openapi();
        for (route, item) in document["paths"].as_object().unwrap() {
            for method in item.as_object().unwrap().keys() {
                let method: Method = method.to_uppercase().parse().unwrap();
                assert_ne!(effect(&method, route), Effect::Unlisted, "{method} {route}");
            }
        }
    }

    #[test]
    fn every_page_button_is_listed() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/pages");
        let mut found = 0;
        for file in std::fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            if !path.is_file() {
                continue;
            }
            let text = std::fs::read_to_string(path).unwrap();
            for part in text.split(".route(\"").skip(1) {
                let (route, rest) = part.split_once('"').unwrap();
                let handler = rest.split(".route(").next().unwrap().lines().next().unwrap();
                if handler.contains("post(") {
                    found += 1;
                    assert_ne!(effect(&Method::POST, route), Effect::Unlisted, "{route}");
                }
            }
        }
        assert!(found > 15, "{found}");
    }
}
