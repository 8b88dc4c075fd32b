//! The words of operators and proxies.

use std::net::{IpAddr, Ipv4Addr};

use axum::http::{HeaderMap, HeaderValue};
use fuzz::fuzz;
use jiff::Timestamp;
use sync_config::hook_url;
use sync_engine::{Schedule, interval};
use sync_model::{ConnectionName, ObjectKind};

use crate::http::{client_address, client_network};
use crate::named::check;

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
