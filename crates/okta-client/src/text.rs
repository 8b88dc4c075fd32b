//! Text from other systems, which may quote a user's input, sanitized for a terminal and a log.

use bytes::Bytes;
use serde_json::Value;

use crate::item::without_mark;

/// Longer than any explanation of Okta's.
const LONGEST: usize = 500;
/// The most that is shown of a body that is not Okta's error object, in characters.
const EXCERPT: usize = 200;
/// The most that is read of it, in bytes.
const MAX_SCANNED_BYTES: usize = 16 << 10;
/// Longer words are cursors, digests, and tokens.
const LONGEST_WORD: usize = 40;
/// Types, uses, and algorithms of keys, and labels of PEM blocks, have shorter names.
const LONGEST_NAME: usize = 30;
/// Authentication schemes: the word after one of them is a credential.
const SCHEMES: [&str; 4] = ["bearer", "dpop", "ssws", "basic"];

/// The text on one line, without control characters and marks of direction, and not without end.
pub(crate) fn printable(text: &str) -> String {
    text.chars().take(LONGEST).map(|c| if c.is_control() || is_format(c) { ' ' } else { c }).collect()
}

/// A name in pasted text: a longer one is none, and may be a part of the secret.
pub(crate) fn name(text: &str) -> String {
    if text.chars().nth(LONGEST_NAME).is_some() { "…".into() } else { printable(text) }
}

/// Shorter credentials are no secret, and could be part of any word.
const SHORTEST_SECRET: usize = 6;

/// The body of a rejection without the request's own credentials, which some gateways repeat. Must be used before any
/// truncation.
pub(crate) fn without_secrets(body: Bytes, secrets: &[&str]) -> Bytes {
    let cleaned = |text: &str| {
        let secrets = secrets.iter().filter(|secret| secret.len() >= SHORTEST_SECRET);
        secrets.fold(text.to_owned(), |text, secret| text.replace(secret, "…"))
    };
    let Some(mut value) = json(&body) else {
        let text = String::from_utf8_lossy(&body);
        let clean = cleaned(&text);
        return if clean == text { body } else { clean.into() };
    };
    clean(&mut value, &cleaned);
    value.to_string().into()
}

/// The JSON in the body of a rejection. All parsing starts from here: text that only some readers accept as JSON would
/// keep its secrets in escapes.
pub(crate) fn json(body: &[u8]) -> Option<Value> {
    serde_json::from_slice(without_mark(body)).ok()
}

/// Changes every text in a value; escaped characters are whole there.
fn clean(value: &mut Value, cleaned: &impl Fn(&str) -> String) {
    match value {
        Value::String(text) => *text = cleaned(text),
        Value::Array(items) => items.iter_mut().for_each(|item| clean(item, cleaned)),
        Value::Object(members) => members.values_mut().for_each(|member| clean(member, cleaned)),
        _ => {}
    }
}

/// The visible text of a page or plain body on one line: no tags, scripts, or control characters, and nothing that could
/// be a credential, which some gateways repeat. Empty when there is none.
pub(crate) fn excerpt(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(MAX_SCANNED_BYTES)]);
    let text = without_tags(&text);
    let mut shown = String::new();
    let mut length = 0;
    let mut after_scheme = false;
    for word in text.split(|c: char| c.is_whitespace() || c.is_control() || is_format(c)) {
        if word.is_empty() {
            continue;
        }
        let secret = std::mem::take(&mut after_scheme) || word.chars().count() > LONGEST_WORD;
        let name = word.trim_end_matches(':').rsplit(['"', '\'', '=', ':']).next().unwrap_or_default();
        after_scheme = SCHEMES.iter().any(|scheme| name.eq_ignore_ascii_case(scheme));
        let word = if secret { "…" } else { word };
        length += word.chars().count() + 1;
        if length > EXCERPT {
            shown.push_str(" …");
            break;
        }
        if !shown.is_empty() {
            shown.push(' ');
        }
        shown.push_str(word);
    }
    shown
}

/// True for characters that change the display of adjacent text.
const fn is_format(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// The text between tags, without the content of `script` and `style`.
fn without_tags(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some(open) = rest.find('<') {
        shown.push_str(&rest[..open]);
        shown.push(' ');
        let tag = &rest[open + 1..];
        let name = tag.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
        let hidden = ["script", "style"].iter().find(|hidden| name.eq_ignore_ascii_case(hidden));
        let after = match (hidden, tag.strip_prefix("!--")) {
            (Some(hidden), _) => {
                let end = format!("</{hidden}");
                tag.to_ascii_lowercase().find(&end).map_or("", |at| &tag[at..])
            }
            (None, Some(comment)) => comment.find("-->").map_or("", |at| &comment[at..]),
            (None, None) => tag,
        };
        rest = after.find('>').map_or("", |end| &after[end + 1..]);
    }
    shown.push_str(rest);
    for (entity, character) in
        [("&nbsp;", " "), ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")]
    {
        if shown.contains(entity) {
            shown = shown.replace(entity, character);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn page_is_shown_by_its_text() {
        let page = "<!doctype html><head><title>403 Forbidden</title><style>b{color:red}</style>\
            <script>var a = '<b>';</script></head><body><!-- 7 > 5 --><h1>Access&nbsp;denied</h1>\r\n\u{1b}[31m\
            <p class=\"x\">The IP address &lt;192.0.2.1&gt; is not on the list</p>";
        let shown = "403 Forbidden Access denied [31m The IP address <192.0.2.1> is not on the list";
        assert_eq!(excerpt(page.as_bytes()), shown);
        assert_eq!(excerpt(b"<html"), "");
        assert_eq!(excerpt(b""), "");
    }

    #[test]
    fn own_credential_is_replaced_whole() {
        let clean = |body: &str| without_secrets(body.to_owned().into(), &["AT/x=1234", "t"]);
        let body =
            clean(r#"{"errorCauses": [["AT/x=1234"]], "errorSummary": "no AT\/x\u003d1234, not that"}"#);
        assert_eq!(&body[..], r#"{"errorCauses":[["…"]],"errorSummary":"no …, not that"}"#.as_bytes());
        assert_eq!(&clean("<p>you sent AT/x=1234</p>")[..], "<p>you sent …</p>".as_bytes());
        assert_eq!(&clean("\u{1f}nothing")[..], b"\x1fnothing");
    }

    #[test]
    fn echoed_credential_is_not_shown() {
        let echo = format!("you sent Authorization: DPoP abc.def and Bearer: x, then {}", "q".repeat(60));
        assert_eq!(excerpt(echo.as_bytes()), "you sent Authorization: DPoP … and Bearer: … then …");
        assert!(excerpt("word ".repeat(1000).as_bytes()).chars().count() <= EXCERPT + 2);
    }

    proptest! {
        #[test]
        fn any_body_gives_one_plain_line(body in proptest::collection::vec(any::<u8>(), 0..200), page in "[<>!a-z/ -]{0,80}") {
            for body in [body.as_slice(), page.as_bytes()] {
                let shown = excerpt(body);
                prop_assert!(shown.chars().count() <= EXCERPT + 2 && !shown.chars().any(char::is_control));
            }
        }
    }

    #[test]
    fn control_characters_are_replaced_by_spaces() {
        assert_eq!(printable("not found: \u{1b}[31mroot\r\nOK"), "not found:  [31mroot  OK");
        assert_eq!(printable("a\u{202e}b\u{61c}c"), "a b c");
        assert_eq!(printable(&"ä".repeat(2000)).chars().count(), LONGEST);
    }
}
