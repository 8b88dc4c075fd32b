//! The trials of the self-test, in order: each execution builds on the one before it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use sync_model::{GroupId, ObjectKind, Record, ReferenceForm, UserId};

use crate::domain::error::EngineError;
use crate::domain::place::WithheldReason;
use crate::domain::site_fact::{SiteFact, SiteFactId, SiteFactReason, SiteFactState};
use crate::engine::locks::SchemaGuard;
use crate::import::self_test::site::{Seen, Site, changed_users, only};
use crate::ports::target_schema::FormTrial;
use crate::ports::view::MappingView;
use crate::sync::schema_evolution::Schemas;

/// The text of the test users.
const TEXT: &str = "Self-test";
/// About the size of the chunks that a sync sends, in bytes.
const CHUNK_BYTES: usize = 900_000;
/// The most records of such a chunk.
const CHUNK_RECORDS: usize = 400;

/// The answers so far.
#[derive(Debug, Default)]
pub(super) struct Answers(BTreeMap<SiteFactId, (SiteFactState, SiteFactReason)>);

impl Answers {
    fn set(&mut self, id: SiteFactId, holds: bool, reason: SiteFactReason) {
        let state = if holds { SiteFactState::Holds } else { SiteFactState::DoesNotHold };
        self.0.insert(id, (state, reason));
    }

    fn see(&mut self, id: SiteFactId, seen: Seen) {
        match seen {
            Seen::Present => self.set(id, true, SiteFactReason::ReadBack),
            Seen::Different => self.set(id, false, SiteFactReason::ReadBack),
            Seen::NotReturned => self.unknown(&[id], SiteFactReason::NotReturned),
        }
    }

    fn unknown(&mut self, ids: &[SiteFactId], reason: SiteFactReason) {
        for id in ids {
            self.0.entry(*id).or_insert((SiteFactState::Unknown, reason));
        }
    }

    /// True if they prove a form of several references.
    pub(super) fn prove_form(&self) -> bool {
        let state = |form| self.0.get(&SiteFactId::of_form(form)).map(|(state, _)| *state);
        ReferenceForm::ALL.into_iter().any(|form| state(form) == Some(SiteFactState::Holds))
    }

    /// One fact for each question.
    pub(super) fn facts(&self, import_source: &str, now: Timestamp) -> Vec<SiteFact> {
        let fact = |id: SiteFactId| {
            let (state, reason) = *self.0.get(&id)?;
            Some(SiteFact { id, state, reason, import_source: import_source.to_owned(), tested_at: now })
        };
        SiteFactId::ALL.into_iter().filter_map(fact).collect()
    }
}

/// The form that works.
struct Working {
    view: MappingView,
    /// The group that the second user doesn't have.
    other: GroupId,
}

/// Tries everything.
pub(super) async fn trials(
    site: &mut Site<'_>,
    schemas: &Schemas,
    schema: &SchemaGuard<'_>,
) -> Result<Answers, EngineError> {
    use SiteFactId::{EarlierReferences, LastReferenceRemoved, ReplacedReferences};
    let mut answers = Answers::default();
    let working = working_form(site, schemas, schema, &mut answers).await?;
    let view = match &working {
        Some(working) => working.view.clone(),
        // The form of the last trial is in the mapping; no test user has groups from here on.
        None => site.view().clone(),
    };
    match &working {
        Some(Working { other, .. }) if site.account().is_some() => {
            references(site, &view, other, &mut answers).await?;
        }
        working => {
            let reason =
                if working.is_some() { SiteFactReason::NoAccount } else { SiteFactReason::NoReferences };
            answers.unknown(&[EarlierReferences, ReplacedReferences, LastReferenceRemoved], reason);
        }
    }
    values(site, &view, &mut answers).await?;
    identities(site, &view, &mut answers).await?;
    chunk(site, &view, &mut answers).await?;
    Ok(answers)
}

/// The first form that works.
async fn working_form(
    site: &mut Site<'_>,
    schemas: &Schemas,
    schema: &SchemaGuard<'_>,
    answers: &mut Answers,
) -> Result<Option<Working>, EngineError> {
    let mut found = None;
    for (n, form) in ReferenceForm::ALL.into_iter().enumerate() {
        let id = SiteFactId::of_form(form);
        if found.is_some() {
            answers.unknown(&[id], SiteFactReason::NotNeeded);
            continue;
        }
        let view = match schemas.try_form(schema, form).await? {
            FormTrial::Mapped(view) => view,
            FormTrial::Rejected => {
                answers.set(id, false, SiteFactReason::Response);
                continue;
            }
            FormTrial::NotChosen => {
                answers.unknown(&[id], SiteFactReason::NotNeeded);
                continue;
            }
        };
        match &view.rules.test_fields().groups {
            None => answers.unknown(&[id], SiteFactReason::NotMapped),
            Some(groups) if !is_storable(&view, groups) => {
                answers.unknown(&[id], SiteFactReason::NotStorable);
            }
            Some(_) => {
                let (one, other) = if n % 2 == 0 { (0, 1) } else { (1, 0) };
                if try_form(site, &view, one, id, answers).await? {
                    found = Some(Working { view: *view, other: site.objects.groups[other].clone() });
                }
            }
        }
    }
    Ok(found)
}

/// True if Assets can store the values of a field. An earlier test may have refuted the form.
fn is_storable(view: &MappingView, field: &str) -> bool {
    let withheld = view.withheld();
    withheld
        .iter()
        .all(|withheld| withheld.field != field || withheld.reason == WithheldReason::ReferenceForm)
}

/// Imports the first user with both groups between two that don't exist, and the second user with one group, which another
/// trial changes, and reads them back. Without an account, the counters are read.
async fn try_form(
    site: &mut Site<'_>,
    view: &MappingView,
    one: usize,
    id: SiteFactId,
    answers: &mut Answers,
) -> Result<bool, EngineError> {
    let objects = &site.objects;
    let [ada, bo] = &objects.users;
    let (both, one) = (&objects.groups, [objects.groups[one].clone()]);
    let expected = [user_in(view, ada, both), user_in(view, bo, &one)];
    let mut records: Vec<Record> = both.iter().map(|group| view.rules.test_group(group)).collect();
    records.push(view.rules.test_user(ada, &between_missing(site, both), TEXT));
    records.push(view.rules.test_user(bo, &one, TEXT));
    let outcome = site.import(view, records).await?;
    // A form whose records no outcome accounts for can't be confirmed.
    if ![ObjectKind::Group, ObjectKind::User].into_iter().all(|kind| outcome.accounts_for(kind, 2)) {
        answers.unknown(&[id], SiteFactReason::Counters);
        return Ok(false);
    }
    if site.account().is_some() {
        let seen = site.seen(view, &expected).await?;
        answers.see(id, seen);
        return Ok(seen == Seen::Present);
    }
    let holds = counters_prove(site, view).await?;
    if holds {
        answers.set(id, true, SiteFactReason::Counters);
    } else {
        // A counter that doesn't rise may not count references.
        answers.unknown(&[id], SiteFactReason::Counters);
    }
    Ok(holds)
}

/// True if the counter rises each time that the first user's set of groups changes: from the second group to the first, to
/// both, and back. If only one value of a list counted, the first or the last that is found, one of the last two would
/// change nothing. It doesn't matter which groups the user had before.
async fn counters_prove(site: &mut Site<'_>, view: &MappingView) -> Result<bool, EngineError> {
    let ada = site.objects.users[0].clone();
    let [first, second] = site.objects.groups.clone();
    let (second, both) = ([second.clone()], [first.clone(), second]);
    for (n, groups) in [&second[..], &[first], &both, &second].into_iter().enumerate() {
        let user = view.rules.test_user(&ada, &between_missing(site, groups), TEXT);
        let outcome = site.import(view, vec![user]).await?;
        if n > 0 && !changed_users(&outcome) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Groups between two that don't exist: then neither the first nor the last value alone finds one.
fn between_missing(site: &Site<'_>, groups: &[GroupId]) -> Vec<GroupId> {
    let [before, after] = &site.objects.missing_groups;
    [std::slice::from_ref(before), groups, std::slice::from_ref(after)].concat()
}

/// References to objects of an earlier execution, and their removal.
async fn references(
    site: &mut Site<'_>,
    view: &MappingView,
    other: &GroupId,
    answers: &mut Answers,
) -> Result<(), EngineError> {
    use SiteFactId::{EarlierReferences, LastReferenceRemoved, ReplacedReferences};
    let [ada, bo] = site.objects.users.clone();
    let group = [other.clone()];
    let users = [&ada, &bo].map(|user| view.rules.test_user(user, &group, TEXT));
    if import(site, view, users.to_vec(), &[EarlierReferences, ReplacedReferences], answers).await? {
        let seen = site.seen(view, &[user_in(view, &bo, &group)]).await?;
        answers.see(EarlierReferences, seen);
        let seen = site.seen(view, &[user_in(view, &ada, &group)]).await?;
        answers.see(ReplacedReferences, seen);
    }
    let user = view.rules.test_user(&ada, &[], TEXT);
    if import(site, view, vec![user], &[LastReferenceRemoved], answers).await? {
        let seen = site.seen(view, &[user_in(view, &ada, &[])]).await?;
        answers.see(LastReferenceRemoved, seen);
    }
    Ok(())
}

/// Values of each type that Assets may treat in its own way.
async fn values(site: &mut Site<'_>, view: &MappingView, answers: &mut Answers) -> Result<(), EngineError> {
    let fields = view.rules.test_fields();
    let user = view.rules.test_user(&site.objects.users[0], &[], TEXT);
    let wanted = [
        (SiteFactId::StatusStored, fields.status),
        (SiteFactId::LongTextStored, fields.long_text),
        (SiteFactId::DateStored, fields.time),
    ];
    let ids = [SiteFactId::StatusStored, SiteFactId::LongTextStored, SiteFactId::DateStored];
    if site.account().is_none() {
        answers.unknown(&ids, SiteFactReason::NoAccount);
        return Ok(());
    }
    if !import(site, view, vec![user.clone()], &ids, answers).await? {
        return Ok(());
    }
    for (id, field) in wanted {
        match field {
            None => answers.unknown(&[id], SiteFactReason::NotMapped),
            Some(field) => {
                let seen = site.seen(view, &[only(user.clone(), &field)]).await?;
                answers.see(id, seen);
            }
        }
    }
    Ok(())
}

/// An empty value, a repeated identity, and then identities that differ in case, which may be rejected.
async fn identities(
    site: &mut Site<'_>,
    view: &MappingView,
    answers: &mut Answers,
) -> Result<(), EngineError> {
    use SiteFactId::{EmptyValueRemoved, IdentityCaseSensitive, RepeatedIdentityIsOneObject};
    if site.account().is_none() {
        let all = [EmptyValueRemoved, IdentityCaseSensitive, RepeatedIdentityIsOneObject];
        answers.unknown(&all, SiteFactReason::NoAccount);
        return Ok(());
    }
    let [ada, bo] = site.objects.users.clone();
    let user = |user: &UserId, text: &str| view.rules.test_user(user, &[], text);
    let records = vec![user(&ada, ""), user(&bo, TEXT), user(&bo, TEXT)];
    let ids = [EmptyValueRemoved, RepeatedIdentityIsOneObject];
    if import(site, view, records, &ids, answers).await? {
        match view.rules.test_fields().text {
            None => answers.unknown(&[EmptyValueRemoved], SiteFactReason::NotMapped),
            Some(field) => {
                let seen = site.seen(view, &[only(user(&ada, ""), &field)]).await?;
                answers.see(EmptyValueRemoved, seen);
            }
        }
        // Of two objects with one identity, none is as sent.
        let is_sent = site.is_indexed(view, &[user(&bo, TEXT)]).await?;
        match site.count(view, &[&bo]).await?.first() {
            Some(1) if is_sent => answers.set(RepeatedIdentityIsOneObject, true, SiteFactReason::ReadBack),
            Some(2..) => answers.set(RepeatedIdentityIsOneObject, false, SiteFactReason::ReadBack),
            _ => answers.unknown(&[RepeatedIdentityIsOneObject], SiteFactReason::NotReturned),
        }
    }
    let uppercase = site.objects.uppercase_user.clone();
    if import(site, view, vec![user(&uppercase, TEXT)], &[IdentityCaseSensitive], answers).await? {
        if site.is_indexed(view, &[user(&uppercase, TEXT)]).await? {
            let is_other = site.count(view, &[&bo, &uppercase]).await? == [1, 1];
            answers.set(IdentityCaseSensitive, is_other, SiteFactReason::ReadBack);
        } else if site.is_indexed(view, &[user(&bo, TEXT)]).await? {
            // The second user got the values.
            answers.set(IdentityCaseSensitive, false, SiteFactReason::ReadBack);
        } else {
            answers.unknown(&[IdentityCaseSensitive], SiteFactReason::NotReturned);
        }
    }
    Ok(())
}

/// A chunk of the size that a sync sends.
async fn chunk(site: &mut Site<'_>, view: &MappingView, answers: &mut Answers) -> Result<(), EngineError> {
    let user = view.rules.test_user(&site.objects.users[0], &[], &TEXT.repeat(20));
    let bytes: usize = user.fields.iter().map(|(name, value)| name.len() + value.to_string().len() + 4).sum();
    let records = (CHUNK_BYTES / bytes.max(1)).clamp(1, CHUNK_RECORDS);
    let holds = site.accepts_chunk(view, vec![user; records]).await?;
    answers.set(SiteFactId::ChunkAccepted, holds, SiteFactReason::Response);
    Ok(())
}

/// Imports records for questions, which stay open if Assets reports a failure.
async fn import(
    site: &mut Site<'_>,
    view: &MappingView,
    records: Vec<Record>,
    ids: &[SiteFactId],
    answers: &mut Answers,
) -> Result<bool, EngineError> {
    let outcome = site.import(view, records).await?;
    if !outcome.ok {
        answers.unknown(ids, SiteFactReason::Rejected);
    }
    Ok(outcome.ok)
}

/// A test user with its groups as the only value.
fn user_in(view: &MappingView, user: &UserId, groups: &[GroupId]) -> Record {
    let record = view.rules.test_user(user, groups, TEXT);
    match view.rules.test_fields().groups {
        Some(field) => only(record, &field),
        None => record,
    }
}
