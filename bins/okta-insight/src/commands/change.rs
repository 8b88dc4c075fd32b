//! The changes of commands, for the audit log.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::audit_entry::{Change, Touches};
use crate::args::{Command, Common};

/// The change that a command makes; `None` for commands that change nothing here. The daemon audits the requests that
/// it receives.
pub(crate) fn change(command: &Command) -> Option<Change<'_>> {
    match command {
        Command::Setup(args) => {
            of_common("setup", &args.common, json!({ "manual_event_hook": args.manual_event_hook }))
        }
        Command::Selftest(args) => {
            of_common("self_test", &args.common, json!({ "keep_objects": args.keep_objects }))
        }
        Command::Doctor(args) if args.fix => of_common("doctor_fix", &args.common, Value::Null),
        Command::Sync(args) if !args.dry_run => {
            let request = json!({
                "override_safeguards": args.override_safeguards,
                "resend": args.resend,
                "users": args.users,
                "groups": args.groups,
            });
            of_common("synchronize", &args.common, request)
        }
        Command::Prune(args) => {
            let request = json!({
                "older_than_seconds": args.older_than.as_secs(),
                "limit": args.limit,
                "yes": args.yes,
                "override_safeguards": args.override_safeguards,
            });
            of_common("prune", &args.common, request)
        }
        Command::Pause(args) => {
            let seconds = args.time.map(|time| time.as_secs());
            of_common("pause", &args.common, json!({ "seconds": seconds }))
        }
        Command::Resume(common) => of_common("resume", common, Value::Null),
        Command::Events(args) => {
            let (common, request) = args.replayed()?;
            of_common("replay", common, request)
        }
        Command::Tokens(args) => {
            let (action, file, request) = args.changed()?;
            Some(Change { action, file, touches: Touches::Tokens, served: BTreeSet::new(), request })
        }
        Command::MasterKey(args) => Some(Change {
            action: "rotate_master_key",
            file: args.rotated()?,
            touches: Touches::Tokens,
            served: BTreeSet::new(),
            request: Value::Null,
        }),
        _ => None,
    }
}

fn of_common<'c>(action: &'static str, common: &'c Common, request: Value) -> Option<Change<'c>> {
    let local = &common.local;
    common.remote.server().is_none().then_some(Change {
        action,
        file: &local.file,
        touches: Touches::Connections(local.connection.as_deref()),
        served: BTreeSet::new(),
        request,
    })
}
