//! Order and time in memory.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use crate::domain::event::EventState;
use crate::domain::reading::Reading;
use crate::domain::store_error::StoreError;
use crate::ports::state::time::TimeState;
use crate::testing::memory_store::MemoryStore;
use crate::testing::memory_store::tables::Tables;

/// A pause that ends later has no end.
const ENDLESS: SignedDuration = SignedDuration::from_hours(24 * 365 * 1000);

#[async_trait]
impl TimeState for MemoryStore {
    async fn next_reading(&self, now: Timestamp) -> Result<Reading, StoreError> {
        Ok(Reading { number: self.tables("next_reading")?.next_seq(), at: now })
    }

    async fn last_reading(&self, now: Timestamp) -> Result<Reading, StoreError> {
        Ok(Reading { number: self.tables("last_reading")?.last_seq, at: now })
    }

    async fn bookmark(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.tables("bookmark")?.bookmark)
    }

    async fn save_bookmark(&self, time: Timestamp) -> Result<(), StoreError> {
        self.tables("save_bookmark")?.bookmark = Some(time);
        Ok(())
    }

    async fn clock_offset(&self) -> Result<Option<SignedDuration>, StoreError> {
        Ok(self.tables("clock_offset")?.clock_offset)
    }

    async fn save_clock_offset(&self, offset: SignedDuration) -> Result<(), StoreError> {
        self.tables("save_clock_offset")?.clock_offset = Some(offset);
        Ok(())
    }

    async fn follow_clock(&self, step: SignedDuration, now: Timestamp) -> Result<(), StoreError> {
        let mut tables = self.tables("follow_clock")?;
        // A starting process compares its clock soon: until then, a time in the future may be right.
        if !step.is_zero() || tables.clock_offset.is_none() {
            tables.keep_ages(step, now);
        }
        if step <= SignedDuration::ZERO {
            tables.make_due(now);
        }
        // A sample may be a little newer than `now`.
        let limit = moved(now, SignedDuration::from_mins(1));
        tables.samples.retain(|at, _| *at <= limit);
        Ok(())
    }
}

fn moved(time: Timestamp, step: SignedDuration) -> Timestamp {
    time.checked_add(step).unwrap_or(if step.is_negative() { Timestamp::MIN } else { Timestamp::MAX })
}

impl Tables {
    /// Keeps ages and remaining times when the clock steps.
    fn keep_ages(&mut self, step: SignedDuration, now: Timestamp) {
        let aged = |time: &mut Timestamp| *time = moved(*time, step).min(now);
        self.unconfirmed.values_mut().for_each(|sent| aged(&mut sent.read_at));
        self.stale.values_mut().for_each(|stale| aged(&mut stale.became_stale_at));
        self.blocked.values_mut().for_each(|(_, at)| aged(at));
        let pending = self.events.values_mut().filter(|event| event.state == EventState::Pending);
        pending.for_each(|event| aged(&mut event.received_at));
        self.confirmed.values_mut().filter_map(|confirmed| confirmed.retired_at.as_mut()).for_each(aged);
        let open = self.requests.values_mut().filter(|asked| asked.run.is_none());
        open.for_each(|asked| aged(&mut asked.request.requested_at));
        self.clock_offset = self.clock_offset.map(|offset| offset.saturating_add(step));
        self.work.iter_mut().for_each(|work| {
            work.claimed_until = work.claimed_until.map(|until| moved(until, step));
        });
        let is_endless = |until: Timestamp| until.duration_since(now) >= ENDLESS;
        let pause = self.paused_until;
        self.paused_until = pause.map(|until| if is_endless(until) { until } else { moved(until, step) });
        self.held_until = self.held_until.map(|until| moved(until, step));
    }

    /// Makes future work due.
    fn make_due(&mut self, now: Timestamp) {
        let work = self.work.iter_mut().map(|work| &mut work.next_attempt_at);
        let sent = self.unconfirmed.values_mut().map(|sent| &mut sent.next_attempt_at);
        let stale = self.stale.values_mut().map(|stale| &mut stale.next_attempt_at);
        work.chain(sent).chain(stale).for_each(|next| *next = (*next).min(now));
    }
}
