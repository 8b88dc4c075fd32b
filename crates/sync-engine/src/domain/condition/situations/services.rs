//! Situations of Okta, Assets, the event sources, and the clocks.

use super::situation::{Situation, minutes_ago, now};
use crate::domain::alert::AlertKind;
use crate::domain::condition::evidence::Process;
use crate::domain::condition::health::ConnectionHealth as H;
use crate::domain::condition::{ConditionStatus as Status, ConditionType as T};
use crate::domain::finding::fact::FindingCode as C;
use crate::domain::finding::subject::Service;
use crate::domain::severity::Severity as S;
use crate::domain::task::Task;

pub(super) const SITUATIONS: &[Situation] = &[
    Situation {
        name: "System Log fails once",
        change: |world| world.failed(Some(Task::EventFeed), AlertKind::SystemLogUnavailable, S::Warning),
        unmet: &[(T::SystemLogRead, C::TaskFailing, S::Warning)],
        health: H::Degraded,
        current: Status::Unknown,
        ready: true,
    },
    Situation {
        name: "System Log keeps failing",
        change: |world| world.failed(Some(Task::EventFeed), AlertKind::SystemLogUnavailable, S::Error),
        unmet: &[(T::SystemLogRead, C::TaskFailing, S::Error)],
        health: H::Failing,
        current: Status::Unknown,
        ready: false,
    },
    Situation {
        name: "System Log behind",
        change: |world| world.store().feed.as_mut().unwrap().caught_up_at = Some(minutes_ago(11)),
        unmet: &[(T::SystemLogRead, C::SystemLogBehind, S::Error)],
        health: H::Failing,
        current: Status::Unknown,
        ready: false,
    },
    Situation {
        name: "System Log never read",
        change: |world| world.store().feed = None,
        unmet: &[(T::SystemLogRead, C::SystemLogBehind, S::Error)],
        health: H::Failing,
        current: Status::Unknown,
        ready: false,
    },
    Situation {
        name: "System Log not read yet",
        change: |world| {
            world.store().feed = None;
            world.process = Process::Leader { since: minutes_ago(1) };
        },
        unmet: &[],
        health: H::Syncing,
        current: Status::Unknown,
        ready: true,
    },
    Situation {
        name: "clock set back since the start",
        change: |world| world.process = Process::Leader { since: minutes_ago(-600) },
        unmet: &[],
        health: H::InSync,
        current: Status::True,
        ready: true,
    },
    Situation {
        name: "System Log behind in another process",
        change: |world| {
            world.process = Process::Other;
            world.store().feed.as_mut().unwrap().caught_up_at = Some(minutes_ago(11));
        },
        unmet: &[(T::SystemLogRead, C::SystemLogBehind, S::Error)],
        health: H::Failing,
        current: Status::Unknown,
        ready: false,
    },
    Situation {
        name: "System Log alone",
        change: |world| world.has_event_hook = false,
        unmet: &[],
        health: H::InSync,
        current: Status::True,
        ready: true,
    },
    Situation {
        name: "System Log alone keeps failing",
        change: |world| {
            world.has_event_hook = false;
            world.failed(Some(Task::EventFeed), AlertKind::SystemLogUnavailable, S::Error);
        },
        unmet: &[(T::SystemLogRead, C::TaskFailing, S::Error)],
        health: H::Failing,
        current: Status::Unknown,
        ready: false,
    },
    Situation {
        name: "event hook alone",
        change: |world| world.reads_system_log = false,
        unmet: &[],
        health: H::Syncing,
        current: Status::Unknown,
        ready: true,
    },
    Situation {
        name: "event hook alone without a feed",
        change: |world| {
            world.reads_system_log = false;
            world.store().feed = None;
        },
        unmet: &[],
        health: H::Syncing,
        current: Status::Unknown,
        ready: true,
    },
    Situation {
        name: "event hook inactive beside the System Log",
        change: |world| world.failed(Some(Task::EventHookCheck), AlertKind::EventHookUnhealthy, S::Error),
        unmet: &[(T::EventHookReady, C::TaskFailing, S::Warning)],
        health: H::Degraded,
        current: Status::True,
        ready: true,
    },
    Situation {
        name: "event hook inactive alone",
        change: |world| {
            world.reads_system_log = false;
            world.failed(Some(Task::EventHookCheck), AlertKind::EventHookUnhealthy, S::Error);
        },
        unmet: &[(T::EventHookReady, C::TaskFailing, S::Error)],
        health: H::Failing,
        current: Status::Unknown,
        ready: true,
    },
    Situation {
        name: "event hook not checked yet",
        change: |world| world.checks.event_hook_at = None,
        unmet: &[],
        health: H::InSync,
        current: Status::True,
        ready: true,
    },
    Situation {
        name: "event hook checked too long ago",
        change: |world| world.checks.event_hook_at = Some(minutes_ago(40)),
        unmet: &[],
        health: H::InSync,
        current: Status::True,
        ready: true,
    },
    Situation {
        name: "event hook alone checked too long ago",
        change: |world| {
            world.reads_system_log = false;
            world.checks.event_hook_at = Some(minutes_ago(40));
        },
        unmet: &[],
        health: H::Syncing,
        current: Status::Unknown,
        ready: true,
    },
    Situation {
        name: "deliveries fail beside the System Log",
        change: |world| world.failed(None, AlertKind::EventHookUnhealthy, S::Error),
        unmet: &[(T::EventHookReady, C::DeliveriesFailed, S::Warning)],
        health: H::Degraded,
        current: Status::True,
        ready: true,
    },
    Situation {
        name: "deliveries fail alone",
        change: |world| {
            world.reads_system_log = false;
            world.failed(None, AlertKind::EventHookUnhealthy, S::Error);
        },
        unmet: &[(T::EventHookReady, C::DeliveriesFailed, S::Error)],
        health: H::Failing,
        current: Status::Unknown,
        ready: true,
    },
    Situation {
        name: "schema check fails once",
        change: |world| world.failed(Some(Task::SchemaCheck), AlertKind::SyncStalled, S::Warning),
        unmet: &[(T::SchemaReady, C::TaskFailing, S::Warning)],
        health: H::Degraded,
        current: Status::Unknown,
        ready: true,
    },
    Situation {
        name: "schema check keeps failing",
        change: |world| world.failed(Some(Task::SchemaCheck), AlertKind::SyncStalled, S::Error),
        unmet: &[(T::SchemaReady, C::TaskFailing, S::Error)],
        health: H::Failing,
        current: Status::Unknown,
        ready: false,
    },
    Situation {
        name: "import token rejected",
        change: |world| world.failed(Some(Task::Events), AlertKind::SyncStalled, S::Error),
        unmet: &[(T::EventsProgressing, C::TaskFailing, S::Error)],
        health: H::Failing,
        current: Status::False,
        ready: false,
    },
    Situation {
        name: "Assets unreachable for a moment",
        change: |world| world.failed(Some(Task::Events), AlertKind::SyncStalled, S::Warning),
        unmet: &[(T::EventsProgressing, C::TaskFailing, S::Warning)],
        health: H::Degraded,
        current: Status::False,
        ready: true,
    },
    Situation {
        name: "sync fails once",
        change: |world| world.failed(Some(Task::Sync), AlertKind::SyncFailed, S::Warning),
        unmet: &[(T::SyncsSucceeding, C::TaskFailing, S::Warning)],
        health: H::Degraded,
        current: Status::False,
        ready: true,
    },
    Situation {
        name: "sync keeps failing",
        change: |world| world.failed(Some(Task::Sync), AlertKind::SyncFailed, S::Error),
        unmet: &[(T::SyncsSucceeding, C::TaskFailing, S::Error)],
        health: H::Failing,
        current: Status::False,
        ready: false,
    },
    Situation {
        name: "all tasks fail",
        change: |world| {
            world.failed(Some(Task::Events), AlertKind::SyncStalled, S::Error);
            world.failed(Some(Task::EventFeed), AlertKind::SystemLogUnavailable, S::Error);
            world.failed(Some(Task::Sync), AlertKind::SyncFailed, S::Error);
        },
        unmet: &[
            (T::SystemLogRead, C::TaskFailing, S::Error),
            (T::SyncsSucceeding, C::TaskFailing, S::Error),
            (T::EventsProgressing, C::TaskFailing, S::Error),
        ],
        health: H::Failing,
        current: Status::False,
        ready: false,
    },
    Situation {
        name: "clock of Okta ahead",
        change: |world| world.clock_skew = vec![(Service::Okta, 45)],
        unmet: &[(T::ClockSynchronized, C::ClockSkewed, S::Warning)],
        health: H::Degraded,
        current: Status::True,
        ready: true,
    },
    Situation {
        name: "clock of Okta behind",
        change: |world| world.clock_skew = vec![(Service::Okta, -45)],
        unmet: &[(T::ClockSynchronized, C::ClockSkewed, S::Warning)],
        health: H::Degraded,
        current: Status::True,
        ready: true,
    },
    Situation {
        name: "clock of Assets ahead",
        change: |world| world.clock_skew = vec![(Service::Assets, 31)],
        unmet: &[(T::ClockSynchronized, C::ClockSkewed, S::Warning)],
        health: H::Degraded,
        current: Status::True,
        ready: true,
    },
    Situation {
        name: "clocks within the limit",
        change: |world| world.clock_skew = vec![(Service::Okta, 30), (Service::Assets, -30)],
        unmet: &[],
        health: H::InSync,
        current: Status::True,
        ready: true,
    },
    Situation {
        name: "clocks not asked yet",
        change: |world| world.clock_skew.clear(),
        unmet: &[],
        health: H::InSync,
        current: Status::True,
        ready: true,
    },
    Situation {
        name: "rate limit delays requests",
        change: |world| world.throttled_until = Some(now() + jiff::SignedDuration::from_secs(9)),
        unmet: &[(T::RequestsUnthrottled, C::RateLimited, S::Info)],
        health: H::InSync,
        current: Status::True,
        ready: true,
    },
    Situation {
        name: "rate limit ended",
        change: |world| world.throttled_until = Some(minutes_ago(1)),
        unmet: &[],
        health: H::InSync,
        current: Status::True,
        ready: true,
    },
];
