//! The time that a search takes.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used)]
#![expect(clippy::disallowed_methods, reason = "it measures")]

mod support;

use std::collections::BTreeMap;
use std::time::Instant;

use serde_json::{Value, json};
use sync_engine::{ChangeKind, ObjectCatalog};
use sync_model::{ObjectKind, Record, RecordKey};

use support::{staged, test_env};

fn named(kind: ObjectKind, id: &str, fields: &[(&str, &str)]) -> Record {
    let fields: BTreeMap<String, Value> =
        fields.iter().map(|(name, value)| (format!("profile_{name}"), json!(value))).collect();
    Record {
        key: RecordKey { kind, id: id.into() },
        fields,
        reference_key: id.into(),
        references: Vec::new(),
        alias: None,
        alias_reference: None,
    }
}

/// To be run by hand: `cargo test -p sync-store --release --test search -- --ignored --nocapture`
#[tokio::test]
#[ignore = "takes a while, and measures"]
async fn search_of_100_000_objects() {
    let env = test_env().await;
    for part in 0..100 {
        let people = (0..1000).map(|n| {
            let n = part * 1000 + n;
            let (login, email) = (format!("person{n}@example.com"), format!("p{n}@mail.example"));
            let mut record = named(
                ObjectKind::User,
                &format!("00u{n:08}"),
                &[
                    ("login", &login),
                    ("email", &email),
                    ("firstName", "Person"),
                    ("lastName", &format!("No {n}")),
                ],
            );
            for extra in 0..30 {
                record.fields.insert(format!("profile_extra{extra}"), json!(format!("value {n} of {extra}")));
            }
            staged(ChangeKind::Create, record, 0)
        });
        env.confirmed(&people.collect::<Vec<_>>()).await;
    }
    for text in ["person99999@", "No 5", "nobody", "00u00099998", ""] {
        let began = Instant::now();
        let matches = env.store.find_objects(text, None, 50).await.unwrap();
        eprintln!(
            "{text:?}: {} found, more: {}, {:?}",
            matches.objects.len(),
            matches.has_more,
            began.elapsed()
        );
    }
}
