//! Separates records that Assets rejects or drops from the others in their execution.
//!
//! A rejection over HTTP names its record: the importer leaves it out of the execution, and the others continue.
//! Records dropped in the result are found by reading the objects back if there is an account: objects that match their
//! records are proven. The rest are found in further executions: the presumably good ones are sent together with half
//! of the suspects, so that each execution confirms as much as possible and halves the rest.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use sync_model::{ObjectKind, Record, RecordKey, RunId};
use tokio_util::sync::CancellationToken;

use crate::domain::error::{EngineError, error_chain};
use crate::domain::finding::Finding;
use crate::domain::finding::fact::Fact;
use crate::domain::finding::subject::FindingSubject;
use crate::domain::import::{Outcome, RejectedRecord};
use crate::domain::report::{RunReport, RunState};
use crate::import::imports::Imports;
use crate::ports::target_objects::TargetObjects;
use crate::ports::view::MappingView;

/// The most records of a kind that are read back; more are halved first, which needs fewer requests.
const READ_BACK: u64 = 20_000;
/// The pause before missing objects are looked up again: the index lags behind the import.
const INDEX_LAG: Duration = Duration::from_secs(3);
/// The time limit for reading back.
const READ_BACK_LIMIT: Duration = Duration::from_mins(3);

/// The kinds that an execution didn't account for, with the number of dropped records; `None` if it is unknown.
pub(crate) type Unaccounted = BTreeMap<ObjectKind, Option<u64>>;

/// The sent records that an execution did not account for.
pub(crate) fn unaccounted(
    outcome: &Outcome,
    sent: &BTreeMap<ObjectKind, u64>,
    confirmed: &[ObjectKind],
) -> Unaccounted {
    let dropped = |kind, sent: u64| {
        let known = outcome.types.iter().find(|t| outcome.ok && t.kind == Some(kind));
        known.map(|t| sent.saturating_sub(t.created + t.updated + t.identical)).filter(|n| *n > 0)
    };
    sent.iter()
        .filter(|(kind, _)| !confirmed.contains(kind))
        .map(|(&kind, &sent)| (kind, dropped(kind, sent)))
        .collect()
}

impl Imports {
    /// Removes records from a run that the importer rejects alone.
    pub(crate) async fn remove_rejected(
        &self,
        run: RunId,
        rejected: Vec<RejectedRecord>,
        sent: &mut BTreeMap<ObjectKind, u64>,
        report: &mut RunReport,
    ) -> Result<(), EngineError> {
        if rejected.is_empty() {
            return Ok(());
        }
        self.context.store().reject(run, &rejected, self.context.now()).await?;
        report.state = RunState::Partial;
        for RejectedRecord { key, reason, partly_sent } in rejected {
            if let Some(sent) = sent.get_mut(&key.kind).filter(|_| !partly_sent) {
                *sent = sent.saturating_sub(1);
            }
            report.counts(key.kind).rejected += 1;
            let rejected = Finding::warning(Fact::RecordRejected { error: reason });
            report.add(rejected.about(FindingSubject::Object { key }));
        }
        Ok(())
    }

    /// Reads back the records that the counters of an ended execution don't account for, if there is an account:
    /// records that the target holds as sent are proven, and the rest are suspects. Without a response all of them are
    /// suspects.
    pub(crate) async fn prove(
        &self,
        run: RunId,
        view: &MappingView,
        unaccounted: &Unaccounted,
        stop: &CancellationToken,
    ) -> Result<(), EngineError> {
        let Some(objects) = view.objects.as_deref().filter(|_| !unaccounted.is_empty()) else {
            return Ok(());
        };
        let read = async {
            let mut proven = HashSet::new();
            for pause in [Duration::ZERO, INDEX_LAG] {
                tokio::time::sleep(pause).await;
                if self.prove_once(run, view, objects, unaccounted, &mut proven).await? {
                    break;
                }
            }
            Ok::<_, EngineError>(())
        };
        let read = tokio::select! {
            () = stop.cancelled() => return Ok(()),
            read = tokio::time::timeout(READ_BACK_LIMIT, read) => read,
        };
        match read {
            Ok(Err(EngineError::Store(error))) => return Err(error.into()),
            Ok(Err(error)) => {
                tracing::warn!(error = %error_chain(&error), "could not read objects back; resending the suspects");
            }
            Err(_) => tracing::warn!("reading objects back exceeded its time limit; resending the suspects"),
            Ok(Ok(())) => {}
        }
        Ok(())
    }

    /// True if no further lookup is needed: there are no more suspects than dropped records.
    async fn prove_once(
        &self,
        run: RunId,
        view: &MappingView,
        objects: &dyn TargetObjects,
        unaccounted: &Unaccounted,
        proven: &mut HashSet<RecordKey>,
    ) -> Result<bool, EngineError> {
        let mut sent: BTreeMap<ObjectKind, u64> = BTreeMap::new();
        for ((kind, _), n) in self.context.store().staged_counts(run).await? {
            *sent.entry(kind).or_default() += n;
        }
        sent.retain(|kind, n| unaccounted.contains_key(kind) && *n <= READ_BACK);
        let (mut suspects, mut lacking) = (HashSet::new(), HashMap::new());
        let mut after = None;
        while !sent.is_empty() {
            let page = self.context.store().staged(run, after.as_ref(), self.context.options.page).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.record.key.clone());
            let is_open = |key: &RecordKey| sent.contains_key(&key.kind) && !proven.contains(key);
            let records: Vec<Record> = page
                .into_iter()
                .filter(|staged| is_open(&staged.record.key))
                .map(|staged| view.sendable(staged.record))
                .collect();
            let stored = objects.stored(&records).await.map_err(EngineError::Import)?;
            suspects
                .extend(records.into_iter().map(|record| record.key).filter(|key| !stored.contains_key(key)));
            let (whole, rest): (HashMap<_, _>, HashMap<_, _>) =
                stored.into_iter().partition(|(_, absent)| absent.is_empty());
            lacking.extend(rest);
            let whole: Vec<RecordKey> = whole.into_keys().collect();
            self.context.store().prove(run, &whole).await?;
            proven.extend(whole);
        }
        // A reference to a suspect is set once the suspect is confirmed: then its referrers are resent.
        lacking.retain(|_, absent| absent.iter().all(|key| suspects.contains(key)));
        let lacking: Vec<RecordKey> = lacking.into_keys().collect();
        self.context.store().prove(run, &lacking).await?;
        proven.extend(lacking);
        for key in proven.iter() {
            if let Some(left) = sent.get_mut(&key.kind) {
                *left = left.saturating_sub(1);
            }
        }
        Ok(sent.iter().all(|(kind, left)| unaccounted[kind].is_none_or(|dropped| *left <= dropped)))
    }

    /// Separates suspects from the good among records that an execution did not account for.
    pub(crate) async fn isolate(
        &self,
        run: RunId,
        outcome: &Outcome,
        unaccounted: &Unaccounted,
    ) -> Result<(), EngineError> {
        if unaccounted.is_empty() {
            return Ok(());
        }
        let of_types = outcome.types.iter().flat_map(|t| &t.messages);
        let said: Vec<&str> = of_types.chain(&outcome.messages).map(String::as_str).collect();
        Ok(self.context.store().isolate(run, unaccounted, &said.join("\n"), self.context.now()).await?)
    }
}
