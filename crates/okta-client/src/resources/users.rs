//! `/api/v1/users`

use futures::{Stream, TryStreamExt};
use url::Url;

use super::{checked, found};
use crate::OktaClient;
use crate::error::Result;
use crate::model::{Group, User};

/// Which users to list, and how. The plain listing leaves deactivated users out; a filter or search includes them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserQuery {
    /// An expression over a few attributes, close to real time: `lastUpdated gt "2026-03-01T00:00:00.000Z"`.
    pub filter: Option<String>,
    /// An expression over all attributes, from an index that lags.
    pub search: Option<String>,
    /// An attribute to sort by; with `search` only.
    pub sort_by: Option<String>,
    /// The page size, 200 unless set; Okta allows no more.
    pub limit: Option<u16>,
}

impl UserQuery {
    /// Users that a filter selects.
    pub fn filter(expression: impl Into<String>) -> Self {
        Self { filter: Some(expression.into()), ..Self::default() }
    }

    fn apply(&self, url: &mut Url) {
        let mut pairs = url.query_pairs_mut();
        pairs.append_pair("limit", &self.limit.unwrap_or(200).to_string());
        for (name, value) in [("filter", &self.filter), ("search", &self.search), ("sortBy", &self.sort_by)] {
            if let Some(value) = value {
                pairs.append_pair(name, value);
            }
        }
    }
}

/// Users.
#[derive(Debug, Clone, Copy)]
pub struct Users<'c>(pub(crate) &'c OktaClient);

impl Users<'_> {
    /// The users that a query selects, page by page. Scope `okta.users.read`.
    pub fn list(&self, query: &UserQuery) -> impl Stream<Item = Result<User>> + Send + 'static {
        let mut url = self.0.url("/api/v1/users");
        query.apply(&mut url);
        self.0.list(url, "a page of users")
    }

    /// One user, read from the object itself and not from an index.
    ///
    /// # Errors
    /// [`NotFound`](crate::Error::NotFound) when there is none, and as any call.
    pub async fn get(&self, id: &str) -> Result<User> {
        self.0.get(self.0.url(&format!("/api/v1/users/{}", checked(id)?)), "a user").await
    }

    /// The same, with `None` when there is none.
    ///
    /// # Errors
    /// As any call.
    pub async fn find(&self, id: &str) -> Result<Option<User>> {
        found(self.get(id).await)
    }

    /// The groups of a user.
    ///
    /// # Errors
    /// As any call.
    pub async fn groups(&self, id: &str) -> Result<Vec<Group>> {
        let url = self.0.url(&format!("/api/v1/users/{}/groups", checked(id)?));
        self.0.list(url, "the groups of a user").try_collect().await
    }
}
