//! The receiving end of an event hook, without a web framework.

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::value::RawValue;
use subtle::ConstantTimeEq;

use crate::item::{Unreadable, read_items, without_mark};
use crate::model::{LogEvent, null_as_default, or_default};

/// The header of the one-time verification request; its value is to be sent back.
/// <https://developer.okta.com/docs/concepts/event-hooks/>
pub const VERIFICATION_HEADER: &str = "x-okta-verification-challenge";

/// The JSON body of the response to a verification request.
pub fn verification_response(challenge: &str) -> String {
    serde_json::json!({ "verification": challenge }).to_string()
}

/// The expected `Authorization` header of Okta's deliveries. There is no signature: this is the only proof of origin.
#[derive(Debug, Clone)]
pub struct HookSecret(SecretString);

impl HookSecret {
    /// The secret as it was registered with the hook.
    pub const fn new(secret: SecretString) -> Self {
        Self(secret)
    }

    /// Compares the header in constant time. A missing header never matches, and neither does an empty secret.
    pub fn verify(&self, header: Option<&[u8]>) -> bool {
        let secret = self.0.expose_secret().as_bytes();
        !secret.is_empty() && header.is_some_and(|given| given.ct_eq(secret).into())
    }
}

/// A delivery that can't be decoded.
#[derive(Debug, thiserror::Error)]
#[error("the body is not a delivery of an Okta event hook")]
pub struct DeliveryError(#[source] serde_json::Error);

/// One delivery: events close in time.
#[derive(Debug, Clone, PartialEq)]
pub struct HookDelivery {
    /// The ID of the delivery; repeated deliveries have the same ID.
    pub event_id: String,
    /// The events.
    pub events: Vec<LogEvent>,
    /// Events that could not be read.
    pub unreadable: Vec<Unreadable>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", bound = "E: Default + Deserialize<'de>")]
struct Envelope<E: Default> {
    // An older published example spells it differently.
    #[serde(default, alias = "eventID", deserialize_with = "or_default")]
    event_id: String,
    data: Data<E>,
}

#[derive(Deserialize)]
#[serde(bound = "E: Default + Deserialize<'de>")]
struct Data<E: Default> {
    #[serde(default, deserialize_with = "null_as_default")]
    events: E,
}

impl HookDelivery {
    /// Reads the body of a delivery, event by event.
    ///
    /// # Errors
    /// When it is no delivery: not JSON, or without a list of events.
    pub fn parse(body: &[u8]) -> Result<Self, DeliveryError> {
        let body = without_mark(body);
        if let Ok(Envelope { event_id, data }) = serde_json::from_slice(body) {
            return Ok(Self { event_id, events: data.events, unreadable: Vec::new() });
        }
        let envelope: Envelope<Vec<&RawValue>> = serde_json::from_slice(body).map_err(DeliveryError)?;
        let (events, unreadable) = read_items(envelope.data.events);
        Ok(Self { event_id: envelope.event_id, events, unreadable })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_the_whole_secret_matches() {
        let secret = HookSecret::new("Bearer abc".into());
        assert!(secret.verify(Some(b"Bearer abc")));
        for wrong in [Some(&b"Bearer ab"[..]), Some(b"Bearer abcd"), Some(b""), None] {
            assert!(!secret.verify(wrong));
        }
    }

    #[test]
    fn empty_secret_matches_nothing() {
        let secret = HookSecret::new("".into());
        assert!(!secret.verify(Some(b"")) && !secret.verify(None));
    }

    #[test]
    fn challenge_response_is_escaped_json() {
        assert_eq!(verification_response("8f\"3c"), r#"{"verification":"8f\"3c"}"#);
    }

    #[test]
    fn a_delivery_of_nothing_is_one() {
        for body in [&br#"{"eventId":null,"data":{"events":null}}"#[..], br#"{"data":{}}"#] {
            assert!(HookDelivery::parse(body).unwrap().events.is_empty());
        }
        let error = HookDelivery::parse(b"[]").unwrap_err();
        assert_eq!(error.to_string(), "the body is not a delivery of an Okta event hook");
    }

    #[test]
    fn odd_event_leaves_the_others() {
        let good = r#"{"uuid":"e1","published":"2026-03-01T10:00:00Z","eventType":"t"}"#;
        for odd in [
            "null",
            "5",
            r#"{"uuid":"e2","eventType":"t"}"#,
            r#"{"uuid":"e2","published":5,"eventType":"t"}"#,
        ] {
            let body = format!("\u{feff}{{\"eventId\":7,\"data\":{{\"events\":[{odd},{good}]}}}}");
            let delivery = HookDelivery::parse(body.as_bytes()).unwrap();
            assert_eq!(delivery.events.iter().map(|event| event.uuid.as_str()).collect::<Vec<_>>(), ["e1"]);
            assert_eq!(delivery.unreadable[0].position, 0);
        }
        let deep = format!(r#"{{"uuid":"e2","debugContext":{}{}}}"#, "[".repeat(200), "]".repeat(200));
        let half = r#"{"uuid":"e2","debugContext":"\ud800"}"#;
        for odd in [deep.as_str(), half] {
            let body = format!("{{\"eventId\":7,\"data\":{{\"events\":[{odd},{good}]}}}}");
            let delivery = HookDelivery::parse(body.as_bytes()).unwrap();
            let told = delivery.unreadable[0].to_string();
            assert_eq!(told, "e2 has an undecodable value in the field debugContext");
            assert_eq!(delivery.events.len(), 1);
        }
        for body in
            ["", "null", "[]", "{}", r#"{"data":5}"#, r#"{"data":{"events":{}}}"#, r#"{"data":{"events":["#]
        {
            assert!(HookDelivery::parse(body.as_bytes()).is_err(), "{body}");
        }
    }

    #[test]
    fn legacy_event_id_spelling_is_read() {
        let delivery = HookDelivery::parse(br#"{"eventID":"e1","data":{"events":[]}}"#).unwrap();
        assert_eq!(delivery.event_id, "e1");
    }

    proptest! {
        #[test]
        fn no_body_makes_it_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = HookDelivery::parse(&body);
        }

        #[test]
        fn any_event_field_value_is_handled(
            name in "(uuid|published|eventType|target|actor|outcome|debugContext)",
            value in "(null|1|true|\"\"|\\[\\]|\\[null\\]|\\{\\}|\\[\\{\"id\":null,\"type\":null\\}\\])",
        ) {
            let mut event: serde_json::Value = serde_json::json!({"uuid": "e1", "eventType": "t",
                "published": "2026-03-01T10:00:00Z"});
            event[name.as_str()] = serde_json::from_str(&value).unwrap();
            let body = serde_json::json!({"eventId": "d1", "data": {"events": [event]}}).to_string();
            let delivery = HookDelivery::parse(body.as_bytes()).unwrap();
            prop_assert_eq!(delivery.events.len() + delivery.unreadable.len(), 1);
            for event in &delivery.events {
                let _ = (event.users().count(), event.changed_attributes().count(), event.succeeded());
            }
        }
    }
}
