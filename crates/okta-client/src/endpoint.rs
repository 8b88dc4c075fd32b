//! The properties of a call by its path: the rate-limit bucket it counts in, and the scope that it requires.

use http::Method;

/// The bucket of the token endpoint.
pub(crate) const TOKEN: &str = "/oauth2/v1/token";

/// The bucket that a request counts in, by the shape of its path.
/// <https://developer.okta.com/docs/reference/rate-limits/>
pub(crate) fn bucket(method: &Method, path: &str) -> &'static str {
    let mut parts = path.trim_start_matches("/api/v1/").split('/');
    match (parts.next(), parts.next(), parts.next()) {
        (Some("users"), None, _) if method == Method::GET => "GET /api/v1/users",
        (Some("users"), Some(_), None) if method == Method::GET => "GET /api/v1/users/{id}",
        (Some("groups"), Some(_), None) => "/api/v1/groups/{id}",
        (Some("groups"), ..) => "/api/v1/groups",
        (Some("logs"), ..) => "/api/v1/logs",
        _ => "/api/v1",
    }
}

/// The scope that a call requires, for the calls of this crate.
pub(crate) fn scope(method: &Method, path: &str) -> Option<&'static str> {
    let read = method == Method::GET;
    let mut parts = path.trim_start_matches("/api/v1/").split('/');
    Some(match (parts.next()?, parts.next()) {
        ("users", _) if read => "okta.users.read",
        ("groups", _) if read => "okta.groups.read",
        ("meta", Some("types")) if read => "okta.userTypes.read",
        ("meta", Some("schemas")) if read => "okta.schemas.read",
        ("logs", _) => "okta.logs.read",
        ("eventHooks", _) if read => "okta.eventHooks.read",
        ("eventHooks", _) => "okta.eventHooks.manage",
        _ => return None,
    })
}

/// True if a token with these scopes permits a call that requires `scope`. A manage scope includes the read scope.
pub(crate) fn covers(granted: &[String], scope: &str) -> bool {
    let manage = scope.strip_suffix(".read").map(|resource| format!("{resource}.manage"));
    granted.iter().any(|given| given == scope || manage.as_ref() == Some(given))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_map_to_okta_rate_buckets() {
        let get = |path| bucket(&Method::GET, path);
        assert_eq!(get("/api/v1/users"), "GET /api/v1/users");
        assert_eq!(get("/api/v1/users/00u1"), "GET /api/v1/users/{id}");
        assert_eq!(get("/api/v1/users/00u1/groups"), "/api/v1");
        assert_eq!(get("/api/v1/groups/00g1/users"), "/api/v1/groups");
        assert_eq!(get("/api/v1/groups/00g1"), "/api/v1/groups/{id}");
    }

    #[test]
    fn manage_scope_covers_read_scope() {
        let granted = ["okta.eventHooks.manage".to_owned(), "okta.users.read".to_owned()];
        assert!(covers(&granted, "okta.eventHooks.read") && covers(&granted, "okta.users.read"));
        assert!(!covers(&granted, "okta.groups.read"));
        assert!(!covers(&granted[1..], "okta.users.manage"));
    }
}
