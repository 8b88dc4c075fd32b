//! The groups, members, and objects that a run has listed, and those that it has not.

use std::collections::{HashMap, HashSet};

use async_trait::async_trait;
use serde_json::Value;
use sqlx::AssertSqlSafe;
use sync_engine::{Listings, StoreError};
use sync_model::{GroupId, ObjectKind, Record, RunId, UserId};

use crate::connection::ConnectionStore;
use crate::convert::record;

/// Current objects that a run has not met, including those that were never confirmed.
const UNLISTED: &str = "
    SELECT o.id, o.record FROM confirmed_records o WHERE o.connection_id = ?1 AND o.kind = ?2 AND NOT o.retired
      AND NOT EXISTS (SELECT 1 FROM run_objects s WHERE s.run_id = ?3 AND s.kind = ?2 AND s.id = o.id)
    UNION ALL
    SELECT u.id, u.record FROM unconfirmed_records u
    WHERE u.connection_id = ?1 AND u.kind = ?2 AND u.change <> 'retire'
      AND NOT EXISTS (SELECT 1 FROM run_objects s WHERE s.run_id = ?3 AND s.kind = ?2 AND s.id = u.id)
      AND NOT EXISTS (SELECT 1 FROM confirmed_records o WHERE o.connection_id = ?1 AND o.kind = ?2 AND o.id = u.id)";

fn ids<'i>(ids: impl Iterator<Item = &'i str>) -> String {
    Value::from(ids.collect::<Vec<_>>()).to_string()
}

#[async_trait]
impl Listings for ConnectionStore {
    async fn add_listed_groups(&self, run: RunId, groups: &[GroupId]) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT OR IGNORE INTO listed_groups (run_id, group_id) SELECT ?1, value FROM json_each(?2)",
        )
        .bind(run.get())
        .bind(ids(groups.iter().map(GroupId::as_str)))
        .execute(&self.writer)
        .await
        .map(drop)
        .map_err(|e| StoreError::new("store groups to list", e))
    }

    async fn groups_to_list(&self, run: RunId, limit: u32) -> Result<Vec<GroupId>, StoreError> {
        let found: Vec<String> = sqlx::query_scalar(
            "SELECT group_id FROM listed_groups WHERE run_id = ?1 AND NOT members_listed ORDER BY group_id LIMIT ?2",
        )
        .bind(run.get())
        .bind(limit)
        .fetch_all(&self.pool)
        .await
        .map_err(|e| StoreError::new("read the groups to list", e))?;
        Ok(found.into_iter().map(GroupId::new).collect())
    }

    async fn count_listed_groups(&self, run: RunId) -> Result<u64, StoreError> {
        let n: i64 = sqlx::query_scalar("SELECT count(*) FROM listed_groups WHERE run_id = ?1")
            .bind(run.get())
            .fetch_one(&self.pool)
            .await
            .map_err(|e| StoreError::new("count the groups to list", e))?;
        Ok(u64::try_from(n).unwrap_or_default())
    }

    async fn mark_group_listed(&self, run: RunId, group: &GroupId) -> Result<(), StoreError> {
        sqlx::query("UPDATE listed_groups SET members_listed = 1 WHERE run_id = ?1 AND group_id = ?2")
            .bind(run.get())
            .bind(group.as_str())
            .execute(&self.writer)
            .await
            .map(drop)
            .map_err(|e| StoreError::new("mark a group as listed", e))
    }

    async fn drop_listed_members(&self, run: RunId, group: &GroupId) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM listed_members WHERE run_id = ?1 AND group_id = ?2")
            .bind(run.get())
            .bind(group.as_str())
            .execute(&self.writer)
            .await
            .map(drop)
            .map_err(|e| StoreError::new("delete the listed members of a group", e))
    }

    async fn drop_partial_listings(&self, run: RunId) -> Result<(), StoreError> {
        sqlx::query(
            "DELETE FROM listed_members WHERE run_id = ?1
             AND group_id IN (SELECT group_id FROM listed_groups WHERE run_id = ?1 AND NOT members_listed)",
        )
        .bind(run.get())
        .execute(&self.writer)
        .await
        .map(drop)
        .map_err(|e| StoreError::new("drop partial listings of members", e))
    }

    async fn listed_groups(&self, run: RunId, of: &[GroupId]) -> Result<HashSet<GroupId>, StoreError> {
        let found: Vec<String> = sqlx::query_scalar(
            "SELECT g.group_id FROM json_each(?2) k
             CROSS JOIN listed_groups g ON g.run_id = ?1 AND g.group_id = k.value AND g.members_listed",
        )
        .bind(run.get())
        .bind(ids(of.iter().map(GroupId::as_str)))
        .fetch_all(&self.pool)
        .await
        .map_err(|e| StoreError::new("read listed groups", e))?;
        Ok(found.into_iter().map(GroupId::new).collect())
    }

    async fn membership_differences(
        &self,
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
        .bind(self.id)
        .bind(run.get())
        .bind(after.map_or("", UserId::as_str))
        .bind(limit)
        .fetch_all(&self.pool)
        .await
        .map_err(|e| StoreError::new("compare memberships", e))?;
        Ok(found.into_iter().map(UserId::new).collect())
    }

    async fn add_listed_members(
        &self,
        run: RunId,
        group: &GroupId,
        users: &[UserId],
    ) -> Result<(), StoreError> {
        let users = Value::from(users.iter().map(UserId::as_str).collect::<Vec<_>>()).to_string();
        sqlx::query(
            "INSERT OR IGNORE INTO listed_members (run_id, user_id, group_id) SELECT ?1, value, ?2 FROM json_each(?3)",
        )
        .bind(run.get())
        .bind(group.as_str())
        .bind(users)
        .execute(&self.writer)
        .await
        .map(drop)
        .map_err(|e| StoreError::new("store listed members", e))
    }

    async fn listed_groups_of(
        &self,
        run: RunId,
        users: &[UserId],
    ) -> Result<HashMap<UserId, Vec<GroupId>>, StoreError> {
        let users = Value::from(users.iter().map(UserId::as_str).collect::<Vec<_>>()).to_string();
        let rows: Vec<(String, String)> = sqlx::query_as(
            // CROSS JOIN fixes the order: each user is looked up by key. The reverse order scans the whole table.
            "SELECT m.user_id, m.group_id FROM json_each(?2) u
             CROSS JOIN listed_members m ON m.run_id = ?1 AND m.user_id = u.value",
        )
        .bind(run.get())
        .bind(users)
        .fetch_all(&self.pool)
        .await
        .map_err(|e| StoreError::new("read listed members", e))?;
        let mut groups: HashMap<UserId, Vec<GroupId>> = HashMap::new();
        for (user, group) in rows {
            groups.entry(UserId::new(user)).or_default().push(GroupId::new(group));
        }
        Ok(groups)
    }

    async fn count_unlisted(&self, run: RunId, kind: ObjectKind) -> Result<u64, StoreError> {
        let n: i64 = sqlx::query_scalar(AssertSqlSafe(format!("SELECT count(*) FROM ({UNLISTED})")))
            .bind(self.id)
            .bind(kind.as_str())
            .bind(run.get())
            .fetch_one(&self.pool)
            .await
            .map_err(|e| StoreError::new("count objects that were not listed", e))?;
        Ok(u64::try_from(n).unwrap_or_default())
    }

    async fn unlisted(
        &self,
        run: RunId,
        kind: ObjectKind,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Record>, StoreError> {
        let statement = format!("SELECT id, record FROM ({UNLISTED}) WHERE id > ?4 ORDER BY id LIMIT ?5");
        let rows: Vec<(String, String)> = sqlx::query_as(AssertSqlSafe(statement))
            .bind(self.id)
            .bind(kind.as_str())
            .bind(run.get())
            .bind(after.unwrap_or_default())
            .bind(limit)
            .fetch_all(&self.pool)
            .await
            .map_err(|e| StoreError::new("find objects that were not listed", e))?;
        rows.iter().map(|(id, text)| record(kind.as_str(), id, text)).collect()
    }
}
