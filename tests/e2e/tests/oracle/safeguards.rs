//! The safeguards, counted by what Assets holds: what is marked as gone, against what may be without consent.

use std::collections::HashSet;

use sandbox::ControlClient;
use serde_json::Value;
use sync_engine::Safeguards;

use crate::marks;

/// Marks without consent, by kind.
#[derive(Debug, Default)]
pub(crate) struct Losses {
    /// The objects of each kind that were in Assets at any time: an object schema that was deleted may not be full again.
    known: [HashSet<String>; 2],
    /// True once consent was given, or another import source was chosen: from then on nothing can be told.
    pub(crate) consented: bool,
}

const KINDS: [&str; 2] = ["/type/user", "/type/group"];

impl Losses {
    /// Remembers the objects, before some are deleted in Assets.
    pub(crate) async fn remember(&mut self, control: &ControlClient) {
        for (kind, known) in KINDS.into_iter().zip(&mut self.known) {
            known.extend(ids(&marks::objects(control, kind).await));
        }
    }

    /// The marks beyond the limits, if there are any. The window is longer than any history.
    pub(crate) async fn beyond(&mut self, limits: &Safeguards, control: &ControlClient) -> Option<String> {
        if limits.override_safeguards || self.consented {
            return None;
        }
        for (kind, known) in KINDS.into_iter().zip(&mut self.known) {
            let objects = marks::objects(control, kind).await;
            known.extend(ids(&objects));
            let is_marked =
                |object: &&Value| marks::has_status(object, &["Okta Deleted", "Okta Out of Scope"]);
            let (marked, all) =
                (objects.iter().filter(is_marked).count() as u64, known.len().max(objects.len()));
            // Counts of a small org.
            #[allow(clippy::cast_precision_loss)]
            let percent = marked as f64 * 100.0 / all.max(1) as f64;
            if marked > limits.min_retired_count && percent > limits.max_retired_percent {
                return Some(format!("{marked} of {all} of {kind} were marked as gone without consent"));
            }
        }
        None
    }
}

fn ids(objects: &[Value]) -> impl Iterator<Item = String> {
    objects.iter().filter_map(marks::id).map(str::to_owned)
}
