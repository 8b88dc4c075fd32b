//! `/api/v1/users`

use futures::{Stream, StreamExt, TryStreamExt};
use url::Url;

use super::object::{about, checked, found};
use super::paging::{Page, PageCursor};
use super::sort::{SortOrder, sort};
use crate::client::{Call, OktaClient};
use crate::error::Result;
use crate::model::{Group, User};

const PATH: &str = "/api/v1/users";

/// The members of a user that every projection requires: without them, it is no [`User`].
const ALWAYS: [&str; 2] = ["id", "status"];

/// The filter and options of a user listing. The plain listing leaves deactivated users out; a filter or search
/// includes them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserQuery {
    /// An expression over a few attributes, close to real time: `lastUpdated gt "2026-03-01T00:00:00.000Z"`.
    pub filter: Option<String>,
    /// An expression over all attributes, from an index that lags: `profile.department eq "R&D"`.
    pub search: Option<String>,
    /// An attribute to sort by; with `search` only.
    pub sort: Option<(String, SortOrder)>,
    /// The members to read in addition to `id` and `status`, such as `lastUpdated` or `profile.city`; all if empty.
    pub fields: Vec<String>,
    /// The page size, 200 unless set; Okta allows no more.
    pub limit: Option<u16>,
}

impl UserQuery {
    /// Users that a filter selects.
    pub fn filter(expression: impl Into<String>) -> Self {
        Self { filter: Some(expression.into()), ..Self::default() }
    }

    /// Users that a search selects.
    pub fn search(expression: impl Into<String>) -> Self {
        Self { search: Some(expression.into()), ..Self::default() }
    }

    fn apply(&self, url: &mut Url) {
        let mut pairs = url.query_pairs_mut();
        pairs.append_pair("limit", &self.limit.unwrap_or(200).to_string());
        for (name, value) in [("filter", &self.filter), ("search", &self.search)] {
            if let Some(value) = value {
                pairs.append_pair(name, value);
            }
        }
        sort(&mut pairs, self.sort.as_ref());
        if !self.fields.is_empty() {
            pairs.append_pair("fields", &projection(&self.fields));
        }
    }
}

/// The fields as Okta writes them, `id,status,profile:(city)`, each of them once: a repeated one was an error once.
fn projection(fields: &[String]) -> String {
    let (mut members, mut profile) = (ALWAYS.to_vec(), Vec::new());
    for field in fields {
        let (list, name) = match field.strip_prefix("profile.") {
            Some(attribute) => (&mut profile, attribute),
            None => (&mut members, field.as_str()),
        };
        if !list.contains(&name) {
            list.push(name);
        }
    }
    let profile = (!profile.is_empty()).then(|| format!(",profile:({})", profile.join(",")));
    members.join(",") + &profile.unwrap_or_default()
}

/// True if a text is a user's login, or the part of it before the `@`.
fn is_login(text: &str, user: &User) -> bool {
    let login = user.profile.text("login").unwrap_or_default();
    let name = login.split('@').next().unwrap_or_default();
    [login, name].iter().any(|login| login.to_lowercase() == text.to_lowercase())
}

/// Users.
#[derive(Debug, Clone, Copy)]
pub struct Users<'c>(&'c OktaClient);

impl OktaClient {
    /// Users.
    pub const fn users(&self) -> Users<'_> {
        Users(self)
    }
}

impl Users<'_> {
    /// The users that a query selects, page by page. Scope `okta.users.read`.
    pub fn list(&self, query: &UserQuery) -> impl Stream<Item = Result<User>> + Send + 'static + use<> {
        self.0.list(self.first(query))
    }

    /// The first page of the same.
    ///
    /// # Errors
    /// As any call.
    pub async fn page(&self, query: &UserQuery) -> Result<Page<User>> {
        self.0.page(&self.first(query)).await
    }

    /// A later page.
    ///
    /// # Errors
    /// [`Api`](crate::Error::Api) if Okta no longer accepts the position,
    /// [`InvalidCheckpoint`](crate::Error::InvalidCheckpoint) if it belongs to another listing, and as any call.
    pub async fn page_at(&self, cursor: &PageCursor) -> Result<Page<User>> {
        self.0.page(&Self::call(self.0.at_cursor(PATH, cursor)?)).await
    }

    fn first(self, query: &UserQuery) -> Call {
        let mut url = self.0.url(PATH);
        query.apply(&mut url);
        Self::call(url)
    }

    const fn call(url: Url) -> Call {
        Call::get(url, "a page of users").lean()
    }

    /// All users, with deactivated users last. A user that is deactivated during the listing can be returned twice.
    pub fn list_all(&self) -> impl Stream<Item = Result<User>> + Send + 'static + use<> {
        let deactivated = UserQuery::filter("status eq \"DEPROVISIONED\"");
        self.list(&UserQuery::default()).chain(self.list(&deactivated))
    }

    /// One user, read from the object and not from an index. Okta also accepts the part of a login before the `@`.
    ///
    /// # Errors
    /// [`NotFound`](crate::Error::NotFound) if it doesn't exist, [`OtherObject`](crate::Error::OtherObject) if the response is
    /// for another user, and as any call.
    pub async fn get(&self, id: &str) -> Result<User> {
        let path = format!("/api/v1/users/{}", checked(id)?);
        let user: User = self.0.fetch(Call::get(self.0.url(&path), "a user").lean()).await?;
        if is_login(id, &user) { Ok(user) } else { about(id, &path, user, |user| &user.id) }
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
        self.0.list(Call::get(url, "the groups of a user")).try_collect().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_projection_names_each_field_once() {
        let fields =
            ["profile.city", "lastUpdated", "id", "profile.login", "profile.city"].map(str::to_owned);
        assert_eq!(projection(&fields), "id,status,lastUpdated,profile:(city,login)");
        assert_eq!(projection(&["created".to_owned()]), "id,status,created");
    }
}
