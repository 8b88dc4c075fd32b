//! Situations of the process, the state store, and the setup.

use super::situation::{Situation, minutes_ago, now};
use crate::domain::alert::AlertKind;
use crate::domain::condition::evidence::{ActiveExecution, PauseEnd, Process};
use crate::domain::condition::health::ConnectionHealth as H;
use crate::domain::condition::{ConditionStatus as Status, ConditionType as T};
use crate::domain::finding::Finding;
use crate::domain::finding::fact::{Fact, FindingCode as C};
use crate::domain::severity::Severity as S;
use crate::domain::task::Task;

pub(super) const SITUATIONS: &[Situation] = &[
    Situation {
        name: "in sync",
        change: |world| {
            let _ = world;
        },
        unmet: &[],
        health: H::InSync,
        current: Status::True,
        ready: true,
    },
    Situation {
        name: "no process runs it",
        change: |world| world.process = Process::Absent,
        unmet: &[(T::LeaderRunning, C::NotRunning, S::Warning)],
        health: H::Degraded,
        current: Status::Unknown,
        ready: false,
    },
    Situation {
        name: "another process runs it",
        change: |world| world.process = Process::Other,
        unmet: &[],
        health: H::InSync,
        current: Status::True,
        ready: true,
    },
    Situation {
        name: "store unreadable",
        change: |world| world.store = Err(Finding::error(Fact::StoreUnreadable { error: "locked".into() })),
        unmet: &[(T::StoreAvailable, C::StoreUnreadable, S::Error)],
        health: H::Failing,
        current: Status::Unknown,
        ready: false,
    },
    Situation {
        name: "store lost",
        change: |world| world.store = Err(Finding::error(Fact::StoreLost { error: "deleted".into() })),
        unmet: &[(T::StoreAvailable, C::StoreLost, S::Error)],
        health: H::Failing,
        current: Status::Unknown,
        ready: false,
    },
    Situation {
        name: "store lost while readable",
        change: |world| world.failed(None, AlertKind::StoreLost, S::Error),
        unmet: &[(T::StoreAvailable, C::StoreLost, S::Error)],
        health: H::Failing,
        current: Status::Unknown,
        ready: false,
    },
    Situation {
        name: "disk almost full",
        change: |world| world.low_space = Some(1 << 20),
        unmet: &[(T::StoreSpace, C::StoreSpaceLow, S::Error)],
        health: H::Failing,
        current: Status::Unknown,
        ready: false,
    },
    Situation {
        name: "paused without an end",
        change: |world| world.store().pause = Some(PauseEnd::Open),
        unmet: &[(T::SendingEnabled, C::Paused, S::Warning)],
        health: H::Paused,
        current: Status::False,
        ready: true,
    },
    Situation {
        name: "paused until a time",
        change: |world| world.store().pause = Some(PauseEnd::At(now())),
        unmet: &[(T::SendingEnabled, C::Paused, S::Warning)],
        health: H::Paused,
        current: Status::False,
        ready: true,
    },
    Situation {
        name: "paused with pending events",
        change: |world| {
            world.store().pause = Some(PauseEnd::Open);
            world.store().queue.pending = 3;
            world.store().queue.oldest_unclaimed_at = Some(minutes_ago(90));
        },
        unmet: &[(T::SendingEnabled, C::Paused, S::Warning), (T::EventsApplied, C::ChangesPending, S::Info)],
        health: H::Paused,
        current: Status::False,
        ready: true,
    },
    Situation {
        name: "paused while blocked",
        change: |world| {
            world.store().pause = Some(PauseEnd::Open);
            world.store().queue.blocked = 3;
        },
        unmet: &[
            (T::SafeguardsClear, C::ChangesBlocked, S::Error),
            (T::SendingEnabled, C::Paused, S::Warning),
        ],
        health: H::Paused,
        current: Status::False,
        ready: true,
    },
    Situation {
        name: "events unclaimed within the limit",
        change: |world| world.store().queue.oldest_unclaimed_at = Some(minutes_ago(9)),
        unmet: &[],
        health: H::InSync,
        current: Status::True,
        ready: true,
    },
    Situation {
        name: "events unclaimed for too long",
        change: |world| world.store().queue.oldest_unclaimed_at = Some(minutes_ago(11)),
        unmet: &[(T::EventsProgressing, C::EventsStalled, S::Error)],
        health: H::Failing,
        current: Status::False,
        ready: false,
    },
    Situation {
        name: "events unclaimed since before the start",
        change: |world| {
            world.process = Process::Leader { since: minutes_ago(1) };
            world.store().queue.oldest_unclaimed_at = Some(minutes_ago(600));
        },
        unmet: &[],
        health: H::InSync,
        current: Status::True,
        ready: true,
    },
    Situation {
        name: "events unclaimed in another process",
        change: |world| {
            world.process = Process::Other;
            world.store().queue.oldest_unclaimed_at = Some(minutes_ago(11));
        },
        unmet: &[(T::EventsProgressing, C::EventsStalled, S::Error)],
        health: H::Failing,
        current: Status::False,
        ready: false,
    },
    Situation {
        name: "execution in progress",
        change: |world| {
            world.store().execution = Some(ActiveExecution { id: "e1".into(), started_at: minutes_ago(2) });
        },
        unmet: &[(T::EventsProgressing, C::ExecutionInProgress, S::Info)],
        health: H::Syncing,
        current: Status::False,
        ready: true,
    },
    Situation {
        name: "execution in progress for too long",
        change: |world| {
            world.store().execution = Some(ActiveExecution { id: "e1".into(), started_at: minutes_ago(11) });
        },
        unmet: &[(T::EventsProgressing, C::ExecutionInProgress, S::Warning)],
        health: H::Degraded,
        current: Status::False,
        ready: true,
    },
    Situation {
        name: "recovery fails once",
        change: |world| world.failed(Some(Task::Recovery), AlertKind::SyncStalled, S::Warning),
        unmet: &[(T::EventsProgressing, C::TaskFailing, S::Warning)],
        health: H::Degraded,
        current: Status::False,
        ready: true,
    },
    Situation {
        name: "recovery keeps failing",
        change: |world| world.failed(Some(Task::Recovery), AlertKind::SyncStalled, S::Error),
        unmet: &[(T::EventsProgressing, C::TaskFailing, S::Error)],
        health: H::Failing,
        current: Status::False,
        ready: false,
    },
    Situation {
        name: "never set up",
        change: |world| {
            world.store().schema_compared = false;
            world.store().last_full_sync_at = None;
        },
        unmet: &[(T::InitialSync, C::NeverSynced, S::Warning)],
        health: H::SetupIncomplete,
        current: Status::False,
        ready: true,
    },
    Situation {
        name: "set up and never synced",
        change: |world| world.store().last_full_sync_at = None,
        unmet: &[(T::InitialSync, C::NeverSynced, S::Warning)],
        health: H::SetupIncomplete,
        current: Status::False,
        ready: true,
    },
    Situation {
        name: "first sync runs",
        change: |world| {
            world.store().last_full_sync_at = None;
            world.setting_up = true;
        },
        unmet: &[(T::InitialSync, C::NeverSynced, S::Warning)],
        health: H::SettingUp,
        current: Status::False,
        ready: true,
    },
    Situation {
        name: "schema never compared",
        change: |world| world.store().schema_compared = false,
        unmet: &[],
        health: H::Syncing,
        current: Status::Unknown,
        ready: true,
    },
];
