//! Listed users with their groups.

use std::collections::HashMap;

use futures::StreamExt;
use futures::stream::{self, BoxStream};
use sync_model::{GroupId, Record, RecordKey, UserId};

use crate::domain::checkpoint::{SyncCheckpoint, SyncMode};
use crate::domain::directory::DirectoryObject;
use crate::domain::error::{EngineError, PortError};
use crate::domain::unreadable_object::UnreadableObject;
use crate::engine::active::ActiveRun;
use crate::ports::mapping_rules::MappingRules;
use crate::sync::listing::Listings;
use crate::sync::single_reads::SingleReads;

impl Listings {
    /// Users with their groups.
    pub(crate) async fn join(
        &self,
        run: &ActiveRun,
        checkpoint: &mut SyncCheckpoint,
        users: Vec<DirectoryObject>,
    ) -> Result<Vec<DirectoryObject>, EngineError> {
        let (directory, rules) = (run.view.directory.as_ref(), run.view.rules.as_ref());
        let ids: Vec<UserId> = users.iter().map(|u| UserId::new(u.record.key.id.clone())).collect();
        let (mut groups, known) = self.groups_to_join(run, checkpoint, &ids).await?;
        let mut joined: BoxStream<'_, (UserId, Result<Option<DirectoryObject>, PortError>)> =
            stream::iter(users.into_iter().zip(ids).map(|(user, id)| {
                let of = groups.remove(&id).unwrap_or_default();
                let unknown = known.as_ref().is_some_and(|known| !known.contains_key(&user.record.key));
                async move {
                    // The groups of an unknown user may not have changed since the start of the interval.
                    let of =
                        if unknown && user.in_scope { directory.groups_of(&id).await } else { Ok(Some(of)) };
                    // `None`: deleted since it was listed, and not in Assets.
                    (id, of.map(|of| of.map(|of| with_groups(rules, user, of))))
                }
            }))
            .buffered(self.context.options.concurrency)
            .boxed();
        let (mut whole, mut singles) = (Vec::new(), SingleReads::default());
        while let Some((id, user)) = joined.next().await {
            match user {
                Ok(user) => {
                    singles.answered();
                    whole.extend(user);
                }
                Err(error) => {
                    let (key, failure) =
                        (RecordKey::user(&id), singles.defer(EngineError::Directory(error))?);
                    let object = UnreadableObject::new(&key, UnreadableObject::GROUPS, failure.reason);
                    self.defer_one(run, object, checkpoint).await?;
                }
            }
        }
        drop(joined);
        self.reads.prove_answers(&run.view, singles).await?;
        Ok(whole)
    }

    /// The groups of users by the listings. Unless they were all listed, also the confirmed records of these users: only
    /// the groups of the others are unknown.
    async fn groups_to_join(
        &self,
        run: &ActiveRun,
        checkpoint: &SyncCheckpoint,
        ids: &[UserId],
    ) -> Result<(HashMap<UserId, Vec<GroupId>>, Option<HashMap<RecordKey, Record>>), EngineError> {
        if checkpoint.mode == SyncMode::Full {
            let mut groups = self.context.store().listed_groups_of(run.id, ids).await?;
            self.members.keep_unlisted(checkpoint, ids, &mut groups).await?;
            return Ok((groups, None));
        }
        let keys: Vec<RecordKey> = ids.iter().map(RecordKey::user).collect();
        let known = self.context.store().record_states(&keys).await?;
        let mut confirmed = self.context.store().confirmed_records(&keys).await?;
        // A retired record doesn't contain memberships.
        confirmed.retain(|key, _| known.get(key).is_some_and(|known| !known.retired));
        Ok((self.members.groups_by_listing(run, ids, &confirmed).await?, Some(confirmed)))
    }
}

/// A user with its groups; a user out of scope needs none.
fn with_groups(
    rules: &dyn MappingRules,
    mut user: DirectoryObject,
    mut groups: Vec<GroupId>,
) -> DirectoryObject {
    if !user.in_scope {
        return user;
    }
    groups.retain(|group| !rules.is_implied(group));
    groups.append(&mut user.implied_groups);
    rules.join(user, &groups)
}
