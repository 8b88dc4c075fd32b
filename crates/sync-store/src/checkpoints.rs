//! Checkpoints of syncs, and the groups and members that they have listed.

use std::collections::HashSet;

use serde_json::Value;
use sync_engine::{StoreError, SyncCheckpoint};
use sync_model::{GroupId, RunId, UserId};

use crate::ConnectionStore;
use crate::convert::{from_json, in_row};

pub(crate) async fn save(
    store: &ConnectionStore,
    run: RunId,
    checkpoint: &SyncCheckpoint,
) -> Result<(), StoreError> {
    const ACTION: &str = "save a checkpoint";
    let text = serde_json::to_string(checkpoint).map_err(|e| StoreError::new(ACTION, e))?;
    sqlx::query("UPDATE runs SET checkpoint = ?3 WHERE connection_id = ?1 AND id = ?2")
        .bind(store.id)
        .bind(run.get())
        .bind(text)
        .execute(&store.writer)
        .await
        .map(drop)
        .map_err(|e| StoreError::new(ACTION, e))
}

pub(crate) async fn resumable(
    store: &ConnectionStore,
) -> Result<Option<(RunId, SyncCheckpoint)>, StoreError> {
    const ACTION: &str = "find a resumable checkpoint";
    let row: Option<(i64, String)> = sqlx::query_as(
        "SELECT id, checkpoint FROM runs
         WHERE connection_id = ?1 AND ended_at IS NULL AND checkpoint IS NOT NULL AND kind <> 'plan'
         ORDER BY id DESC LIMIT 1",
    )
    .bind(store.id)
    .fetch_optional(&store.pool)
    .await
    .map_err(|e| StoreError::new(ACTION, e))?;
    row.map(|(run, text)| {
        let checkpoint = in_row(|| format!("the checkpoint of run {run}"), || from_json(ACTION, &text))?;
        Ok((RunId::new(run), checkpoint))
    })
    .transpose()
}

fn ids<'i>(ids: impl Iterator<Item = &'i str>) -> String {
    Value::from(ids.collect::<Vec<_>>()).to_string()
}

pub(crate) async fn add_listed_groups(
    store: &ConnectionStore,
    run: RunId,
    groups: &[GroupId],
) -> Result<(), StoreError> {
    sqlx::query("INSERT OR IGNORE INTO listed_groups (run_id, group_id) SELECT ?1, value FROM json_each(?2)")
        .bind(run.get())
        .bind(ids(groups.iter().map(GroupId::as_str)))
        .execute(&store.writer)
        .await
        .map(drop)
        .map_err(|e| StoreError::new("store groups to list", e))
}

pub(crate) async fn to_list(
    store: &ConnectionStore,
    run: RunId,
    limit: u32,
) -> Result<Vec<GroupId>, StoreError> {
    let found: Vec<String> = sqlx::query_scalar(
        "SELECT group_id FROM listed_groups WHERE run_id = ?1 AND NOT members_listed ORDER BY group_id LIMIT ?2",
    )
    .bind(run.get())
    .bind(limit)
    .fetch_all(&store.pool)
    .await
    .map_err(|e| StoreError::new("read the groups to list", e))?;
    Ok(found.into_iter().map(GroupId::new).collect())
}

pub(crate) async fn count_listed_groups(store: &ConnectionStore, run: RunId) -> Result<u64, StoreError> {
    let n: i64 = sqlx::query_scalar("SELECT count(*) FROM listed_groups WHERE run_id = ?1")
        .bind(run.get())
        .fetch_one(&store.pool)
        .await
        .map_err(|e| StoreError::new("count the groups to list", e))?;
    Ok(u64::try_from(n).unwrap_or_default())
}

pub(crate) async fn mark_group_listed(
    store: &ConnectionStore,
    run: RunId,
    group: &GroupId,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE listed_groups SET members_listed = 1 WHERE run_id = ?1 AND group_id = ?2")
        .bind(run.get())
        .bind(group.as_str())
        .execute(&store.writer)
        .await
        .map(drop)
        .map_err(|e| StoreError::new("mark a group as listed", e))
}

pub(crate) async fn drop_partial_listings(store: &ConnectionStore, run: RunId) -> Result<(), StoreError> {
    sqlx::query(
        "DELETE FROM listed_members WHERE run_id = ?1
         AND group_id IN (SELECT group_id FROM listed_groups WHERE run_id = ?1 AND NOT members_listed)",
    )
    .bind(run.get())
    .execute(&store.writer)
    .await
    .map(drop)
    .map_err(|e| StoreError::new("drop partial listings of members", e))
}

pub(crate) async fn drop_listed_members(
    store: &ConnectionStore,
    run: RunId,
    group: &GroupId,
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM listed_members WHERE run_id = ?1 AND group_id = ?2")
        .bind(run.get())
        .bind(group.as_str())
        .execute(&store.writer)
        .await
        .map(drop)
        .map_err(|e| StoreError::new("delete the listed members of a group", e))
}

pub(crate) async fn listed_groups(
    store: &ConnectionStore,
    run: RunId,
    of: &[GroupId],
) -> Result<HashSet<GroupId>, StoreError> {
    let found: Vec<String> = sqlx::query_scalar(
        "SELECT g.group_id FROM json_each(?2) k
         CROSS JOIN listed_groups g ON g.run_id = ?1 AND g.group_id = k.value AND g.members_listed",
    )
    .bind(run.get())
    .bind(ids(of.iter().map(GroupId::as_str)))
    .fetch_all(&store.pool)
    .await
    .map_err(|e| StoreError::new("read listed groups", e))?;
    Ok(found.into_iter().map(GroupId::new).collect())
}

pub(crate) async fn membership_differences(
    store: &ConnectionStore,
    run: RunId,
    after: Option<&UserId>,
    limit: u32,
) -> Result<Vec<UserId>, StoreError> {
    let found: Vec<String> = sqlx::query_scalar(
        "SELECT user FROM (
             SELECT m.user_id AS user FROM listed_members m
             WHERE m.run_id = ?2 AND NOT EXISTS (
                 SELECT 1 FROM record_references l WHERE l.connection_id = ?1 AND l.kind = 'user' AND l.id = m.user_id
                   AND l.target_kind = 'group' AND l.target_key = m.group_id)
             UNION
             SELECT l.id FROM listed_groups g CROSS JOIN record_references l
             ON l.connection_id = ?1 AND l.target_kind = 'group' AND l.target_key = g.group_id AND l.kind = 'user'
             WHERE g.run_id = ?2 AND g.members_listed AND NOT EXISTS (
                 SELECT 1 FROM listed_members m
                 WHERE m.run_id = ?2 AND m.user_id = l.id AND m.group_id = g.group_id)
             UNION
             -- The groups of an unconfirmed user in Assets are unknown.
             SELECT u.id FROM unconfirmed_records u
             WHERE u.connection_id = ?1 AND u.kind = 'user' AND u.change <> 'retire'
               AND (EXISTS (SELECT 1 FROM listed_members m WHERE m.run_id = ?2 AND m.user_id = u.id)
                 OR EXISTS (SELECT 1 FROM json_each(u.record, '$.references') r
                            JOIN listed_groups g ON g.run_id = ?2 AND g.members_listed
                              AND g.group_id = r.value ->> 'reference_key'
                            WHERE r.value ->> 'kind' = 'group')))
         WHERE user > ?3 ORDER BY user LIMIT ?4",
    )
    .bind(store.id)
    .bind(run.get())
    .bind(after.map_or("", UserId::as_str))
    .bind(limit)
    .fetch_all(&store.pool)
    .await
    .map_err(|e| StoreError::new("compare memberships", e))?;
    Ok(found.into_iter().map(UserId::new).collect())
}
