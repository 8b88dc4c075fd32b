//! Reading the delivery of an event hook, and asking its events for everything.
#![no_main]

libfuzzer_sys::fuzz_target!(|body: &[u8]| {
    if let Ok(delivery) = okta_client::HookDelivery::parse(body) {
        for event in &delivery.events {
            let _ = (event.users().count(), event.groups().count());
            let _ = (event.changed_attributes().count(), event.succeeded());
            let _ = serde_json::to_vec(event);
        }
    }
});
