//! From what events name to staged changes.
//!
//! No value is ever taken from an event. The object is read back by id, together with whatever must exist before its
//! references can be resolved, and goes the same way as in a full run. An answer that is older than the event is asked
//! for again a little later.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::time::Duration;

use futures::StreamExt;
use futures::stream::{self, BoxStream};
use jiff::{SignedDuration, Timestamp};
use sync_model::{GroupId, ObjectKind, Record, RecordKey, RunId, UserId};
use tokio_util::sync::CancellationToken;

use crate::{
    Alert, AlertKind, Change, EngineError, Look, LookSort, Observed, Quiet, RunKind, RunReport, Staged,
    Subject, SyncPlan, engine::Engine, read::classify,
};

/// How often an object that is older than its event is read again before it is taken as it is.
const MAX_STALE_READS: u32 = 6;
/// How often an object that should vanish is looked at: some twenty minutes.
const MAX_DELETION_READS: u32 = 10;
/// How often an object that nobody said was deleted, and that is not there, is looked for again: replicas lag.
const DOUBTS: u32 = 2;
/// How often a failing look is tried before its events are given up.
const MAX_ATTEMPTS: u32 = 12;
/// How many members a page of a listing holds.
const MEMBERS_A_PAGE: u64 = 1000;

/// What came of looking at objects.
pub(crate) struct Looked {
    /// What has to be sent.
    pub(crate) plan: SyncPlan,
    states: States,
    /// Attributes that the mapping does not know yet.
    unmapped: bool,
}

/// What the directory said.
#[derive(Default)]
struct States {
    /// When each object that was read changed last, and nothing for those that are gone.
    objects: HashMap<RecordKey, Option<Timestamp>>,
    /// The groups of each user that was read.
    groups: HashMap<UserId, HashSet<GroupId>>,
    /// Objects that could not be read, for a reason of their own.
    failed: HashMap<RecordKey, String>,
}

/// What subjects come to.
#[derive(Default)]
struct Wishes {
    /// Objects to read by id.
    objects: BTreeSet<RecordKey>,
    /// Groups of which the list of members is cheaper than its users.
    listings: BTreeSet<GroupId>,
    /// Whose membership of them was asked for.
    listed: Vec<(GroupId, UserId)>,
}

impl Engine {
    /// Handles what is due, as one run; `None` when nothing was.
    pub(crate) async fn process_events(
        &self,
        stop: &CancellationToken,
    ) -> Result<Option<RunReport>, EngineError> {
        let claim = self.ports.store.claim_looks(
            LookSort::Objects,
            self.options.batch,
            self.now(),
            self.options.lease,
        );
        let looks = claim.await?;
        if looks.is_empty() {
            return Ok(None);
        }
        let _looking = self.looking.read().await;
        // While no pass reads, memberships may be taken from confirmed records; none may begin before they are sent.
        let alone = self.passes.try_lock().ok();
        let run = self.ports.store.begin_run(RunKind::Events, self.now()).await?;
        let outcome = self
            .conclude(run, RunKind::Events, RunReport::default(), async |report| {
                let Looked { plan, mut states, .. } =
                    self.look_for_events(run, &looks, alone.is_some(), report).await?;
                if let Some((held, reason)) = self.apply_events(plan, &mut states, report, stop).await? {
                    self.give_up_on(&looks, &held, &reason).await?;
                }
                self.settle(&looks, &states).await
            })
            .await;
        match outcome {
            Ok(report) => Ok(Some(report)),
            Err(error) => {
                // Nothing that was looked at is to blame: it is looked at again as soon as it works again.
                self.ports.store.release(&looks).await?;
                Err(error)
            }
        }
    }

    /// Applies what was read. When the limits forbid to mark so many as gone, everything else is applied, and the objects
    /// that are held back are given, with the reason.
    async fn apply_events(
        &self,
        plan: SyncPlan,
        states: &mut States,
        report: &mut RunReport,
        stop: &CancellationToken,
    ) -> Result<Option<(Vec<RecordKey>, String)>, EngineError> {
        let run = plan.run;
        let refusal = match plan.approve(&self.options.limits) {
            Ok(approved) => {
                self.apply(approved, report, &Quiet, stop).await?;
                return Ok(None);
            }
            Err(refusal) => refusal,
        };
        self.alert(AlertKind::GuardTripped, refusal.to_string(), EngineError::from(refusal.clone()).hint());
        self.stats.failed(RunKind::Events.as_str(), true);
        report.note(refusal.to_string());
        let gone: Vec<RecordKey> =
            states.objects.iter().filter(|(_, at)| at.is_none()).map(|(key, _)| key.clone()).collect();
        // Seen, with nothing to send.
        self.ports.store.stage(run, &gone, &[]).await?;
        for key in &gone {
            states.objects.remove(key);
        }
        let rest = self.plan_of(run, report).await?;
        self.apply(rest.approve(&self.options.limits)?, report, &Quiet, stop).await?;
        Ok(Some((gone, refusal.to_string())))
    }

    /// Reads what the looks name; when the schema has grown, extends the mapping first and reads again.
    async fn look_for_events(
        &self,
        run: RunId,
        looks: &[Look],
        alone: bool,
        report: &mut RunReport,
    ) -> Result<Looked, EngineError> {
        // A 404 is believed at once only of what somebody said was deleted.
        let doubtful: HashSet<RecordKey> = looks
            .iter()
            .filter(|look| !look.expects_gone && look.attempts < DOUBTS)
            .filter_map(|look| object(&look.target))
            .collect();
        let subjects = || looks.iter().map(|look| look.target.clone());
        let looked = self.look_at(run, subjects(), &doubtful, alone, report).await?;
        if !looked.unmapped {
            return Ok(looked);
        }
        let compared = self.ports.structure.compare().await.map_err(EngineError::Structure)?;
        self.ask_for_values(&compared).await?;
        let structure = self.extend(compared).await?;
        report.add_structure(&structure);
        if structure.added_attributes.is_empty() {
            return Ok(looked);
        }
        tracing::info!(attributes = ?structure.added_attributes, "the directory's schema has grown; the object schema follows");
        self.look_at(run, subjects(), &doubtful, alone, report).await
    }

    /// Reads objects by id, and with them the groups that must exist first and the former members of groups that have
    /// gone; stages what differs. `alone` says that no pass reads, and none begins before what is staged is sent.
    pub(crate) async fn look_at(
        &self,
        run: RunId,
        subjects: impl Iterator<Item = Subject>,
        doubtful: &HashSet<RecordKey>,
        alone: bool,
        report: &mut RunReport,
    ) -> Result<Looked, EngineError> {
        let read_at = self.now();
        let mut states = States::default();
        let wishes = self.weigh(subjects, alone).await?;
        let users: HashSet<RecordKey> =
            wishes.objects.iter().filter(|key| key.kind == ObjectKind::User).cloned().collect();
        let groups = wishes.objects.iter().filter(|key| key.kind == ObjectKind::Group).cloned().collect();

        // Groups first: who is in one that is gone must not be shown in it.
        let (mut found, gone_groups) = self.read_wave(groups, &mut states, report).await?;
        let mut gone = sure(gone_groups, doubtful);
        let mut dissolved = group_ids(&gone);
        self.dissolve(run, &dissolved, &users, alone, read_at, report).await?;
        self.list_for_events(run, &wishes, &users, read_at, &mut states, report).await?;

        let (mut found_users, gone_users) =
            self.read_wave(users.iter().cloned().collect(), &mut states, report).await?;
        gone.extend(sure(gone_users, doubtful));

        // A reference to a group that Assets does not hold yet would stay empty.
        let referred = found_users.iter().flat_map(|observed| &observed.record.references);
        let mut referred: HashSet<GroupId> = referred
            .filter(|reference| reference.kind == ObjectKind::Group)
            .map(|reference| GroupId::new(reference.value.clone()))
            .collect();
        referred.extend(wishes.listings);
        let missing = self.missing_groups(&referred.into_iter().collect::<Vec<_>>()).await?;
        let missing = missing.into_iter().filter(|key| !states.objects.contains_key(key)).collect();
        let (found_groups, gone_groups) = self.read_wave(missing, &mut states, report).await?;
        found.extend(found_groups);
        self.dissolve(run, &group_ids(&gone_groups), &users, alone, read_at, report).await?;
        dissolved.extend(group_ids(&gone_groups));
        gone.extend(gone_groups);

        self.leave(&mut found_users, &dissolved.into_iter().collect());
        found.extend(found_users);
        let unmapped = found.iter().any(|observed| !observed.unmapped.is_empty());
        self.stage_observed(run, found.into_iter(), read_at, &mut report.messages).await?;
        self.stage_gone(run, &gone, read_at).await?;
        Ok(Looked { plan: self.plan_of(run, report).await?, states, unmapped })
    }

    /// Lists the members of groups of which that takes fewer requests than reading each user.
    async fn list_for_events(
        &self,
        run: RunId,
        wishes: &Wishes,
        read: &HashSet<RecordKey>,
        read_at: Timestamp,
        states: &mut States,
        report: &mut RunReport,
    ) -> Result<(), EngineError> {
        if wishes.listings.is_empty() {
            return Ok(());
        }
        let listings: Vec<GroupId> = wishes.listings.iter().cloned().collect();
        self.ports.store.note_groups(run, &listings).await?;
        self.list_members(run, &Quiet).await?;
        self.stage_membership_differences(run, read_at, read, &mut report.messages).await?;
        let users: Vec<UserId> = wishes.listed.iter().map(|(_, user)| user.clone()).collect();
        let noted = self.ports.store.noted_groups(run, &users).await?;
        for user in users {
            let groups = noted.get(&user).into_iter().flatten().cloned();
            states.groups.entry(user).or_default().extend(groups);
        }
        Ok(())
    }

    /// Nobody is a member of what does not exist. While no pass reads there is nothing to ask the directory for; otherwise
    /// the former members are put on the list. Users that are read anyway are left out.
    async fn dissolve(
        &self,
        run: RunId,
        groups: &[GroupId],
        read: &HashSet<RecordKey>,
        alone: bool,
        read_at: Timestamp,
        report: &mut RunReport,
    ) -> Result<(), EngineError> {
        if groups.is_empty() {
            return Ok(());
        }
        if alone {
            self.ports.store.note_groups(run, groups).await?;
            for group in groups {
                self.ports.store.group_listed(run, group).await?;
            }
            return self.stage_membership_differences(run, read_at, read, &mut report.messages).await;
        }
        for group in groups {
            for member in self.ports.store.referring_to(ObjectKind::Group, group.as_str()).await? {
                if member.kind == ObjectKind::User && !read.contains(&member) {
                    let subject = Subject::User(UserId::new(member.id));
                    self.ports.store.ask(&subject, self.now()).await?;
                }
            }
        }
        Ok(())
    }

    /// Takes users out of groups that are gone, whatever a replica that lags says.
    fn leave(&self, users: &mut [Observed], dissolved: &HashSet<GroupId>) {
        for user in users {
            let groups: Vec<GroupId> = user
                .record
                .references
                .iter()
                .filter(|reference| reference.kind == ObjectKind::Group)
                .map(|reference| GroupId::new(reference.value.clone()))
                .collect();
            if groups.iter().any(|group| dissolved.contains(group)) {
                let left: Vec<GroupId> = groups.into_iter().filter(|g| !dissolved.contains(g)).collect();
                user.record = self.ports.directory.with_groups(user.record.clone(), &left);
            }
        }
    }

    async fn plan_of(&self, run: RunId, report: &RunReport) -> Result<SyncPlan, EngineError> {
        let staged = self.ports.store.staged_counts(run).await?;
        let census = self.ports.store.census().await?;
        let read: BTreeMap<ObjectKind, u64> =
            report.records.iter().map(|(&kind, counts)| (kind, counts.read)).collect();
        Ok(SyncPlan::new(run, &read, &staged, &census))
    }

    /// Whether a group's memberships are read user by user, or as a list: whichever takes fewer requests.
    async fn weigh(
        &self,
        subjects: impl Iterator<Item = Subject>,
        alone: bool,
    ) -> Result<Wishes, EngineError> {
        let mut wishes = Wishes::default();
        let mut memberships: BTreeMap<GroupId, BTreeSet<UserId>> = BTreeMap::new();
        for subject in subjects {
            match subject {
                Subject::User(id) => drop(wishes.objects.insert(RecordKey::user(&id))),
                Subject::Group(id) => drop(wishes.objects.insert(RecordKey::group(&id))),
                Subject::Membership { group, user } => {
                    memberships.entry(group).or_default().insert(user);
                }
                Subject::Recent | Subject::Directory | Subject::Schema => {}
            }
        }
        for (group, users) in memberships {
            let mut unread = users.clone();
            unread.retain(|user| !wishes.objects.contains(&RecordKey::user(user)));
            let by_user = 2 * unread.len() as u64;
            let known = self.ports.store.count_referring_to(ObjectKind::Group, group.as_str()).await?;
            let by_list = (known + unread.len() as u64) / MEMBERS_A_PAGE + 1;
            if alone && by_list < by_user {
                wishes.listed.extend(unread.into_iter().map(|user| (group.clone(), user)));
                wishes.listings.insert(group);
            } else {
                wishes.objects.extend(unread.iter().map(RecordKey::user));
            }
        }
        Ok(wishes)
    }

    /// The objects as they are now, and those that are gone.
    async fn read_wave(
        &self,
        wave: Vec<RecordKey>,
        states: &mut States,
        report: &mut RunReport,
    ) -> Result<(Vec<Observed>, Vec<RecordKey>), EngineError> {
        let mut reads: BoxStream<'_, (RecordKey, Result<Option<Observed>, EngineError>)> = stream::iter(wave)
            .map(|key| async move {
                let read = self.read_object(&key).await;
                (key, read)
            })
            .buffer_unordered(self.options.concurrency)
            .boxed();
        let (mut found, mut gone) = (Vec::new(), Vec::new());
        while let Some((key, read)) = reads.next().await {
            let observed = match read {
                Ok(observed) => observed,
                // One object that cannot be read must not keep the others waiting.
                Err(EngineError::Directory(error)) if error.is_about_one() => {
                    states.failed.insert(key, crate::explain(&error));
                    continue;
                }
                Err(error) => return Err(error),
            };
            report.counts(key.kind).read += 1;
            let last_updated = observed.as_ref().map(|o| o.last_updated.unwrap_or(Timestamp::MAX));
            states.objects.insert(key.clone(), last_updated);
            match observed {
                Some(observed) => {
                    if key.kind == ObjectKind::User {
                        let of = observed.record.references.iter().filter(|r| r.kind == ObjectKind::Group);
                        let groups = of.map(|r| GroupId::new(r.value.clone())).collect();
                        states.groups.insert(UserId::new(key.id), groups);
                    }
                    found.push(observed);
                }
                None => gone.push(key),
            }
        }
        Ok((found, gone))
    }

    async fn read_object(&self, key: &RecordKey) -> Result<Option<Observed>, EngineError> {
        match key.kind {
            ObjectKind::User => self.read_user(&UserId::new(key.id.clone())).await,
            ObjectKind::Group => {
                let group = self.ports.directory.group(&GroupId::new(key.id.clone())).await;
                Ok(group.map_err(EngineError::Directory)?.map(|group| group.observed))
            }
            ObjectKind::Membership => Ok(None),
        }
    }

    /// Groups that Assets does not hold, or holds as gone.
    async fn missing_groups(&self, groups: &[GroupId]) -> Result<Vec<RecordKey>, EngineError> {
        let keys: Vec<RecordKey> = groups.iter().map(RecordKey::group).collect();
        let known = self.ports.store.known(&keys).await?;
        Ok(keys.into_iter().filter(|key| known.get(key).is_none_or(|known| known.gone)).collect())
    }

    /// Stages the marks for objects that are gone; those never seen, and those marked already, need none.
    async fn stage_gone(
        &self,
        run: RunId,
        gone: &[RecordKey],
        read_at: Timestamp,
    ) -> Result<(), EngineError> {
        let known = self.ports.store.known(gone).await?;
        let mut confirmed = self.ports.store.confirmed_many(gone).await?;
        let mut changes = Vec::new();
        for key in gone.iter().filter(|key| known.get(*key).is_some_and(|known| !known.gone)) {
            if let Some(last) = confirmed.remove(key) {
                let record: Record = self.ports.directory.retire(&last);
                if classify(&record, known.get(key)).is_some() {
                    changes.push(Staged { change: Change::Retire, record, read_at });
                }
            }
        }
        Ok(self.ports.store.stage(run, gone, &changes).await?)
    }

    /// Strikes off what was looked at, except what has to be looked at again a little later.
    async fn settle(&self, looks: &[Look], states: &States) -> Result<(), EngineError> {
        let now = self.now();
        let (failed, read): (Vec<Look>, Vec<Look>) = looks
            .iter()
            .cloned()
            .partition(|look| object(&look.target).is_some_and(|key| states.failed.contains_key(&key)));
        for look in &failed {
            let reason =
                object(&look.target).and_then(|key| states.failed.get(&key)).map_or("", String::as_str);
            self.put_off(std::slice::from_ref(look), reason).await?;
        }
        let (again, settled): (Vec<Look>, Vec<Look>) =
            read.into_iter().partition(|look| self.is_stale(look, states));
        let mut by_attempts: BTreeMap<u32, Vec<Look>> = BTreeMap::new();
        for look in again {
            by_attempts.entry(look.attempts).or_default().push(look);
        }
        for (attempts, looks) in by_attempts {
            self.ports.store.postpone(&looks, later(now, attempts, 1)).await?;
        }
        for event in settled.iter().filter_map(|look| look.at_least) {
            self.stats.latency(now.duration_since(event).unsigned_abs());
        }
        Ok(self.ports.store.settle(&settled, now).await?)
    }

    /// Whether the answer is older than what the event tells.
    fn is_stale(&self, look: &Look, states: &States) -> bool {
        let tolerance = SignedDuration::try_from(self.options.event_tolerance).unwrap_or(SignedDuration::MAX);
        if let Subject::Membership { group, user } = &look.target {
            let is_member = states.groups.get(user).is_some_and(|groups| groups.contains(group));
            // What the newest event says need not be true any more, so this has an end.
            return is_member == look.expects_gone && look.attempts < MAX_STALE_READS;
        }
        let Some(state) = object(&look.target).and_then(|key| states.objects.get(&key)) else { return false };
        match state {
            None => !look.expects_gone && look.attempts < DOUBTS,
            Some(_) if look.expects_gone => look.attempts < MAX_DELETION_READS,
            Some(last_updated) => {
                let newest = last_updated.checked_add(tolerance).unwrap_or(Timestamp::MAX);
                look.at_least.is_some_and(|event| newest < event) && look.attempts < MAX_STALE_READS
            }
        }
    }

    /// Gives up the looks at objects that a guard holds back: a full run that an operator accepts marks them.
    async fn give_up_on(&self, looks: &[Look], held: &[RecordKey], reason: &str) -> Result<(), EngineError> {
        let is_held = |look: &&Look| object(&look.target).is_some_and(|key| held.contains(&key));
        let held: Vec<Look> = looks.iter().filter(is_held).cloned().collect();
        Ok(self.ports.store.bury(&held, reason, self.now()).await?)
    }

    /// Tries looks again later, and gives up those that were tried often enough.
    pub(crate) async fn put_off(&self, looks: &[Look], reason: &str) -> Result<(), EngineError> {
        let now = self.now();
        let (hopeless, rest): (Vec<Look>, Vec<Look>) =
            looks.iter().cloned().partition(|look| look.attempts >= MAX_ATTEMPTS);
        for look in &rest {
            self.ports.store.postpone(std::slice::from_ref(look), later(now, look.attempts, 2)).await?;
        }
        if !hopeless.is_empty() {
            self.ports.store.bury(&hopeless, reason, now).await?;
            let message = format!("{} looks were given up: {reason}", hopeless.len());
            self.alert(AlertKind::EventsGivenUp, message, None);
        }
        Ok(())
    }

    pub(crate) fn alert(&self, kind: AlertKind, message: String, hint: Option<String>) {
        self.ports.alarm.raise(Alert { kind, message, hint, at: self.now() });
    }
}

/// Of what is gone, that which somebody said was deleted, or which was looked for often enough.
fn sure(gone: Vec<RecordKey>, doubtful: &HashSet<RecordKey>) -> Vec<RecordKey> {
    gone.into_iter().filter(|key| !doubtful.contains(key)).collect()
}

fn group_ids(keys: &[RecordKey]) -> Vec<GroupId> {
    keys.iter().filter(|key| key.kind == ObjectKind::Group).map(|key| GroupId::new(key.id.clone())).collect()
}

/// The single object that a subject is.
fn object(subject: &Subject) -> Option<RecordKey> {
    match subject {
        Subject::User(id) => Some(RecordKey::user(id)),
        Subject::Group(id) => Some(RecordKey::group(id)),
        Subject::Membership { .. } | Subject::Recent | Subject::Directory | Subject::Schema => None,
    }
}

/// A time that moves away with every attempt: `first` seconds, doubled each time, at most five minutes.
fn later(now: Timestamp, attempts: u32, first: u64) -> Timestamp {
    let pause = Duration::from_secs(first.saturating_mul(1 << attempts.min(16)).min(300));
    now.checked_add(pause).unwrap_or(now)
}
