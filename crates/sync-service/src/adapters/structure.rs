//! The Assets object schema and mapping as the engine's structure.

use async_trait::async_trait;
use insight_import_client::document::SchemaAndMapping;
use insight_import_client::{Error, ImportClient};
use okta_client::OktaClient;
use schema_mapper::evolution::{self, Evolution};
use schema_mapper::{Mapping, MappingOptions, OrgSchemas, UserTypeSchema};
use sync_engine::{PortError, Structure, StructureReport, StructureState};

use super::{MappingSlot, assets_error, okta_error};

/// The document in Assets, beside the one that Okta's schemas call for.
#[derive(Debug, Clone)]
pub(crate) struct AssetsStructure {
    okta: OktaClient,
    assets: ImportClient,
    options: MappingOptions,
    mapping: MappingSlot,
}

impl AssetsStructure {
    pub(crate) const fn new(
        okta: OktaClient,
        assets: ImportClient,
        options: MappingOptions,
        mapping: MappingSlot,
    ) -> Self {
        Self { okta, assets, options, mapping }
    }

    /// Reads Okta's schemas again and puts the mapping that they call for into force.
    async fn wanted(&self) -> Result<Mapping, PortError> {
        let failed = |e| okta_error("the schemas of the Okta org could not be read", e);
        let mut user_types = Vec::new();
        for user_type in self.okta.user_types().list().await.map_err(failed)? {
            let schema = self.okta.schemas().for_type(&user_type).await.map_err(failed)?;
            user_types.push(UserTypeSchema { user_type, schema });
        }
        let group = self.okta.schemas().group().await.map_err(failed)?;
        let mapping = Mapping::new(&OrgSchemas { user_types, group }, &self.options)
            .map_err(|e| PortError::new("the mapping cannot be made").caused_by(e))?;
        self.mapping.set(mapping.clone());
        Ok(mapping)
    }

    async fn current(&self) -> Result<Option<SchemaAndMapping>, PortError> {
        let current = self.assets.schema_and_mapping().await;
        current.map_err(|e| assets_error("the schema and mapping in Assets could not be read", e))
    }

    /// Whether it was created; `false` when somebody else was quicker.
    async fn create(&self, mapping: &Mapping) -> Result<bool, PortError> {
        match self.assets.put_mapping_async(mapping.document()).await {
            Ok(()) => Ok(true),
            Err(Error::MappingExists) => Ok(false),
            Err(error) => Err(assets_error("Assets did not take the schema and mapping", error)),
        }
    }
}

#[async_trait]
impl Structure for AssetsStructure {
    async fn compare(&self) -> Result<StructureReport, PortError> {
        let mapping = self.wanted().await?;
        Ok(match self.current().await? {
            None => whole(&mapping, StructureState::Missing),
            Some(current) => {
                let evolution = evolution::plan(&current, mapping.document());
                let state = if evolution.patch.is_some() {
                    StructureState::Outdated
                } else {
                    StructureState::Current
                };
                report(&mapping, evolution, state)
            }
        })
    }

    async fn apply(&self) -> Result<StructureReport, PortError> {
        let mapping = self.wanted().await?;
        let mut current = self.current().await?;
        if current.is_none() {
            if self.create(&mapping).await? {
                return Ok(whole(&mapping, StructureState::Created));
            }
            current = self.current().await?;
        }
        let current = current.ok_or_else(|| PortError::new("Assets has a mapping and does not show it"))?;
        let evolution = evolution::plan(&current, mapping.document());
        let Some(patch) = &evolution.patch else {
            return Ok(report(&mapping, evolution, StructureState::Current));
        };
        let extended = self.assets.patch_mapping_async(patch).await;
        extended.map_err(|e| assets_error("Assets did not take the change of schema and mapping", e))?;
        Ok(report(&mapping, evolution, StructureState::Extended))
    }
}

fn report(mapping: &Mapping, evolution: Evolution, state: StructureState) -> StructureReport {
    StructureReport {
        state,
        version: mapping.version(),
        added_types: evolution.added_types,
        added_attributes: evolution.added_attributes,
        drift: evolution.drift.iter().map(ToString::to_string).collect(),
    }
}

/// Everything is to be made, or was.
fn whole(mapping: &Mapping, state: StructureState) -> StructureReport {
    let types = &mapping.document().schema.object_schema.object_types;
    let attributes =
        types.iter().flat_map(|t| t.attributes.iter().map(|a| format!("{}: {}", t.name, a.name)));
    StructureReport {
        state,
        version: mapping.version(),
        added_types: types.iter().map(|t| t.name.clone()).collect(),
        added_attributes: attributes.collect(),
        drift: Vec::new(),
    }
}
