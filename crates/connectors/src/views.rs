//! Both sides through a mapping: the shared state of all views of a connection, and the views.

use std::sync::Arc;

use insight_import_client::{AssetsClient, ImportClient};
use okta_client::OktaClient;
use schema_mapper::{Mapping, SyncScope};
use sync_engine::{Directory, MappingView, Place, TargetObjects};

use crate::directory::OktaDirectory;
use crate::export::Saved;
use crate::importer::AssetsImporter;
use crate::objects::{AssetsObjects, KnownNames};
use crate::projection::{Choice, Projection};
use crate::saved::SavedDirectory;
use crate::settings::SourceSettings;

/// The source of an org's data.
#[derive(Debug, Clone)]
pub enum OrgSource {
    /// Okta itself.
    Okta(OktaClient),
    /// An export.
    Saved(Saved),
}

/// Both sides of a connection, to be seen through any mapping.
#[derive(Debug, Clone)]
pub struct Sides {
    pub(crate) org: OrgSource,
    pub(crate) assets: ImportClient,
    /// Assets with the Atlassian account, if there is one.
    pub account: Option<AssetsClient>,
    pub(crate) settings: SourceSettings,
    choice: Choice,
    names: KnownNames,
}

impl Sides {
    /// Both sides of a connection with this scope.
    pub fn new(
        org: OrgSource,
        assets: ImportClient,
        account: Option<AssetsClient>,
        selection: SyncScope,
    ) -> Self {
        let settings = SourceSettings::new(assets.clone(), account.clone());
        let choice = Choice::new(selection);
        Self { org, assets, account, settings, choice, names: Arc::default() }
    }

    /// The configured scope.
    pub const fn choice(&self) -> &Choice {
        &self.choice
    }

    /// Okta's objects through a mapping.
    pub fn lens(&self, mapping: Arc<Mapping>) -> Projection {
        Projection::new(mapping, self.choice.clone())
    }

    /// Objects in Assets, named by a mapping; `None` without an account.
    pub fn objects(&self, mapping: Arc<Mapping>) -> Option<AssetsObjects> {
        let account = self.account.clone()?;
        Some(AssetsObjects::new(account, self.settings.clone(), mapping, Arc::clone(&self.names)))
    }

    /// Everything through a mapping.
    pub fn through(&self, mapping: Arc<Mapping>, place: Place, structure: Option<String>) -> MappingView {
        let lens = self.lens(Arc::clone(&mapping));
        let directory: Arc<dyn Directory> = match &self.org {
            OrgSource::Okta(okta) => Arc::new(OktaDirectory::new(okta.clone(), lens.clone())),
            OrgSource::Saved(saved) => Arc::new(SavedDirectory::new(saved.clone(), lens.clone())),
        };
        let objects = self.objects(Arc::clone(&mapping));
        MappingView {
            version: mapping.version(),
            place,
            target_schema: structure,
            rules: Arc::new(lens),
            directory,
            objects: objects.map(|objects| -> Arc<dyn TargetObjects> { Arc::new(objects) }),
            importer: Arc::new(AssetsImporter::new(self.assets.clone(), mapping, self.settings.clone())),
        }
    }
}
