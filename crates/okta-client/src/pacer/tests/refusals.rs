//! Refusals: how long they close a bucket.

use super::*;

#[tokio::test(start_paused = true)]
async fn headerless_429_backs_off_exponentially() {
    let pacer = Pacer::default();
    let mut waits = Vec::new();
    for _ in 0..6 {
        let start = Instant::now();
        pacer.turn("b", Priority::Normal).await.learn(429, &HeaderMap::new());
        waits.push(start.elapsed());
    }
    assert!(waits[1] >= Duration::from_secs(1) && waits[2] < waits[4], "{waits:?}");
    assert!(waits[5] > waits[1] && waits[5] <= Duration::from_secs(25), "{waits:?}");
    let mut told = HeaderMap::new();
    told.insert(http::header::RETRY_AFTER, "7".parse().unwrap());
    pacer.turn("c", Priority::Normal).await.learn(429, &told);
    let opens = pacer.opens_in("c");
    assert!(opens >= Duration::from_secs(7) && opens <= Duration::from_secs(8), "{opens:?}");
}

#[tokio::test(start_paused = true)]
async fn bucket_wait_is_capped() {
    let pacer = Pacer::default();
    let mut told = HeaderMap::new();
    told.insert(http::header::RETRY_AFTER, u32::MAX.to_string().parse().unwrap());
    pacer.turn("a", Priority::Normal).await.learn(429, &told);
    pacer.turn("b", Priority::Normal).await.learn(429, &answer(NOON, 100, 0, u64::MAX));
    for bucket in ["a", "b"] {
        assert!(pacer.opens_in(bucket) <= Duration::from_secs(121), "{bucket}: {:?}", pacer.opens_in(bucket));
    }
}

#[tokio::test(start_paused = true)]
async fn expired_reset_in_429_backs_off() {
    let pacer = Pacer::default();
    pacer.turn("b", Priority::Normal).await.learn(200, &answer(NOON, 100, 99, NOON + 60));
    for _ in 0..20 {
        pacer.turn("b", Priority::Normal).await.learn(429, &answer(NOON, 100, 0, NOON - 5));
        assert!(pacer.opens_in("b") >= Duration::from_secs(1), "{:?}", pacer.opens_in("b"));
    }
    assert!(pacer.opens_in("b") >= Duration::from_secs(30), "the pause grows: {:?}", pacer.opens_in("b"));
}

#[tokio::test(start_paused = true)]
async fn wait_of_nothing_is_no_answer() {
    let with = |name, value: String| {
        let mut headers = answer(NOON, 100, 0, NOON - 60);
        headers.insert(HeaderName::from_static(name), value.parse().unwrap());
        headers
    };
    let zero = [(http::header::RETRY_AFTER, "0".parse().unwrap())].into_iter().collect();
    let past: HeaderMap = with("retry-after", "Wed, 21 Oct 2015 07:28:00 GMT".into());
    let far = with("x-rate-limit-reset", (NOON * 1000 - 60_000).to_string());
    for headers in [zero, past, far, with("retry-after", "0".into())] {
        let (pacer, started) = (Pacer::default(), Instant::now());
        for refusals in 1..=5 {
            pacer.turn("b", Priority::Normal).await.learn(429, &headers);
            assert!(pacer.opens_in("b") >= Duration::from_secs(1 << (refusals - 1)), "{headers:?}");
        }
        assert!(started.elapsed() >= Duration::from_secs(15));
        assert_eq!(pacer.state().refused, 5);
    }
}

#[tokio::test(start_paused = true)]
async fn refusals_together_are_one() {
    let pacer = Pacer::new(0.1, 10);
    pacer.turn("b", Priority::Normal).await.learn(200, &HeaderMap::new());
    let mut slots = Vec::new();
    for _ in 0..8 {
        slots.push(pacer.turn("b", Priority::Normal).await);
    }
    for slot in slots {
        slot.learn(429, &HeaderMap::new());
    }
    assert!(pacer.opens_in("b") < Duration::from_secs(2), "{:?}", pacer.opens_in("b"));
}

#[tokio::test(start_paused = true)]
async fn short_retry_after_backs_off_too() {
    let pacer = Pacer::default();
    let mut told = HeaderMap::new();
    told.insert(http::header::RETRY_AFTER, "1".parse().unwrap());
    let mut waits = Vec::new();
    for _ in 0..6 {
        let start = Instant::now();
        pacer.turn("b", Priority::Normal).await.learn(429, &told);
        waits.push(start.elapsed());
    }
    assert!(waits[1] < Duration::from_secs(3) && waits[5] >= Duration::from_secs(16), "{waits:?}");
}
