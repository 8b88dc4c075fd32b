//! Changes of the event hook in plain text.

use sync_engine::{Finding, HookChange};

use crate::findings::finding;

/// A change by *Setup*, as a participle: `created`.
pub fn hook_change(change: &HookChange) -> String {
    match change {
        HookChange::Created => "created".to_owned(),
        HookChange::Replaced { reasons } => {
            let reasons = reasons.iter().map(|reason| finding(&Finding::info(reason.clone())));
            format!("updated ({})", reasons.collect::<Vec<_>>().join("; "))
        }
        HookChange::Activated => "activated".to_owned(),
        HookChange::Verified => "verified".to_owned(),
    }
}
