//! Fetched objects: the named subjects, the requests for them, and the responses.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use jiff::Timestamp;
use sync_model::{GroupId, ObjectKind, RecordKey, UserId};

use crate::domain::inbox::Subject;
use crate::domain::reading::Reading;
use crate::domain::report::RunReport;
use crate::engine::active::ActiveRun;
use crate::plan::sync_plan::SyncPlan;
use crate::ports::progress::ProgressSink;

/// The objects to fetch.
pub(crate) struct FetchRequest {
    pub(crate) subjects: Vec<Subject>,
    /// Objects whose deletion isn't accepted yet, because no event reported it.
    pub(crate) doubtful: HashSet<RecordKey>,
    /// True if no sync reads, and none starts before the staged changes are sent.
    pub(crate) alone: bool,
}

impl FetchRequest {
    /// A request of an administrator, which accepts every deletion.
    pub(crate) fn of(subjects: &[Subject], alone: bool) -> Self {
        Self { subjects: subjects.to_vec(), doubtful: HashSet::new(), alone }
    }
}

/// An active fetch, with the responses so far.
pub(crate) struct Fetch<'f> {
    pub(crate) run: &'f ActiveRun,
    pub(crate) request: &'f FetchRequest,
    pub(crate) reading: Reading,
    pub(crate) progress: &'f dyn ProgressSink,
    pub(crate) report: &'f mut RunReport,
    pub(crate) states: ObjectVersions,
}

/// The result of fetching objects.
pub(crate) struct FetchedObjects {
    /// The records to send.
    pub(crate) plan: SyncPlan,
    pub(crate) states: ObjectVersions,
    /// Groups that Assets does not hold yet, and whose members were not listed.
    pub(crate) new_groups: Vec<GroupId>,
    /// Attributes that the mapping doesn't contain yet.
    pub(crate) unmapped: BTreeSet<(ObjectKind, String)>,
}

/// The directory's responses.
#[derive(Default)]
pub(crate) struct ObjectVersions {
    /// The last change of each object that was read; `None` for deleted objects.
    pub(crate) objects: HashMap<RecordKey, Option<Timestamp>>,
    /// The groups of each user that was read and whose groups matter.
    pub(crate) groups: HashMap<UserId, HashSet<GroupId>>,
    /// Users whose groups don't matter: they are out of scope in any case.
    pub(crate) unselected: HashSet<UserId>,
    /// Objects that could not be read for an individual reason.
    pub(crate) failed: HashMap<RecordKey, Failure>,
    /// Groups that are deleted or out of scope: in Assets they have no members.
    pub(crate) closed: HashSet<GroupId>,
    /// Groups whose members could not be listed: a sync reads, or the group may only be late.
    pub(crate) unlisted: BTreeSet<GroupId>,
}

/// A failure that concerns one object.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    pub(crate) reason: String,
    /// True if it may be temporary.
    pub(crate) transient: bool,
}

/// The objects that subjects name.
#[derive(Default)]
pub(crate) struct SubjectSet {
    pub(crate) users: HashSet<RecordKey>,
    pub(crate) groups: BTreeSet<RecordKey>,
    /// The named memberships by group.
    pub(crate) memberships: BTreeMap<GroupId, BTreeSet<UserId>>,
    /// Groups whose members are all read.
    pub(crate) members: BTreeSet<GroupId>,
}

impl SubjectSet {
    pub(crate) fn by(subjects: &[Subject]) -> Self {
        let mut named = Self::default();
        for subject in subjects.iter().cloned() {
            match subject {
                Subject::User(id) => drop(named.users.insert(RecordKey::user(&id))),
                Subject::Group(id) => drop(named.groups.insert(RecordKey::group(&id))),
                Subject::Membership { group, user } => {
                    named.memberships.entry(group).or_default().insert(user);
                }
                Subject::GroupMembers(group) => drop(named.members.insert(group)),
                Subject::RecentChanges | Subject::EntireDirectory | Subject::Schema => {}
            }
        }
        named
    }
}

/// The requested part.
#[derive(Default)]
pub(crate) struct FetchPlan {
    /// Users to read by id.
    pub(crate) users: HashSet<RecordKey>,
    /// Groups whose list of members is requested, or costs less than reading the users.
    pub(crate) listings: BTreeSet<GroupId>,
    /// The named memberships of these groups.
    pub(crate) listed: Vec<(GroupId, UserId)>,
}
