//! The safeguards, counted by what Assets holds: what is marked as gone, against what may be without consent.

use sandbox::ControlClient;
use serde_json::Value;
use sync_service::engine::Limits;

/// What was marked without consent, by kind.
#[derive(Debug, Default)]
pub(crate) struct Losses {
    /// The most objects of each kind that there were.
    known: [u64; 2],
    /// True once consent was given, or another import source was chosen: from then on nothing can be told.
    pub(crate) consented: bool,
}

const KINDS: [&str; 2] = ["/type/user", "/type/group"];

impl Losses {
    /// What was let through beyond the limits, if anything. The window is longer than any history.
    pub(crate) async fn beyond(&mut self, limits: &Limits, control: &ControlClient) -> Option<String> {
        if limits.accept_shrink || self.consented {
            return None;
        }
        for (at, kind) in KINDS.into_iter().enumerate() {
            let (marked, all) = count(control, kind).await;
            self.known[at] = self.known[at].max(all);
            // Counts of a small org.
            #[allow(clippy::cast_precision_loss)]
            let share = marked as f64 / self.known[at].max(1) as f64;
            if marked > limits.min_gone && share > limits.max_gone_share {
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
    let page = control.get(&format!("/insight/objects?type={kind}&limit=1000&after=0")).await.unwrap();
    let objects = page["objects"].as_array().unwrap();
    let is_marked = |object: &&Value| {
        let attributes = object["attributes"].as_object().into_iter().flatten();
        let mut status = attributes.filter(|(id, _)| id.ends_with("/status"));
        status.any(|(_, values)| values[0] == "Okta Deleted" || values[0] == "Okta Out of Scope")
    };
    (objects.iter().filter(is_marked).count() as u64, objects.len() as u64)
}
