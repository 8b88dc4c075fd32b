//! The `Link` header (RFC 8288), as far as paging needs it.

use http::HeaderMap;
use http::header::LINK;

/// The target of the first link with this relation. Okta sends a header line per link; a proxy may join them.
pub(crate) fn target<'h>(headers: &'h HeaderMap, relation: &str) -> Option<&'h str> {
    headers
        .get_all(LINK)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(links)
        .find(|(_, parameters)| has_relation(parameters, relation))
        .map(|(target, _)| target)
}

/// The links of one header line, as target and parameters.
fn links(line: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = line;
    std::iter::from_fn(move || {
        let start = rest.find('<')? + 1;
        let end = start + rest[start..].find('>')?;
        let target = &rest[start..end];
        let after = &rest[end + 1..];
        // Commas inside quotes belong to a parameter.
        let mut quoted = false;
        let stop = after
            .char_indices()
            .find(|&(_, c)| {
                quoted ^= c == '"';
                c == ',' && !quoted
            })
            .map_or(after.len(), |(at, _)| at);
        rest = &after[stop..];
        Some((target, &after[..stop]))
    })
}

fn has_relation(parameters: &str, relation: &str) -> bool {
    parameters.split(';').filter_map(|p| p.split_once('=')).any(|(name, value)| {
        name.trim().eq_ignore_ascii_case("rel")
            && value.trim().trim_matches('"').split_whitespace().any(|r| r.eq_ignore_ascii_case(relation))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn headers(lines: &[&str]) -> HeaderMap {
        lines.iter().map(|line| (LINK, line.parse().unwrap())).collect()
    }

    #[test]
    fn next_is_found_on_its_own_line_and_in_a_joined_one() {
        let own = headers(&["<https://o/a>; rel=\"self\"", "<https://o/b?x=1,2>; rel=\"next\""]);
        assert_eq!(target(&own, "next"), Some("https://o/b?x=1,2"));
        let joined = headers(&["<https://o/a>; rel=\"self\"; title=\"a, b\", <https://o/b>; rel=next"]);
        assert_eq!(target(&joined, "next"), Some("https://o/b"));
        assert_eq!(target(&headers(&["<https://o/a>; rel=\"self\""]), "next"), None);
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
            prop_assert_eq!(target(&headers, "next"), Some(target_url.as_str()));
        }
    }
}
