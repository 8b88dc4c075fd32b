//! The `Link` header (RFC 8288), as far as paging needs it.

use http::HeaderMap;
use http::header::LINK;

/// A `Link` header that cannot be read: it may be the one that leads on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BrokenLink;

/// The target of the first link with this relation. Okta sends a header line per link; a proxy may join them.
///
/// # Errors
/// When there is none, and a header cannot be read: it holds other characters than ASCII, was cut, or lacks the brackets
/// or the relation.
pub(crate) fn target<'h>(headers: &'h HeaderMap, relation: &str) -> Result<Option<&'h str>, BrokenLink> {
    let mut broken = false;
    for value in headers.get_all(LINK) {
        for link in value.to_str().map(links).into_iter().flatten() {
            match link {
                Ok((target, parameters))
                    if relations(parameters).any(|r| r.eq_ignore_ascii_case(relation)) =>
                {
                    return Ok(Some(target));
                }
                Ok((_, parameters)) => broken |= relations(parameters).next().is_none(),
                Err(BrokenLink) => broken = true,
            }
        }
        broken |= value.to_str().is_err();
    }
    if broken { Err(BrokenLink) } else { Ok(None) }
}

/// The links of one header line, as target and parameters, up to the first that cannot be read.
fn links(line: &str) -> impl Iterator<Item = Result<(&str, &str), BrokenLink>> {
    let mut rest = line.trim();
    std::iter::from_fn(move || {
        let link = std::mem::take(&mut rest).trim_start();
        if link.is_empty() {
            return None;
        }
        let Some((target, after)) = link.strip_prefix('<').and_then(|link| link.split_once('>')) else {
            return Some(Err(BrokenLink));
        };
        // Commas inside quotes are part of a parameter.
        let mut quoted = false;
        let stop = after.char_indices().find(|&(_, c)| {
            quoted ^= c == '"';
            c == ',' && !quoted
        });
        let parameters = match stop {
            Some((at, _)) if after[at + 1..].trim().is_empty() => return Some(Err(BrokenLink)),
            Some((at, _)) => {
                rest = &after[at + 1..];
                &after[..at]
            }
            None => after,
        };
        Some(if quoted { Err(BrokenLink) } else { Ok((target, parameters)) })
    })
}

/// The relations that a link's parameters name.
fn relations(parameters: &str) -> impl Iterator<Item = &str> {
    let named = parameters.split(';').filter_map(|parameter| parameter.split_once('='));
    let named = named.filter(|(name, _)| name.trim().eq_ignore_ascii_case("rel"));
    named.flat_map(|(_, value)| value.trim().trim_matches('"').split_whitespace())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn headers(lines: &[&str]) -> HeaderMap {
        lines.iter().map(|line| (LINK, line.parse().unwrap())).collect()
    }

    #[test]
    fn next_link_is_found_in_header() {
        let own = headers(&["<https://o/a>; rel=\"self\"", "<https://o/b?x=1,2>; rel=\"next\""]);
        assert_eq!(target(&own, "next"), Ok(Some("https://o/b?x=1,2")));
        let joined = headers(&["<https://o/a>; rel=\"self\"; title=\"a, b\", <https://o/b>; rel=next"]);
        assert_eq!(target(&joined, "next"), Ok(Some("https://o/b")));
        assert_eq!(target(&headers(&["<https://o/a>; rel=\"self\""]), "next"), Ok(None));
        assert_eq!(target(&headers(&["", "</style.css>; rel=preload"]), "next"), Ok(None));
    }

    #[test]
    fn malformed_link_header_is_an_error() {
        let own = "<https://o/a>; rel=\"self\"";
        for broken in [
            "https://o/b; rel=\"next\"",
            "<https://o/b",
            "<https://o/b>",
            "<https://o/b>; title=\"x\"",
            "<https://o/b>; rel=\"\"",
            "<https://o/b>; rel=\"ne",
            "<https://o/a>; rel=\"self\",",
            "<https://o/a>; rel=\"self\", <https://o/b",
            "nonsense",
        ] {
            assert_eq!(target(&headers(&[broken]), "next"), Err(BrokenLink), "{broken}");
            assert_eq!(target(&headers(&[own, broken]), "next"), Err(BrokenLink), "{broken}");
            let whole = headers(&[broken, "<https://o/c>; rel=\"next\""]);
            assert_eq!(target(&whole, "next"), Ok(Some("https://o/c")), "{broken}");
        }
        let bytes = http::HeaderValue::from_bytes("<https://o/ü>; rel=\"next\"".as_bytes()).unwrap();
        assert_eq!(target(&[(LINK, bytes)].into_iter().collect(), "next"), Err(BrokenLink));
    }

    proptest! {
        #[test]
        fn no_line_makes_it_panic(lines in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..60), 0..3)) {
            let values = lines.iter().filter_map(|line| http::HeaderValue::from_bytes(line).ok());
            let _ = target(&values.map(|value| (LINK, value)).collect(), "next");
        }

        #[test]
        fn what_was_written_is_found(target_url in "[!-;=?-~]{1,40}", title in "[ !#-~]{0,20}") {
            let line = format!("<https://o/self>; title=\"{title}\"; rel=\"self\", <{target_url}>; rel=\"next\"");
            let headers = headers(&[&line]);
            prop_assert_eq!(target(&headers, "next"), Ok(Some(target_url.as_str())));
        }
    }
}
