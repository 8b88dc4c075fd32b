//! Requests for an activation before the period elapses.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

/// Wakes one background task. Requests before its next activation are merged.
#[derive(Debug, Default)]
pub struct Wake {
    request: Mutex<Option<WakeRequest>>,
    notify: Notify,
}

/// A request for an activation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct WakeRequest {
    /// The shortest time since the end of the last activation.
    pub(super) pause: Duration,
    /// True if it doesn't wait for the next retry of a failed task.
    pub(super) at_once: bool,
}

impl Wake {
    /// Requests an activation at once, even if the last one failed: a person asked for it.
    pub fn now(&self) {
        self.request(WakeRequest { pause: Duration::ZERO, at_once: true });
    }

    /// Requests an activation at the earliest `pause` after the last one. If that one failed, the next retry comes
    /// first.
    pub fn after(&self, pause: Duration) {
        self.request(WakeRequest { pause, at_once: false });
    }

    fn request(&self, new: WakeRequest) {
        let mut request = self.request.lock().unwrap_or_else(PoisonError::into_inner);
        let merged = request.map_or(new, |old| WakeRequest {
            pause: old.pause.min(new.pause),
            at_once: old.at_once || new.at_once,
        });
        *request = Some(merged);
        self.notify.notify_one();
    }

    /// Waits for a request. Canceling it loses none.
    pub(super) async fn requested(&self) -> WakeRequest {
        loop {
            self.notify.notified().await;
            if let Some(request) = self.request.lock().unwrap_or_else(PoisonError::into_inner).take() {
                return request;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn requests_of_one_task_merge() {
        let wake = Wake::default();
        wake.after(Duration::from_secs(9));
        wake.after(Duration::from_secs(5));
        assert_eq!(wake.requested().await, WakeRequest { pause: Duration::from_secs(5), at_once: false });
        wake.after(Duration::from_secs(9));
        wake.now();
        assert_eq!(wake.requested().await, WakeRequest { pause: Duration::ZERO, at_once: true });
        let none = tokio::time::timeout(Duration::from_hours(1), wake.requested()).await;
        assert!(none.is_err(), "each request is answered once");
    }
}
