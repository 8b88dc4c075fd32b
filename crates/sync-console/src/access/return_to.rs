//! The target of a sign-in: only a page of this console.

use url::Url;

/// Addresses longer than the console's own are dropped.
const LONGEST: usize = 2048;

/// The path and query, if every reader interprets them as this console's. Browsers treat a backslash as a slash, and
/// skip control characters.
pub(super) fn local_path(text: &str) -> Option<&str> {
    let base = Url::parse("http://console.invalid/").ok()?;
    let odd = |c: char| c == '\\' || c.is_control() || c.is_whitespace();
    if !text.starts_with('/') || text.len() > LONGEST || text.contains(odd) || text.contains('#') {
        return None;
    }
    // A proxy may decode the path once more.
    let lower = text.to_ascii_lowercase();
    if ["//", "/%2f", "/%5c", "/%09", "/%0a", "/%0d"].iter().any(|start| lower.starts_with(start)) {
        return None;
    }
    let url = base.join(text).ok()?;
    let stays = url.origin() == base.origin() && !url.path().starts_with("//");
    (stays && !url.path().starts_with("/sign-")).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_this_console_are_kept() {
        for path in ["/", "/runs/5?failed=1&x=%2F%2Fevil", "/objects?search=a%20b", "/a//b"] {
            assert_eq!(local_path(path), Some(path));
        }
    }

    #[test]
    fn unsafe_return_paths_are_rejected() {
        for path in [
            "",
            "runs",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            "https://evil.example/",
            "javascript:alert(1)",
            "/%2Fevil.example",
            "/%2f%2fevil.example",
            "/%5Cevil.example",
            "/%09/evil.example",
            "/.//evil.example",
            "/x/..//evil.example",
            "/sign-in?next=/",
            "/sign-out",
            "/a b",
            "/a#b",
        ] {
            assert_eq!(local_path(path), None, "{path}");
        }
        assert_eq!(local_path(&format!("/{}", "a".repeat(LONGEST))), None);
    }
}
