//! `/api/v1/groups`

use futures::{Stream, StreamExt, TryStreamExt, stream};
use serde::Deserialize;
use url::Url;

use super::object::{about, checked, found};
use super::paging::{Page, PageCursor};
use super::sort::{SortOrder, sort};
use crate::client::{Call, OktaClient};
use crate::error::Result;
use crate::item::Item;
use crate::model::{Group, User, id};

const PATH: &str = "/api/v1/groups";

/// The filter and options of a group listing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GroupQuery {
    /// An expression over ID, type, and times.
    pub filter: Option<String>,
    /// An expression over all attributes, from an index that lags.
    pub search: Option<String>,
    /// An attribute to sort by; with `search` only.
    pub sort: Option<(String, SortOrder)>,
    /// Adds the number of members to each group.
    pub stats: bool,
    /// The page size, 200 unless set.
    pub limit: Option<u16>,
}

impl GroupQuery {
    /// Groups that a filter selects.
    pub fn filter(expression: impl Into<String>) -> Self {
        Self { filter: Some(expression.into()), ..Self::default() }
    }
}

/// A member whose ID is sufficient.
#[derive(Deserialize)]
struct MemberId {
    #[serde(deserialize_with = "id")]
    id: String,
}

impl Item for MemberId {
    const NEEDED: &'static [&'static str] = &["id"];
}

/// Groups and their members.
#[derive(Debug, Clone, Copy)]
pub struct Groups<'c>(&'c OktaClient);

impl OktaClient {
    /// Groups and their members.
    pub const fn groups(&self) -> Groups<'_> {
        Groups(self)
    }
}

impl Groups<'_> {
    /// The groups that a query selects, page by page. Scope `okta.groups.read`.
    pub fn list(&self, query: &GroupQuery) -> impl Stream<Item = Result<Group>> + Send + 'static + use<> {
        self.0.list(self.first(query))
    }

    /// The first page of the same.
    ///
    /// # Errors
    /// As any call.
    pub async fn page(&self, query: &GroupQuery) -> Result<Page<Group>> {
        self.0.page(&self.first(query)).await
    }

    /// A later page.
    ///
    /// # Errors
    /// [`Api`](crate::Error::Api) if Okta no longer accepts the position,
    /// [`InvalidCheckpoint`](crate::Error::InvalidCheckpoint) if it belongs to another listing, and as any call.
    pub async fn page_at(&self, cursor: &PageCursor) -> Result<Page<Group>> {
        self.0.page(&Self::call(self.0.at_cursor(PATH, cursor)?)).await
    }

    fn first(self, query: &GroupQuery) -> Call {
        let mut url = self.0.url(PATH);
        {
            let mut pairs = url.query_pairs_mut();
            pairs.append_pair("limit", &query.limit.unwrap_or(200).to_string());
            for (name, value) in [("filter", &query.filter), ("search", &query.search)] {
                if let Some(value) = value {
                    pairs.append_pair(name, value);
                }
            }
            sort(&mut pairs, query.sort.as_ref());
            if query.stats {
                pairs.append_pair("expand", "stats");
            }
        }
        Self::call(url)
    }

    const fn call(url: Url) -> Call {
        Call::get(url, "a page of groups")
    }

    /// One group.
    ///
    /// # Errors
    /// [`NotFound`](crate::Error::NotFound) if it doesn't exist, [`OtherObject`](crate::Error::OtherObject) if the response is
    /// for another group, and as any call.
    pub async fn get(&self, id: &str) -> Result<Group> {
        let path = format!("/api/v1/groups/{}", checked(id)?);
        let group: Group = self.0.fetch(Call::get(self.0.url(&path), "a group")).await?;
        about(id, &path, group, |group| &group.id)
    }

    /// The same, with `None` when there is none.
    ///
    /// # Errors
    /// As any call.
    pub async fn find(&self, id: &str) -> Result<Option<Group>> {
        found(self.get(id).await)
    }

    /// The complete members of a group, page by page. They can include deactivated users.
    pub fn members(&self, id: &str) -> impl Stream<Item = Result<User>> + Send + 'static + use<> {
        self.listed(id, 200, "a page of members")
    }

    /// The IDs of a group's members, in pages of 1,000. They can include deactivated users.
    pub fn member_ids(&self, id: &str) -> impl Stream<Item = Result<String>> + Send + 'static + use<> {
        self.listed::<MemberId>(id, 1000, "a page of members").map_ok(|member| member.id)
    }

    fn listed<T: Item + Send + 'static>(
        self,
        id: &str,
        limit: u16,
        expected: &'static str,
    ) -> impl Stream<Item = Result<T>> + Send + 'static + use<T> {
        let listing = checked(id).map(|id| {
            let mut url = self.0.url(&format!("/api/v1/groups/{id}/users"));
            url.query_pairs_mut().append_pair("limit", &limit.to_string());
            self.0.list::<T>(Call::get(url, expected))
        });
        match listing {
            Ok(items) => items.left_stream(),
            Err(error) => stream::once(std::future::ready(Err(error))).right_stream(),
        }
    }
}
