//! The engine with a rule switched off.

mod directory;
mod feed;
mod importer;
mod order;
mod structure;

use std::path::Path;
use std::sync::Arc;

use jiff::SignedDuration;
use sync_engine::{EngineOptions, MappingView, Place, Ports, with_views};

use crate::circumstances::{Circumstances, limits};

/// A rule that is not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DisabledRule {
    /// "Done" is taken for success: what Assets dropped counts as confirmed.
    ConfirmsWhateverIsDone,
    /// The log's place is remembered, and some of its events are not.
    SkipsEventsOfTheLog,
    /// An empty value is left out of a record, so that Assets keeps the old one.
    ForgetsToClear,
    /// Objects that are gone in Okta are not marked in Assets.
    LeavesTheDeadAlive,
    /// An object that cannot be read counts as deleted, whatever the answer proves.
    BelievesEveryRefusal,
    /// Each loss is held against the limits alone, whatever was lost shortly before.
    CountsNoLossesOverTime,
    /// A confirmation counts whatever the import source that gave it.
    ConfirmsAnywhere,
    /// A plan adds to the object schema what it shows.
    PlanWrites,
    /// A bookmark is the time of this machine's clock.
    BookmarksByItsClock,
    /// A page with an item that cannot be read is not read.
    StopsAtOddItems,
    /// An event that cannot be read is passed over.
    SkipsOddEvents,
    /// Readings are ordered by a clock that is set back now and then.
    OrdersByAClock,
}

impl DisabledRule {
    pub(crate) const ALL: [Self; 12] = [
        Self::ConfirmsWhateverIsDone,
        Self::SkipsEventsOfTheLog,
        Self::ForgetsToClear,
        Self::LeavesTheDeadAlive,
        Self::BelievesEveryRefusal,
        Self::CountsNoLossesOverTime,
        Self::ConfirmsAnywhere,
        Self::PlanWrites,
        Self::BookmarksByItsClock,
        Self::StopsAtOddItems,
        Self::SkipsOddEvents,
        Self::OrdersByAClock,
    ];

    /// Circumstances in which the rule matters, without anything that mends what a broken engine misses.
    pub(crate) const fn circumstances(self) -> Circumstances {
        const FAIR: &str = "okta.latency=0..5@0.1";
        match self {
            Self::ConfirmsWhateverIsDone => Circumstances::calm("executions.drop=0.5,executions.fail=0.3"),
            Self::SkipsEventsOfTheLog => {
                Circumstances { events: Some("both"), ..Circumstances::calm("hooks.lost=1") }
            }
            Self::BelievesEveryRefusal => Circumstances::calm("okta.404=0.7/api/v1/users/"),
            Self::ForgetsToClear | Self::LeavesTheDeadAlive | Self::PlanWrites | Self::OrdersByAClock => {
                Circumstances::calm(FAIR)
            }
            Self::CountsNoLossesOverTime => {
                Circumstances { limits: Some(limits(2)), ..Circumstances::calm(FAIR) }
            }
            Self::ConfirmsAnywhere => Circumstances { switches: Some(0.01), ..Circumstances::calm(FAIR) },
            // What an import brings is found by reading what changed lately, and by nothing else.
            Self::BookmarksByItsClock => {
                Circumstances { events: Some("event_hook"), clock: Some(0.05), ..Circumstances::calm(FAIR) }
            }
            // Every page of the log has an event that cannot be read, such as that a user was deleted.
            Self::SkipsOddEvents => {
                Circumstances { events: Some("system_log"), ..Circumstances::calm("okta.odd=1/api/v1/logs") }
            }
            // Every listing of groups and members has an item that cannot be read; each object alone can be read.
            Self::StopsAtOddItems => Circumstances {
                events: Some("event_hook"),
                lasting: Some("okta.odd=1/api/v1/groups"),
                ..Circumstances::calm("okta.odd=1/api/v1/groups")
            },
        }
    }

    /// Makes the store break the rule, where the store keeps it.
    pub(crate) async fn prepare(self, store: &Path) {
        if self == Self::OrdersByAClock {
            order::disturb(store).await;
        }
    }

    pub(crate) fn apply(self, ports: &mut Ports, options: &mut EngineOptions) {
        match self {
            Self::SkipsEventsOfTheLog => {
                ports.feed = ports.feed.take().map(|feed| feed::lossy(feed, feed::is_deletion));
            }
            Self::SkipsOddEvents => {
                ports.feed = ports.feed.take().map(|feed| feed::lossy(feed, feed::is_odd));
            }
            Self::CountsNoLossesOverTime => options.safeguards.window = SignedDuration::ZERO,
            Self::PlanWrites => ports.target_schema = structure::writing(Arc::clone(&ports.target_schema)),
            _ => {
                let clock = Arc::clone(&ports.clock);
                ports.target_schema = with_views(Arc::clone(&ports.target_schema), move |view| MappingView {
                    rules: match self {
                        Self::LeavesTheDeadAlive => Arc::new(directory::Undead(view.rules)),
                        _ => view.rules,
                    },
                    directory: directory::misled(Arc::clone(&view.directory), self, Arc::clone(&clock)),
                    importer: importer::careless(Arc::clone(&view.importer), self),
                    place: if self == Self::ConfirmsAnywhere { nowhere(view.place) } else { view.place },
                    ..view
                });
            }
        }
    }
}

/// A place that is the same everywhere.
fn nowhere(place: Place) -> Place {
    Place { origin: None, import_source: None, workspace: None, object_schema: None, ..place }
}
