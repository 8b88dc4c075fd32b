//! Which users and groups a history's operator wants.

use rand::RngExt;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use sandbox::audit::Scope;

/// A choice for the auditor, and the same as settings. Half of the operators want everything.
pub(crate) fn draw(dice: &mut StdRng, groups: &[String]) -> (Scope, String) {
    let mut choice = Scope::default();
    let (mut users, mut of_groups) = (String::new(), String::new());
    match dice.random_range(0..8) {
        0 => {
            choice.status = ["ACTIVE", "PROVISIONED", "STAGED"].map(str::to_owned).to_vec();
            users = "status = [\"ACTIVE\", \"PROVISIONED\", \"STAGED\"]\n".into();
        }
        1 => {
            choice.profile = Some(("city".into(), vec!["Paris".into(), String::new()]));
            users = "profile = { city = [\"paris\", \"\"] }\n".into();
        }
        2 => {
            choice.member_of = groups.choose(dice).cloned();
            users = format!("member_of = [\"{}\"]\n", choice.member_of.clone().unwrap_or_default());
        }
        _ => {}
    }
    if dice.random_range(0..4) == 0 {
        // Groups are renamed to this, and made with other names.
        choice.group_prefix = "renamed ".into();
        of_groups = "names = [\"renamed *\"]\n".into();
    }
    (choice, format!("[connections.main.scope.users]\n{users}[connections.main.scope.groups]\n{of_groups}"))
}
