//! Situations of the data: events, records, values, safeguards, and runs.

use super::situation::{Situation, minutes_ago, now};
use crate::domain::alert::AlertKind;
use crate::domain::condition::evidence::FailedRun;
use crate::domain::condition::health::ConnectionHealth as H;
use crate::domain::condition::{ConditionStatus as Status, ConditionType as T};
use crate::domain::finding::Finding;
use crate::domain::finding::fact::{Fact, FindingCode as C};
use crate::domain::place::{WithheldField, WithheldReason};
use crate::domain::run_kind::RunKind;
use crate::domain::severity::Severity as S;
use crate::domain::task::Task;

pub(super) const SITUATIONS: &[Situation] = &[
    Situation {
        name: "events pending",
        change: |world| {
            world.store().queue.pending = 2;
            world.store().queue.oldest_pending_at = Some(now());
        },
        unmet: &[(T::EventsApplied, C::ChangesPending, S::Info)],
        health: H::Syncing,
        current: Status::False,
        ready: true,
    },
    Situation {
        name: "events in progress",
        change: |world| world.store().queue.in_progress = 1,
        unmet: &[(T::EventsApplied, C::ChangesPending, S::Info)],
        health: H::Syncing,
        current: Status::False,
        ready: true,
    },
    Situation {
        name: "objects to read",
        change: |world| world.store().queue.work_items = 1,
        unmet: &[(T::EventsApplied, C::ChangesPending, S::Info)],
        health: H::Syncing,
        current: Status::False,
        ready: true,
    },
    Situation {
        name: "events failed",
        change: |world| world.store().queue.failed = 1,
        unmet: &[(T::EventsSucceeded, C::EventsFailed, S::Warning)],
        health: H::Degraded,
        current: Status::False,
        ready: true,
    },
    Situation {
        name: "events failed while others are pending",
        change: |world| {
            world.store().queue.failed = 1;
            world.store().queue.pending = 1;
        },
        unmet: &[
            (T::EventsSucceeded, C::EventsFailed, S::Warning),
            (T::EventsApplied, C::ChangesPending, S::Info),
        ],
        health: H::Degraded,
        current: Status::False,
        ready: true,
    },
    Situation {
        name: "records unconfirmed",
        change: |world| world.store().queue.unconfirmed_records = 3,
        unmet: &[(T::RecordsConfirmed, C::RecordsUnconfirmed, S::Info)],
        health: H::Syncing,
        current: Status::False,
        ready: true,
    },
    Situation {
        name: "records rejected",
        change: |world| {
            world.store().queue.unconfirmed_records = 3;
            world.store().queue.rejected_records = 3;
        },
        unmet: &[(T::RecordsConfirmed, C::RecordsRejected, S::Warning)],
        health: H::Degraded,
        current: Status::False,
        ready: true,
    },
    Situation {
        name: "records rejected beside unconfirmed ones",
        change: |world| {
            world.store().queue.unconfirmed_records = 3;
            world.store().queue.rejected_records = 1;
        },
        unmet: &[(T::RecordsConfirmed, C::RecordsRejected, S::Warning)],
        health: H::Degraded,
        current: Status::False,
        ready: true,
    },
    Situation {
        name: "records to resend",
        change: |world| world.store().queue.doubted = 25,
        unmet: &[(T::RecordsConfirmed, C::ResendPending, S::Info)],
        health: H::Syncing,
        current: Status::False,
        ready: true,
    },
    Situation {
        name: "objects unreadable",
        change: |world| world.store().queue.unreadable = 1,
        unmet: &[(T::ObjectsReadable, C::ObjectsUnreadable, S::Warning)],
        health: H::Degraded,
        current: Status::False,
        ready: true,
    },
    Situation {
        name: "changes blocked",
        change: |world| {
            world.store().queue.blocked = 500;
            world.store().queue.oldest_blocked_at = Some(minutes_ago(1));
        },
        unmet: &[(T::SafeguardsClear, C::ChangesBlocked, S::Error)],
        health: H::Blocked,
        current: Status::False,
        ready: true,
    },
    Situation {
        name: "sync blocked",
        change: |world| world.failed(Some(Task::Sync), AlertKind::SafeguardTriggered, S::Error),
        unmet: &[(T::SafeguardsClear, C::TaskFailing, S::Error)],
        health: H::Blocked,
        current: Status::False,
        ready: true,
    },
    Situation {
        name: "event batch blocked",
        change: |world| world.failed(None, AlertKind::SafeguardTriggered, S::Error),
        unmet: &[(T::SafeguardsClear, C::SafeguardTriggered, S::Error)],
        health: H::Blocked,
        current: Status::False,
        ready: true,
    },
    Situation {
        name: "changes blocked and a failing task",
        change: |world| {
            world.store().queue.blocked = 5;
            world.failed(Some(Task::Events), AlertKind::SyncStalled, S::Error);
        },
        unmet: &[
            (T::EventsProgressing, C::TaskFailing, S::Error),
            (T::SafeguardsClear, C::ChangesBlocked, S::Error),
        ],
        health: H::Blocked,
        current: Status::False,
        ready: false,
    },
    Situation {
        name: "values withheld",
        change: |world| {
            world.store().withheld = vec![WithheldField {
                kind: sync_model::ObjectKind::User,
                field: "groups".into(),
                attribute: "Okta User: Groups".into(),
                reason: WithheldReason::Cardinality { present: 1, wanted: -1 },
            }];
        },
        unmet: &[(T::ValuesStorable, C::ValuesWithheld, S::Warning)],
        health: H::Degraded,
        current: Status::False,
        ready: true,
    },
    Situation {
        name: "values withheld before the first sync",
        change: |world| {
            world.store().withheld = vec![WithheldField {
                kind: sync_model::ObjectKind::User,
                field: "groups".into(),
                attribute: "Okta User: Groups".into(),
                reason: WithheldReason::Cardinality { present: 1, wanted: -1 },
            }];
            world.store().last_full_sync_at = None;
        },
        unmet: &[
            (T::ValuesStorable, C::ValuesWithheld, S::Warning),
            (T::InitialSync, C::NeverSynced, S::Warning),
        ],
        health: H::SetupIncomplete,
        current: Status::False,
        ready: true,
    },
    Situation {
        name: "stale values",
        change: |world| world.store().stale_values = 2,
        unmet: &[(T::ValuesCleared, C::StaleValues, S::Warning)],
        health: H::Degraded,
        current: Status::False,
        ready: true,
    },
    Situation {
        name: "scope names an unknown group",
        change: |world| world.store().unknown_choices = vec!["group \"Sales\"".into()],
        unmet: &[(T::ScopeResolved, C::ScopeUnresolved, S::Warning)],
        health: H::Degraded,
        current: Status::True,
        ready: true,
    },
    Situation {
        name: "last full sync failed",
        change: |world| world.store().failed_runs = vec![failed(RunKind::FullSync)],
        unmet: &[(T::SyncsSucceeding, C::SyncRunFailed, S::Error)],
        health: H::Failing,
        current: Status::False,
        ready: true,
    },
    Situation {
        name: "last event sync failed",
        change: |world| world.store().failed_runs = vec![failed(RunKind::EventSync)],
        unmet: &[(T::SyncsSucceeding, C::SyncRunFailed, S::Error)],
        health: H::Failing,
        current: Status::False,
        ready: true,
    },
    Situation {
        name: "last full sync failed by a failing task",
        change: |world| {
            world.store().failed_runs = vec![failed(RunKind::FullSync)];
            world.failed(Some(Task::Sync), AlertKind::SyncFailed, S::Warning);
        },
        unmet: &[(T::SyncsSucceeding, C::TaskFailing, S::Warning)],
        health: H::Degraded,
        current: Status::False,
        ready: true,
    },
    Situation {
        name: "full sync blocked by a safeguard",
        change: |world| {
            world.store().failed_runs = vec![failed(RunKind::FullSync)];
            world.failed(Some(Task::Sync), AlertKind::SafeguardTriggered, S::Error);
        },
        unmet: &[(T::SafeguardsClear, C::TaskFailing, S::Error)],
        health: H::Blocked,
        current: Status::False,
        ready: true,
    },
    Situation {
        name: "everything at once",
        change: |world| {
            world.store().withheld = vec![WithheldField {
                kind: sync_model::ObjectKind::User,
                field: "groups".into(),
                attribute: "Okta User: Groups".into(),
                reason: WithheldReason::Cardinality { present: 1, wanted: -1 },
            }];
            let queue = &mut world.store().queue;
            queue.pending = 1;
            queue.failed = 1;
            queue.blocked = 1;
            queue.unreadable = 1;
            queue.doubted = 1;
        },
        unmet: &[
            (T::SafeguardsClear, C::ChangesBlocked, S::Error),
            (T::ValuesStorable, C::ValuesWithheld, S::Warning),
            (T::EventsSucceeded, C::EventsFailed, S::Warning),
            (T::ObjectsReadable, C::ObjectsUnreadable, S::Warning),
            (T::EventsApplied, C::ChangesPending, S::Info),
            (T::RecordsConfirmed, C::ResendPending, S::Info),
        ],
        health: H::Blocked,
        current: Status::False,
        ready: true,
    },
];

fn failed(kind: RunKind) -> FailedRun {
    let finding =
        Finding::error(Fact::SyncRunFailed { kind, error: "could not read users and groups in Okta".into() });
    FailedRun { kind, ended_at: now(), finding }
}
