//! Deliveries that arrive at once.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used)]

mod support;

use futures::future::join_all;
use sync_engine::EventInbox;

use support::{ada, at, event, test_env};

#[tokio::test]
async fn concurrent_deliveries_are_all_stored() {
    let env = test_env().await;
    let all = (0..300).map(|n| {
        let store = env.store.clone();
        async move {
            let events = [event(&format!("e{n}"), &[ada()])];
            store.store_delivery(&format!("d{}", n % 250), &events, at(11)).await.unwrap()
        }
    });
    // Fifty bring the ID of another one and count as repeats.
    assert_eq!(join_all(all).await.into_iter().sum::<u64>(), 250);
    assert_eq!(env.store.event_queue_counts().await.unwrap().pending, 250);
}

#[tokio::test]
async fn abandoned_delivery_harms_no_other() {
    let env = test_env().await;
    let store = env.store.clone();
    let abandoned =
        tokio::spawn(async move { store.store_delivery("d1", &[event("e1", &[ada()])], at(11)).await });
    tokio::task::yield_now().await;
    abandoned.abort();
    let events = [event("e2", &[ada()])];
    assert_eq!(env.store.store_delivery("d2", &events, at(11)).await.unwrap(), 1);
}

#[tokio::test]
async fn too_many_deliveries_are_refused() {
    let env = test_env().await;
    let all =
        (0..1_200).map(|n| {
            let store = env.store.clone();
            async move {
                store.store_delivery(&format!("d{n}"), &[event(&format!("e{n}"), &[ada()])], at(11)).await
            }
        });
    let answers = join_all(all).await;
    let stored = answers.iter().filter(|answer| answer.is_ok()).count() as u64;
    assert!((1_024..1_200).contains(&stored), "{stored}");
    assert_eq!(env.store.event_queue_counts().await.unwrap().pending, stored);
}
