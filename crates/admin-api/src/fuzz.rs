//! Fuzz targets for settings sent to the API, and for its stream of events. See tests/fuzz.

// Outcomes are short.
#![allow(clippy::format_push_string)]

use fuzz::fuzz;
use serde::Deserialize as _;
use serde_json::Value as Json;
use sync_engine::error_chain;

use crate::remote::Decoder;
use crate::wire::ConnectionDraftRequest;

#[test]
fn settings_read_any_body() {
    let words = [
        "settings",
        "secrets",
        "okta",
        "org_url",
        "assets",
        "schedule",
        "safeguards",
        "mapping",
        "scope",
        "users",
        "profile",
        "null",
        "0 3 * * *",
    ];
    fuzz("settings", &words, |input| {
        let Ok(json) = serde_json::from_slice::<Json>(input) else { return String::new() };
        match ConnectionDraftRequest::deserialize(&json) {
            Ok(draft) => {
                let written = serde_json::to_value(&draft.settings).unwrap();
                let again = serde_json::from_value(written).unwrap();
                assert_eq!(draft.settings, again, "settings that are saved are read back");
                let secrets = draft.secrets.into_iter().filter_map(|(field, secret)| Some((field, secret?)));
                let checked =
                    draft.settings.check(&"main".to_owned().try_into().unwrap(), &secrets.collect(), false);
                let told = checked.map(drop).map_err(|error| error_chain(&error));
                format!("{told:?}")
            }
            Err(error) => error.to_string(),
        }
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
