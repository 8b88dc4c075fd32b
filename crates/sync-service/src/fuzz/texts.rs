//! Text on its way to a terminal, a stream of events, and the words of operators and proxies.

use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr};

use axum::http::{HeaderMap, HeaderValue};
use fuzz::{assert_shown, fuzz};
use jiff::Timestamp;
use sync_engine::{Schedule, interval};
use sync_model::{ConnectionName, ObjectKind};

use crate::config::hook_url;
use crate::http::{client_address, client_network};
use crate::named::check;
use crate::remote::Decoder;
use crate::visible::{VisibleLines, visible, visible_in_color};

#[test]
fn visible_text_commands_no_terminal() {
    fuzz("visible", &["\x1b[", "m", "38;5;", "\u{9b}", "\u{202e}", "\x07", "\x1b]52;c;"], |input| {
        let text = String::from_utf8_lossy(input);
        let shown = visible(&text);
        assert_shown(&shown.replace(['\n', '\t'], " "), text.len() * 6);
        assert_eq!(visible(&shown), shown, "visible text stays as it is");
        let colored = visible_in_color(&text);
        for command in colored.split('\x1b').skip(1) {
            let (parameters, _) = command.split_once('m').unwrap_or_default();
            assert!(parameters.starts_with('['), "{command:?}");
            assert!(parameters[1..].chars().all(|c| c.is_ascii_digit() || c == ';'), "{command:?}");
        }
        let mut line = Vec::new();
        VisibleLines::new(&mut line, false).write_all(input).unwrap();
        let line = String::from_utf8(line).unwrap();
        assert_shown(&line.strip_suffix('\n').unwrap_or(&line).replace('\t', " "), usize::MAX);
        format!(
            "{} {} {}",
            text.len() - shown.len().min(text.len()),
            colored.matches('\x1b').count(),
            line.len() / 50
        )
    });
}

#[test]
fn event_stream_reads_any_parts() {
    fuzz("event_stream", &["data: ", "event: ", "id: ", "\n\n", "\r\n", ":", "\r"], |input| {
        let whole = Decoder::default().feed(input);
        let size = usize::from(input.first().copied().unwrap_or(1)).max(1);
        let mut decoder = Decoder::default();
        let parts: Result<Vec<_>, _> = input.chunks(size).map(|part| decoder.feed(part)).collect();
        let (whole, parts) = (whole.unwrap(), parts.unwrap().concat());
        assert_eq!(whole, parts, "in parts of {size}");
        let told = whole
            .iter()
            .map(|message| format!("{}{}{}", message.name, message.id.is_some(), message.data.len()));
        told.collect::<String>()
    });
}

#[test]
fn operator_words_are_read_or_refused() {
    let words = [
        "never", "d", "h ", "* ", "*/5", "MON", "JAN-MAR", "L", "#", "2030", "PT1H", "[::1]:1", ", ",
        "https://",
    ];
    fuzz("operator_words", &words, |input| {
        let text = String::from_utf8_lossy(input);
        // Longer texts are rejected on input.
        let text: String = text.chars().take(200).collect();
        let last: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        let mut outcome = format!("{:?} ", interval(&text).is_some());
        match text.parse::<Schedule>() {
            Ok(schedule) => {
                let next = schedule.after(last);
                assert!(next.is_none_or(|next| next > last), "{schedule}: {next:?}");
                outcome += &format!("{} {}", next.is_some(), schedule.to_string().len());
            }
            Err(error) => assert!(error.to_string().len() < 1200),
        }
        let name = ConnectionName::try_from(text.clone());
        if let Ok(name) = &name {
            assert!(
                name.as_str().len() <= 40
                    && name
                        .as_str()
                        .bytes()
                        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            );
        }
        let main = "main".to_owned().try_into().unwrap();
        let url = hook_url(&text, &main);
        if let Ok(url) = &url {
            assert!(url.path().ends_with("/hooks/okta/main") && url.query().is_none(), "{url}");
        }
        let named = check(ObjectKind::User, text.trim());
        if let Err(error) = &named {
            outcome += error.remedy().as_str();
        }
        let peer = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let headers: HeaderMap = HeaderValue::from_bytes(input)
            .map(|value| ("x-forwarded-for".parse().unwrap(), value))
            .into_iter()
            .collect();
        assert_eq!(client_address(peer, &headers, false), peer);
        let client = client_address(peer, &headers, true);
        outcome + &format!("{} {:?} {}", client_network(client) == peer, url.err(), name.is_ok())
    });
}
