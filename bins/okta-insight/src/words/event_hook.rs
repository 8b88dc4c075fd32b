//! Changes that setup makes to the event hook.

use plain_text::hook_change;
use sync_engine::HookChange;

/// Changes as a list: `created, verified`.
pub(crate) fn changes(changes: &[HookChange]) -> String {
    let words: Vec<String> = changes.iter().map(hook_change).collect();
    if words.is_empty() { "exists".to_owned() } else { words.join(", ") }
}
