//! The circumstances of a history: random ones, or those that a certain rule needs to matter.

/// Events of a history beside changes of the org.
use sync_engine::Safeguards;

#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Circumstances {
    /// The faults of the whole history; random ones where none are given.
    pub(crate) weather: Option<&'static str>,
    /// The faults that do not end with the history.
    pub(crate) lasting: Option<&'static str>,
    /// The event source, in place of a random one.
    pub(crate) events: Option<&'static str>,
    /// The safeguards, in place of random ones.
    pub(crate) limits: Option<Safeguards>,
    /// The chance of each step to switch to the other import source, in place of a small one.
    pub(crate) switches: Option<f64>,
    /// The chance of each step to set the clock, in place of a small one.
    pub(crate) clock: Option<f64>,
    /// True if nothing happens that has everything read again: no edits in Assets, no loss of a process.
    pub(crate) calm: bool,
}

impl Circumstances {
    /// Everything at random.
    pub(crate) const RANDOM: Self = Self {
        weather: None,
        lasting: None,
        events: None,
        limits: None,
        switches: None,
        clock: None,
        calm: false,
    };

    /// Some faults and nothing else.
    pub(crate) const fn calm(weather: &'static str) -> Self {
        Self { weather: Some(weather), switches: Some(0.0), calm: true, ..Self::RANDOM }
    }
}

/// No loss is suspicious: a small org in which much happens.
pub(crate) const NO_SAFEGUARDS: Safeguards = Safeguards {
    min_retired_count: u64::MAX,
    min_removed_memberships_count: u64::MAX,
    min_cleared_values_count: u64::MAX,
    override_safeguards: true,
    ..limits(5)
};

/// Safeguards that a history exercises.
pub(crate) const fn limits(handful: u64) -> Safeguards {
    Safeguards {
        max_retired_percent: 20.0,
        min_retired_count: handful,
        max_removed_memberships_percent: 20.0,
        min_removed_memberships_count: 5 * handful,
        max_cleared_values_percent: 20.0,
        min_cleared_values_count: 2 * handful,
        window: jiff::SignedDuration::from_hours(1),
        override_safeguards: false,
    }
}
