//! References by values that are no IDs: a manager who is named by login, email address, or employee number.
//!
//! Such a value can move from one object to another, and retired objects keep it in Assets. So it is resolved here,
//! among current objects, and the record contains the ID. Every run resolves the records that it sends. Its changes may
//! resolve the references of other records differently; those are sent with it.

use std::collections::{BTreeMap, HashMap};

use sync_model::{AliasReference, ObjectKind, Record, RecordKey, RunId, ValueProblem, ValueProblemKind};

use crate::domain::aliases::Owner;
use crate::domain::error::EngineError;
use crate::domain::staged::StagedChange;
use crate::domain::values::ValueProblems;
use crate::sync::staging::Staging;

/// Owners by kind and alias.
type Owners = BTreeMap<ObjectKind, HashMap<String, Vec<Owner>>>;

impl Staging {
    /// Resolves the references of the records that were just read, as far as the run has read the directory.
    pub(crate) async fn resolve(&self, run: RunId, records: &mut [Record]) -> Result<(), EngineError> {
        let owners = self.owners(run, records.iter().filter_map(|r| r.alias_reference.as_ref())).await?;
        for record in records {
            if let Some(reference) = &record.alias_reference {
                let id = found(&owners, reference).and_then(Owner::of).map(str::to_owned);
                record.resolve(id);
            }
        }
        Ok(())
    }

    /// Resolves references again after a run staged its records, and stages records whose reference changed, including
    /// records that the run didn't read. `everything` checks all references instead of those that the staged changes
    /// affect. An alias of no object, or of several, is counted.
    pub(crate) async fn resolve_staged(
        &self,
        run: RunId,
        everything: bool,
        problems: &mut ValueProblems,
    ) -> Result<(), EngineError> {
        problems.clear_references();
        let mut after: Option<RecordKey> = None;
        loop {
            let page = self
                .context
                .store()
                .alias_uses(run, everything, after.as_ref(), self.context.options.page)
                .await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.key.clone());
            let owners = self.owners(run, page.iter().map(|used| &used.reference)).await?;
            let mut resolved: HashMap<RecordKey, Option<String>> = HashMap::new();
            for used in page {
                let owners = found(&owners, &used.reference).unwrap_or_default();
                let id = Owner::of(owners);
                if id.is_none() {
                    problems.add(unresolved(&used.reference, used.key.kind, owners), &used.key);
                }
                if id != used.reference.id.as_deref() {
                    resolved.insert(used.key, id.map(str::to_owned));
                }
            }
            self.stage_resolved(run, resolved).await?;
        }
    }

    async fn stage_resolved(
        &self,
        run: RunId,
        mut resolved: HashMap<RecordKey, Option<String>>,
    ) -> Result<(), EngineError> {
        if resolved.is_empty() {
            return Ok(());
        }
        let keys: Vec<RecordKey> = resolved.keys().cloned().collect();
        let known = self.context.store().record_states(&keys).await?;
        let mut changes = Vec::new();
        for staged in self.context.store().as_staged_by(run, &keys).await? {
            let StagedChange { change, mut record, reading, .. } = staged;
            let Some(id) = resolved.remove(&record.key) else { continue };
            record.resolve(id);
            let known = known.get(&record.key);
            let staged = StagedChange::of(record, known, reading);
            changes.extend(staged.map(|staged| StagedChange { change, ..staged }));
        }
        // A record that was staged only for its reference, and is unchanged now, is no longer staged.
        Ok(self.context.store().stage(run, &keys, &changes).await?)
    }

    async fn owners<'r>(
        &self,
        run: RunId,
        references: impl Iterator<Item = &'r AliasReference>,
    ) -> Result<Owners, EngineError> {
        let mut wanted: BTreeMap<ObjectKind, Vec<String>> = BTreeMap::new();
        for reference in references {
            wanted.entry(reference.kind).or_default().push(reference.alias.clone());
        }
        let mut owners = Owners::new();
        for (kind, mut aliases) in wanted {
            aliases.sort_unstable();
            aliases.dedup();
            owners.insert(kind, self.context.store().alias_owners(run, kind, &aliases).await?);
        }
        Ok(owners)
    }
}

fn found<'o>(owners: &'o Owners, reference: &AliasReference) -> Option<&'o [Owner]> {
    owners.get(&reference.kind)?.get(&reference.alias).map(Vec::as_slice)
}

fn unresolved(reference: &AliasReference, kind: ObjectKind, owners: &[Owner]) -> ValueProblem {
    let problem = match owners {
        [] => ValueProblemKind::UnresolvedReference,
        _ => ValueProblemKind::AmbiguousReference,
    };
    ValueProblem { kind, attribute: reference.field.clone(), problem }
}
