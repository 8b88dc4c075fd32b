//! Objects that are read by ID at the same time.

use futures::StreamExt;
use futures::stream::{self, BoxStream};
use jiff::Timestamp;
use sync_model::{ObjectKind, RecordKey, UserId};

use crate::domain::alert::{AlertKind, TaskFailure};
use crate::domain::directory::DirectoryObject;
use crate::domain::error::{EngineError, PortError, error_chain};
use crate::domain::finding::Finding;
use crate::domain::finding::fact::Fact;
use crate::domain::task::Task;
use crate::domain::unreadable_object::UnreadableObject;
use crate::ports::progress::Phase;
use crate::sync::fetched::{Failure, Fetch};
use crate::sync::read::Read;
use crate::sync::read::Reads;

/// The number of consecutive unanswered objects that is reported while the others are still read.
const OUTAGE: usize = 10;

/// The responses to the reads of a wave.
#[derive(Default)]
pub(crate) struct Wave {
    /// The present objects.
    pub(crate) found: Vec<DirectoryObject>,
    /// The deleted objects.
    pub(crate) gone: Vec<RecordKey>,
}

impl Wave {
    /// Adds the object, or its deletion.
    fn add(&mut self, fetch: &mut Fetch<'_>, key: RecordKey, read: Option<Read>) {
        fetch.report.counts(key.kind).read += 1;
        let last_updated = read.as_ref().map(|read| read.observed.last_updated.unwrap_or(Timestamp::MAX));
        fetch.states.objects.insert(key.clone(), last_updated);
        let Some(Read { observed, groups }) = read else {
            self.gone.push(key);
            return;
        };
        self.found.push(observed);
        if key.kind == ObjectKind::User {
            let id = UserId::new(key.id);
            match groups {
                Some(groups) => drop(fetch.states.groups.insert(id, groups.into_iter().collect())),
                None => drop(fetch.states.unselected.insert(id)),
            }
        }
    }
}

/// The reads of a wave that failed, as far as they may be an outage.
#[derive(Default)]
struct Failures {
    /// True if the directory answered for an object.
    answered: bool,
    /// The first failure that any object can meet.
    outage: Option<PortError>,
    refused: usize,
    /// The number of failures since the last answer.
    silent: usize,
}

impl Failures {
    const fn answered(&mut self) {
        (self.answered, self.silent) = (true, 0);
    }

    fn count(&mut self, error: &PortError) {
        self.refused += usize::from(error.is_refused());
        self.silent += usize::from(error.is_transient() && !error.is_single_record());
    }

    fn keep(&mut self, error: PortError) {
        if self.outage.is_none() && !error.is_single_record() {
            self.outage = Some(error);
        }
    }

    /// # Errors
    /// The first failure, if no request succeeded: the objects aren't at fault.
    fn conclude(self) -> Result<(), EngineError> {
        // A single object may be out of the app's reach.
        let alone = self.refused == 1 && self.outage.as_ref().is_some_and(PortError::is_refused);
        match self.outage {
            Some(error) if !self.answered && !alone => Err(EngineError::Directory(error)),
            _ => Ok(()),
        }
    }
}

impl Reads {
    /// Reads objects by ID. Those that can't be read are added to the failed ones of the fetch.
    pub(crate) async fn read_wave(
        &self,
        fetch: &mut Fetch<'_>,
        keys: Vec<RecordKey>,
    ) -> Result<Wave, EngineError> {
        let run = fetch.run;
        let mut reads: BoxStream<'_, (RecordKey, Result<Option<Read>, EngineError>)> = stream::iter(keys)
            .map(|key| async move {
                let read = self.read_object(&run.view, &key).await;
                (key, read)
            })
            .buffer_unordered(self.context.options.concurrency)
            .boxed();
        let (mut wave, mut failures) = (Wave::default(), Failures::default());
        while let Some((key, read)) = reads.next().await {
            fetch.progress.advance(Phase::Objects, 1);
            match read {
                Ok(read) => {
                    failures.answered();
                    wave.add(fetch, key, read);
                }
                // One unreadable object must not delay the others.
                Err(EngineError::Directory(error))
                    if error.is_single_record() || error.is_transient() || error.is_refused() =>
                {
                    let transient = error.is_transient() || error.is_refused();
                    let failure = Failure { reason: error_chain(&error), transient };
                    fetch.report.unreadable.add(UnreadableObject::new(&key, "", failure.reason.clone()));
                    fetch.states.failed.insert(key, failure);
                    failures.count(&error);
                    if failures.silent == OUTAGE {
                        // A large batch would take minutes.
                        self.report_outage(&error);
                    }
                    failures.keep(error);
                }
                Err(error) => return Err(error),
            }
        }
        failures.conclude()?;
        Ok(wave)
    }

    fn report_outage(&self, error: &PortError) {
        let (task, reason, at) = (Task::Events, error_chain(error), self.context.now());
        let fact = Fact::TaskFailing { task, error: reason, occurrences: 1 };
        let finding = Finding { remedy: error.remedy().cloned(), ..Finding::warning(fact) };
        self.context.ports.alerts.task_failed(TaskFailure {
            task,
            kind: AlertKind::SyncStalled,
            finding,
            at,
        });
    }
}
