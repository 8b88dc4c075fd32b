//! Objects that a full sync didn't list.

use futures::StreamExt;
use futures::stream::{self, BoxStream};
use sync_model::{ObjectKind, Record, RecordKey, RetireReason};

use crate::domain::checkpoint::SyncCheckpoint;
use crate::domain::error::EngineError;
use crate::domain::reading::Reading;
use crate::domain::record_state::RecordState;
use crate::domain::staged::{ChangeKind, StagedChange};
use crate::domain::unreadable_object::UnreadableObject;
use crate::domain::violation::SafeguardViolation;
use crate::ports::progress::Phase;
use crate::ports::view::MappingView;
use crate::sync::active_sync::ActiveSync;
use crate::sync::listing::Listings;
use crate::sync::single_reads::SingleReads;

impl Listings {
    /// Retires current objects that are no longer listed, after reading each object by ID.
    pub(crate) async fn stage_missing(
        &self,
        sync: &ActiveSync<'_>,
        kind: ObjectKind,
        checkpoint: &mut SyncCheckpoint,
    ) -> Result<(), EngineError> {
        let &ActiveSync { run, limits, progress, .. } = sync;
        let missing = self.context.store().count_unlisted(run.id, kind).await?;
        if missing == 0 {
            return Ok(());
        }
        let known = self.context.store().object_counts().await?.get(&kind).map_or(0, |counts| counts.current);
        let listed = checkpoint.read.get(&kind).copied().unwrap_or_default();
        if listed == 0 && !limits.override_safeguards {
            return Err(SafeguardViolation::EmptyListing { kind, total: known }.into());
        }
        // Checked before thousands of objects are read one by one.
        let since = self.context.window_begin(run, limits).await?;
        let recent = self.context.store().recently_retired_objects(since).await?;
        limits.check(kind, missing, recent.get(&kind).copied().unwrap_or_default(), known)?;

        let (mut after, mut singles): (Option<String>, _) = (None, SingleReads::default());
        loop {
            let page = self
                .context
                .store()
                .unlisted(run.id, kind, after.as_deref(), self.context.options.page)
                .await?;
            let Some(last) = page.last() else { return self.reads.prove_answers(&run.view, singles).await };
            after = Some(last.key.id.clone());
            let keys: Vec<RecordKey> = page.iter().map(|record| record.key.clone()).collect();
            let known = &self.context.store().record_states(&keys).await?;
            let reading = self.context.reading(run).await?;
            let mut reads: BoxStream<'_, (RecordKey, Result<Option<StagedChange>, EngineError>)> =
                stream::iter(page)
                    .map(|record| async move {
                        let (key, known) = (record.key.clone(), known.get(&record.key));
                        (key, self.read_missing(&run.view, record, known, reading).await)
                    })
                    .buffer_unordered(self.context.options.concurrency)
                    .boxed();
            let mut staged = Vec::new();
            while let Some((key, read)) = reads.next().await {
                match read {
                    Ok(read) => {
                        singles.answered();
                        staged.extend(read);
                    }
                    // Without proof of deletion, the object stays unchanged.
                    Err(error) => {
                        let object = UnreadableObject::new(&key, "", singles.defer(error)?.reason);
                        self.defer_one(run, object, checkpoint).await?;
                    }
                }
            }
            progress.advance(Phase::Unlisted, staged.len() as u64);
            self.context.store().stage(run.id, &[], &staged).await?;
        }
    }

    /// Reads an object that a listing didn't contain.
    async fn read_missing(
        &self,
        view: &MappingView,
        last: Record,
        known: Option<&RecordState>,
        reading: Reading,
    ) -> Result<Option<StagedChange>, EngineError> {
        let departure = match self.reads.read_object(view, &last.key).await?.map(|read| read.observed) {
            Some(found) if found.in_scope => return Ok(StagedChange::of(found.record, known, reading)),
            Some(_) => RetireReason::OutOfScope,
            None => RetireReason::Deleted,
        };
        let record = view.rules.retire(&last, departure);
        Ok(Some(StagedChange::new(ChangeKind::Retire, record, reading)))
    }
}
