//! A saved org as the engine's directory: for plans without Okta.

use async_trait::async_trait;
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};
use jiff::Timestamp;
use sync_engine::{Cursor, Directory, DirectoryObject, Page, PortError};
use sync_model::{GroupId, UserId};

use crate::export::{ExportError, Saved};
use crate::projection::Projection;

/// An export, read through a mapping and the scope. Objects that its listings don't contain don't exist.
#[derive(Debug, Clone)]
pub(crate) struct SavedDirectory {
    saved: Saved,
    lens: Projection,
}

impl SavedDirectory {
    pub(crate) const fn new(saved: Saved, lens: Projection) -> Self {
        Self { saved, lens }
    }

    /// Finds the group of all users, once.
    async fn find_everyone(&self) -> Result<(), PortError> {
        let mut number = 1;
        while !self.lens.choice().knows_everyone() {
            let page = self.saved.groups(number).await.map_err(reading)?;
            match page.as_ref().map(|page| page.iter().find(|group| group.is_everyone())) {
                Some(Some(everyone)) => self.lens.choice().set_everyone_group(Some(everyone)),
                Some(None) => number += 1,
                None => self.lens.choice().set_everyone_group(None),
            }
        }
        Ok(())
    }
}

// The signature is that of `map_err`.
#[allow(clippy::needless_pass_by_value)]
fn reading(error: ExportError) -> PortError {
    let remedy = error.remedy();
    PortError::new("could not read the export").with_remedy(remedy).caused_by(error)
}

/// A place in a listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    /// The page, counted from 1.
    number: u64,
    /// The objects on the pages before it.
    before: u64,
}

impl Place {
    fn of(from: Option<&Cursor>) -> Result<Self, PortError> {
        let Some(cursor) = from else { return Ok(Self { number: 1, before: 0 }) };
        let parts = cursor.as_str().split_once(' ');
        let place = parts.and_then(|(number, before)| {
            Some(Self { number: number.parse().ok()?, before: before.parse().ok()? })
        });
        place.ok_or_else(|| PortError::new(format!("\"{}\" is not a position in an export", cursor.as_str())))
    }

    /// The page of these items; the last one after it is empty, and `complete` judges the number of all.
    fn page<T, O>(
        self,
        items: Option<Vec<T>>,
        observe: impl Fn(&T) -> O,
        complete: impl Fn(u64) -> Result<(), ExportError>,
    ) -> Result<Page<O>, PortError> {
        let Some(items) = items else {
            complete(self.before).map_err(reading)?;
            return Ok(Page { items: Vec::new(), unreadable: Vec::new(), next: None });
        };
        let next = Cursor::new(format!("{} {}", self.number + 1, self.before + items.len() as u64));
        Ok(Page { items: items.iter().map(observe).collect(), unreadable: Vec::new(), next: Some(next) })
    }
}

#[async_trait]
impl Directory for SavedDirectory {
    async fn groups(
        &self,
        _since: Option<Timestamp>,
        from: Option<&Cursor>,
    ) -> Result<Page<DirectoryObject>, PortError> {
        let place = Place::of(from)?;
        let groups = self.saved.groups(place.number).await.map_err(reading)?;
        place.page(groups, |group| self.lens.group(group), |found| self.saved.check_groups(found))
    }

    fn members(&self, group: &GroupId) -> BoxStream<'static, Result<UserId, PortError>> {
        let (saved, group) = (self.saved.clone(), group.clone());
        let members = async move {
            let members = saved.members(group.as_str()).await.map_err(reading)?;
            Ok(stream::iter(members.into_iter().map(|id| Ok(UserId::new(id)))))
        };
        stream::once(members).try_flatten().boxed()
    }

    async fn users(
        &self,
        _since: Option<Timestamp>,
        from: Option<&Cursor>,
    ) -> Result<Page<DirectoryObject>, PortError> {
        self.find_everyone().await?;
        let place = Place::of(from)?;
        let users = self.saved.users(place.number).await.map_err(reading)?;
        place.page(users, |user| self.lens.user(user), |found| self.saved.check_users(found))
    }

    async fn user(&self, _id: &UserId) -> Result<Option<DirectoryObject>, PortError> {
        Ok(None)
    }

    async fn groups_of(&self, _id: &UserId) -> Result<Option<Vec<GroupId>>, PortError> {
        Ok(None)
    }

    async fn group(&self, _id: &GroupId) -> Result<Option<DirectoryObject>, PortError> {
        Ok(None)
    }

    fn time(&self) -> Option<Timestamp> {
        None
    }

    fn requests(&self) -> u64 {
        0
    }
}
