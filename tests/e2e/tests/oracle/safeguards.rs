//! The safeguards, counted by what Assets holds: what is marked as gone, against what may be without consent.

use sandbox::ControlClient;
use sync_service::engine::Safeguards;

use crate::marks;

/// Marks without consent, by kind.
#[derive(Debug, Default)]
pub(crate) struct Losses {
    /// The most objects of each kind that there were.
    known: [u64; 2],
    /// True once consent was given, or another import source was chosen: from then on nothing can be told.
    pub(crate) consented: bool,
}

const KINDS: [&str; 2] = ["/type/user", "/type/group"];

impl Losses {
    /// The marks beyond the limits, if there are any. The window is longer than any history.
    pub(crate) async fn beyond(&mut self, limits: &Safeguards, control: &ControlClient) -> Option<String> {
        if limits.override_safeguards || self.consented {
            return None;
        }
        for (at, kind) in KINDS.into_iter().enumerate() {
            let (marked, all) = count(control, kind).await;
            self.known[at] = self.known[at].max(all);
            // Counts of a small org.
            #[allow(clippy::cast_precision_loss)]
            let percent = marked as f64 * 100.0 / self.known[at].max(1) as f64;
            if marked > limits.min_retired_count && percent > limits.max_retired_percent {
                return Some(format!(
                    "{marked} of {} of {kind} were marked as gone without consent",
                    self.known[at]
                ));
            }
        }
        None
    }
}

/// The objects of a kind that are marked as gone, and all.
async fn count(control: &ControlClient, kind: &str) -> (u64, u64) {
    let objects = marks::objects(control, kind).await;
    let marked =
        objects.iter().filter(|object| marks::has_status(object, &["Okta Deleted", "Okta Out of Scope"]));
    (marked.count() as u64, objects.len() as u64)
}
