//! Writing an export, page by page.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use futures::stream::{self, BoxStream};
use futures::{Stream, StreamExt, TryStreamExt};
use okta_client::model::{Group, UserType};
use okta_client::{GroupQuery, OktaClient};
use serde::Serialize;
use serde_json::json;
use sync_engine::{Clock, Phase, ProgressSink, SystemClock};
use tokio::fs;
use tokio::io::AsyncWriteExt;
use tokio_util::sync::CancellationToken;

use crate::export::error::{ExportError, VERSION};
use crate::export::layout::{GROUP_SCHEMA, GROUPS, Layout, Manifest, USERS};

/// The page size of Okta's users.
const PAGE: usize = 200;
/// The number of IDs written at once.
const MEMBERS: usize = 1000;
/// The number of groups listed concurrently.
const CONCURRENCY: usize = 8;

/// Saves an org to a folder, which is created where it does not exist. With `force`, an earlier export in it is replaced,
/// and nothing else. The files are for their owner alone: they hold personal data.
///
/// # Errors
/// When the folder isn't empty, Okta or the disk fails, or it is interrupted; the
/// folder then has no manifest.
pub async fn export(
    okta: &OktaClient,
    folder: &Path,
    force: bool,
    progress: &dyn ProgressSink,
    stop: &CancellationToken,
) -> Result<Manifest, ExportError> {
    prepare(folder, force).await?;
    let writer = Writer { okta, layout: Layout::new(folder), progress };
    tokio::select! {
        biased;
        () = stop.cancelled() => Err(ExportError::Stopped),
        written = writer.write() => written,
    }
}

/// Prepares an empty folder.
async fn prepare(folder: &Path, force: bool) -> Result<(), ExportError> {
    let layout = Layout::new(folder);
    private_folder(folder).await?;
    let mut entries = fs::read_dir(folder).await.map_err(ExportError::file(folder, "read"))?;
    let mut names = Vec::new();
    while let Some(entry) = entries.next_entry().await.map_err(ExportError::file(folder, "read"))? {
        names.push(entry.file_name().to_string_lossy().into_owned());
    }
    if names.is_empty() {
        return Ok(());
    }
    let ours = ["manifest.json", "user-types.json", "schemas", "members", USERS, GROUPS];
    if !names.iter().all(|name| ours.contains(&name.as_str())) {
        return Err(ExportError::Foreign(folder.to_owned()));
    }
    if !force {
        return Err(ExportError::NotEmpty(folder.to_owned()));
    }
    // The manifest is removed first: without it, an interrupted export isn't valid.
    for file in [layout.manifest(), layout.user_types()] {
        if names.iter().any(|name| file.ends_with(name)) {
            fs::remove_file(&file).await.map_err(ExportError::file(&file, "removed"))?;
        }
    }
    for part in [layout.schemas(), layout.members(), layout.pages(USERS), layout.pages(GROUPS)] {
        if names.iter().any(|name| part.ends_with(name)) {
            fs::remove_dir_all(&part).await.map_err(ExportError::file(&part, "removed"))?;
        }
    }
    Ok(())
}

struct Writer<'w> {
    okta: &'w OktaClient,
    layout: Layout,
    progress: &'w dyn ProgressSink,
}

impl Writer<'_> {
    async fn write(&self) -> Result<Manifest, ExportError> {
        let started_at = SystemClock.now();
        let user_types = self.write_schemas().await?;
        let (groups, listed) = self.write_groups().await?;
        let memberships = self.write_members(listed).await?;
        let listing = self.okta.users().list_all().boxed();
        let users = self.write_pages(USERS, Phase::Users, listing, |_| {}).await?;
        let manifest = Manifest {
            version: VERSION,
            org_url: self.okta.org_url().as_str().trim_end_matches('/').to_owned(),
            started_at,
            users,
            groups,
            memberships,
            user_types,
        };
        write_json(&self.layout.manifest(), &manifest).await?;
        Ok(manifest)
    }

    async fn write_schemas(&self) -> Result<u64, ExportError> {
        self.progress.begin(Phase::Schema, None);
        private_folder(&self.layout.schemas()).await?;
        let user_types: Vec<UserType> = self.okta.user_types().list().await.map_err(okta)?;
        for user_type in &user_types {
            let schema = self.okta.schemas().for_type(user_type).await.map_err(okta)?;
            let id = user_type.schema_id().unwrap_or(&user_type.id);
            write_json(&self.layout.schema(id)?, &schema).await?;
        }
        let group = self.okta.schemas().group().await.map_err(okta)?;
        write_json(&self.layout.schema(GROUP_SCHEMA)?, &group).await?;
        write_json(&self.layout.user_types(), &user_types).await?;
        self.progress.end(Phase::Schema);
        Ok(user_types.len() as u64)
    }

    /// Writes the groups, and returns their number and the IDs of those with their own members.
    async fn write_groups(&self) -> Result<(u64, Vec<String>), ExportError> {
        let mut listed = Vec::new();
        let groups = self.okta.groups().list(&GroupQuery::default());
        let note = |page: &[Group]| {
            listed.extend(page.iter().filter(|group| !group.is_everyone()).map(|group| group.id.clone()));
        };
        let n = self.write_pages(GROUPS, Phase::Groups, groups, note).await?;
        Ok((n, listed))
    }

    async fn write_members(&self, groups: Vec<String>) -> Result<u64, ExportError> {
        self.progress.begin(Phase::Members, Some(groups.len() as u64));
        private_folder(&self.layout.members()).await?;
        let memberships = AtomicU64::new(0);
        let listings: BoxStream<'_, Result<(), ExportError>> = stream::iter(groups)
            .map(|group| async {
                memberships.fetch_add(self.write_members_of(group).await?, Ordering::Relaxed);
                self.progress.advance(Phase::Members, 1);
                Ok(())
            })
            .buffer_unordered(CONCURRENCY)
            .boxed();
        listings.try_collect::<()>().await?;
        self.progress.end(Phase::Members);
        Ok(memberships.into_inner())
    }

    async fn write_members_of(&self, group: String) -> Result<u64, ExportError> {
        let path = self.layout.members_of(&group)?;
        let mut file = create(&path).await?;
        let mut pages = std::pin::pin!(self.okta.groups().member_ids(&group).try_chunks(MEMBERS));
        let mut n = 0;
        let written = ExportError::file;
        file.write_all(b"[").await.map_err(written(&path, "written"))?;
        while let Some(page) = pages.next().await {
            let page = match page {
                Ok(page) => page,
                // The group was deleted after it was listed, if Okta confirms that: it has no members.
                Err(error) if matches!(error.1, okta_client::Error::NotFound { .. }) => {
                    match self.okta.groups().find(&group).await.map_err(okta)? {
                        None => break,
                        Some(_) => return Err(okta(error.1)),
                    }
                }
                Err(error) => return Err(okta(error.1)),
            };
            let mut text = String::new();
            for id in page {
                text.push_str(if n == 0 { "\n" } else { ",\n" });
                text.push_str(&json!({ "id": id }).to_string());
                n += 1;
            }
            file.write_all(text.as_bytes()).await.map_err(written(&path, "written"))?;
        }
        file.write_all(b"\n]\n").await.map_err(written(&path, "written"))?;
        file.flush().await.map_err(written(&path, "written"))?;
        Ok(n)
    }

    /// Writes a listing, a file for each page.
    async fn write_pages<T: Serialize>(
        &self,
        of: &str,
        phase: Phase,
        items: impl Stream<Item = okta_client::Result<T>> + Send,
        mut note: impl FnMut(&[T]),
    ) -> Result<u64, ExportError> {
        self.progress.begin(phase, None);
        private_folder(&self.layout.pages(of)).await?;
        let mut pages = std::pin::pin!(items.try_chunks(PAGE));
        let (mut number, mut n) = (0, 0);
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| okta(error.1))?;
            number += 1;
            n += page.len() as u64;
            note(&page);
            write_json(&self.layout.page(of, number), &page).await?;
            self.progress.advance(phase, page.len() as u64);
        }
        self.progress.end(phase);
        Ok(n)
    }
}

fn okta(error: okta_client::Error) -> ExportError {
    ExportError::Okta(Box::new(error))
}

async fn private_folder(path: &Path) -> Result<(), ExportError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    builder.mode(0o700);
    builder.create(path).await.map_err(ExportError::file(path, "written"))
}

async fn create(path: &Path) -> Result<fs::File, ExportError> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    options.mode(0o600);
    options.open(path).await.map_err(ExportError::file(path, "written"))
}

async fn write_json(path: &Path, value: &impl Serialize) -> Result<(), ExportError> {
    let mut text = serde_json::to_vec_pretty(value).map_err(|error| ExportError::shape(path, &error))?;
    text.push(b'\n');
    let mut file = create(path).await?;
    file.write_all(&text).await.map_err(ExportError::file(path, "written"))?;
    file.flush().await.map_err(ExportError::file(path, "written"))
}
