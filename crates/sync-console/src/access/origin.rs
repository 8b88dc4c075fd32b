//! The origin of a request, as reported by the browser.

use axum::http::HeaderMap;
use axum::http::header::{HOST, ORIGIN};
use url::Url;

/// True if another site's page sends this request. `Sec-Fetch-Site` can't be set by a page and is correct behind any
/// proxy; browsers without it send `Origin`, which is compared with `Host`. Programs send neither.
pub(super) fn is_foreign(headers: &HeaderMap, authority: Option<&str>) -> bool {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    if let Some(site) = headers.get("sec-fetch-site") {
        return !matches!(site.to_str(), Ok("same-origin" | "none"));
    }
    let Some(origin) = text(ORIGIN) else { return false };
    // HTTP/2 has the host in the address.
    let Some(host) = text(HOST).or(authority) else { return true };
    let Ok(url) = Url::parse(origin) else { return true };
    // The default port is removed from both.
    let own = Url::parse(&format!("{}://{host}", url.scheme()));
    !own.is_ok_and(|own| own.has_host() && own.origin() == url.origin())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(pairs: &[(&'static str, &str)]) -> bool {
        let headers = pairs
            .iter()
            .map(|(name, value)| (axum::http::HeaderName::from_static(name), value.parse().unwrap()));
        is_foreign(&headers.collect(), None)
    }

    #[test]
    fn cross_site_request_is_foreign() {
        let host = ("host", "console.example:8443");
        assert!(!judge(&[host]));
        assert!(!judge(&[host, ("origin", "https://console.example:8443")]));
        assert!(!judge(&[("host", "console.example"), ("origin", "https://console.example:443")]));
        for origin in [
            "https://evil.example",
            "https://console.example",
            "http://console.example",
            "null",
            "",
            "\u{e9}",
        ] {
            assert!(judge(&[host, ("origin", origin)]), "{origin}");
        }
        assert!(judge(&[("origin", "https://console.example")]), "nobody knows the host");
        for (site, foreign) in
            [("same-origin", false), ("none", false), ("same-site", true), ("cross-site", true)]
        {
            assert_eq!(judge(&[host, ("sec-fetch-site", site)]), foreign, "{site}");
        }
        // Behind a proxy that calls us by another name.
        assert!(!judge(&[host, ("sec-fetch-site", "same-origin"), ("origin", "https://public.example")]));
    }
}
