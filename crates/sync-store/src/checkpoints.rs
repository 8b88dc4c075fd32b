//! How far a pass over the directory has come, and the memberships that it has noted.

use std::collections::HashSet;

use serde_json::Value;
use sync_engine::{StoreError, SyncCheckpoint};
use sync_model::{GroupId, RunId, UserId};

use crate::ConnectionStore;
use crate::convert::{from_json, in_row};

pub(crate) async fn save(
    store: &ConnectionStore,
    run: RunId,
    pass: &SyncCheckpoint,
) -> Result<(), StoreError> {
    const ACTION: &str = "save how far a pass has come";
    let text = serde_json::to_string(pass).map_err(|e| StoreError::new(ACTION, e))?;
    sqlx::query("UPDATE runs SET pass = ?3 WHERE connection = ?1 AND id = ?2")
        .bind(store.id)
        .bind(run.get())
        .bind(text)
        .execute(&store.writer)
        .await
        .map(drop)
        .map_err(|e| StoreError::new(ACTION, e))
}

pub(crate) async fn unfinished(
    store: &ConnectionStore,
) -> Result<Option<(RunId, SyncCheckpoint)>, StoreError> {
    const ACTION: &str = "find an unfinished pass";
    let row: Option<(i64, String)> = sqlx::query_as(
        "SELECT id, pass FROM runs WHERE connection = ?1 AND ended IS NULL AND pass IS NOT NULL AND kind <> 'plan'
         ORDER BY id DESC LIMIT 1",
    )
    .bind(store.id)
    .fetch_optional(&store.pool)
    .await
    .map_err(|e| StoreError::new(ACTION, e))?;
    row.map(|(run, text)| {
        let pass = in_row(|| format!("the checkpoint of run {run}"), || from_json(ACTION, &text))?;
        Ok((RunId::new(run), pass))
    })
    .transpose()
}

fn ids<'i>(ids: impl Iterator<Item = &'i str>) -> String {
    Value::from(ids.collect::<Vec<_>>()).to_string()
}

pub(crate) async fn note_groups(
    store: &ConnectionStore,
    run: RunId,
    groups: &[GroupId],
) -> Result<(), StoreError> {
    sqlx::query("INSERT OR IGNORE INTO noted_groups (run, group_id) SELECT ?1, value FROM json_each(?2)")
        .bind(run.get())
        .bind(ids(groups.iter().map(GroupId::as_str)))
        .execute(&store.writer)
        .await
        .map(drop)
        .map_err(|e| StoreError::new("note groups to list", e))
}

pub(crate) async fn to_list(
    store: &ConnectionStore,
    run: RunId,
    limit: u32,
) -> Result<Vec<GroupId>, StoreError> {
    let found: Vec<String> = sqlx::query_scalar(
        "SELECT group_id FROM noted_groups WHERE run = ?1 AND NOT listed ORDER BY group_id LIMIT ?2",
    )
    .bind(run.get())
    .bind(limit)
    .fetch_all(&store.pool)
    .await
    .map_err(|e| StoreError::new("read the groups to list", e))?;
    Ok(found.into_iter().map(GroupId::new).collect())
}

pub(crate) async fn count_noted(store: &ConnectionStore, run: RunId) -> Result<u64, StoreError> {
    let n: i64 = sqlx::query_scalar("SELECT count(*) FROM noted_groups WHERE run = ?1")
        .bind(run.get())
        .fetch_one(&store.pool)
        .await
        .map_err(|e| StoreError::new("count the groups to list", e))?;
    Ok(u64::try_from(n).unwrap_or_default())
}

pub(crate) async fn listed(store: &ConnectionStore, run: RunId, group: &GroupId) -> Result<(), StoreError> {
    sqlx::query("UPDATE noted_groups SET listed = 1 WHERE run = ?1 AND group_id = ?2")
        .bind(run.get())
        .bind(group.as_str())
        .execute(&store.writer)
        .await
        .map(drop)
        .map_err(|e| StoreError::new("strike a group off the list", e))
}

pub(crate) async fn forget_half_listed(store: &ConnectionStore, run: RunId) -> Result<(), StoreError> {
    sqlx::query(
        "DELETE FROM noted_members WHERE run = ?1
         AND group_id IN (SELECT group_id FROM noted_groups WHERE run = ?1 AND NOT listed)",
    )
    .bind(run.get())
    .execute(&store.writer)
    .await
    .map(drop)
    .map_err(|e| StoreError::new("forget half a list of members", e))
}

pub(crate) async fn forget_members(
    store: &ConnectionStore,
    run: RunId,
    group: &GroupId,
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM noted_members WHERE run = ?1 AND group_id = ?2")
        .bind(run.get())
        .bind(group.as_str())
        .execute(&store.writer)
        .await
        .map(drop)
        .map_err(|e| StoreError::new("forget the members of a group", e))
}

pub(crate) async fn listed_of(
    store: &ConnectionStore,
    run: RunId,
    of: &[GroupId],
) -> Result<HashSet<GroupId>, StoreError> {
    let found: Vec<String> = sqlx::query_scalar(
        "SELECT g.group_id FROM json_each(?2) k
         CROSS JOIN noted_groups g ON g.run = ?1 AND g.group_id = k.value AND g.listed",
    )
    .bind(run.get())
    .bind(ids(of.iter().map(GroupId::as_str)))
    .fetch_all(&store.pool)
    .await
    .map_err(|e| StoreError::new("read which groups were listed", e))?;
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
             SELECT m.user_id AS user FROM noted_members m
             WHERE m.run = ?2 AND NOT EXISTS (
                 SELECT 1 FROM links l WHERE l.connection = ?1 AND l.kind = 'user' AND l.id = m.user_id
                   AND l.to_kind = 'group' AND l.to_value = m.group_id)
             UNION
             SELECT l.id FROM noted_groups g CROSS JOIN links l
             ON l.connection = ?1 AND l.to_kind = 'group' AND l.to_value = g.group_id AND l.kind = 'user'
             WHERE g.run = ?2 AND g.listed AND NOT EXISTS (
                 SELECT 1 FROM noted_members m
                 WHERE m.run = ?2 AND m.user_id = l.id AND m.group_id = g.group_id)
             UNION
             -- Nobody knows which groups Assets shows of whom it did not account for.
             SELECT u.id FROM unconfirmed u
             WHERE u.connection = ?1 AND u.kind = 'user' AND u.change <> 'retire'
               AND (EXISTS (SELECT 1 FROM noted_members m WHERE m.run = ?2 AND m.user_id = u.id)
                 OR EXISTS (SELECT 1 FROM json_each(u.record, '$.references') r
                            JOIN noted_groups g ON g.run = ?2 AND g.listed AND g.group_id = r.value ->> 'reference_key'
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
