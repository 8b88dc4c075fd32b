//! The Assets object schema and mapping as the engine's structure.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use insight_import_client::account::AttributeUpdate;
use insight_import_client::document::SchemaAndMapping;
use insight_import_client::{AssetsClient, Error};
use schema_mapper::evolution::{self, Correction, Evolution};
use schema_mapper::{Mapping, MappingOptions, OrgSchemas};
use serde_json::{Value, json};
use sync_engine::{
    Comparison, Finding, FormTrial, MappingView, PortError, SchemaReport, SchemaState, StateStore,
    TargetSchema,
};
use sync_model::ReferenceForm;

use crate::errors::{assets_error, okta_error};
use crate::findings;
use crate::place::place_of;
use crate::schemas::org_schemas;
use crate::site_facts::{SourceFacts, StoredFacts};
use crate::views::{OrgSource, Sides};

/// The import source compared with the mapping that Okta's schemas require.
#[derive(Debug)]
pub struct Examined {
    /// The required mapping.
    pub wanted: Mapping,
    /// The same as far as the import source has it, under the names that it has; the whole when it has nothing yet.
    pub fitted: Mapping,
    /// The differences; `None` if the import source has no mapping yet.
    pub evolution: Option<Evolution>,
}

/// The document in Assets, and the one that Okta's schemas require.
#[derive(Debug, Clone)]
pub struct AssetsStructure {
    sides: Sides,
    options: MappingOptions,
    rename_attributes: bool,
    facts: Option<StoredFacts>,
}

impl AssetsStructure {
    /// The target schema of a connection with these mapping options.
    pub const fn new(sides: Sides, options: MappingOptions) -> Self {
        Self { sides, options, rename_attributes: false, facts: None }
    }

    /// Follows the facts of the site where the options leave it open.
    #[must_use]
    pub fn following_facts(mut self, store: Arc<dyn StateStore>) -> Self {
        self.facts = Some(StoredFacts::new(store));
        self
    }

    /// Renames attributes in Assets when their titles change in Okta.
    #[must_use]
    pub const fn following_titles(mut self, follow: bool) -> Self {
        self.rename_attributes = follow;
        self
    }

    /// Reads Okta's schemas again and returns the mapping for them. `current` is the mapping in Assets.
    async fn wanted(&self, current: Option<&SchemaAndMapping>) -> Result<Mapping, PortError> {
        const ACTION: &str = "could not read the schemas of the Okta org";
        let schemas = match &self.sides.org {
            OrgSource::Okta(okta) => org_schemas(okta).await.map_err(|e| okta_error(ACTION, e))?,
            OrgSource::Saved(saved) => saved
                .schemas()
                .await
                .map_err(|e| PortError::new(ACTION).with_remedy(e.remedy()).caused_by(e))?,
        };
        self.called_for(&schemas, current).await
    }

    /// The mapping that schemas call for. Without a choice and a proof, the form of several references in Assets stays.
    async fn called_for(
        &self,
        schemas: &OrgSchemas,
        current: Option<&SchemaAndMapping>,
    ) -> Result<Mapping, PortError> {
        let mapping = Mapping::new(schemas, &self.options)
            .map_err(|e| PortError::new("could not build the mapping").caused_by(e))?;
        Ok(match self.facts().await?.form() {
            Some(form) => mapping.with_reference_form(form),
            None => mapping.keeping_reference_form(current),
        })
    }

    /// The facts about the import source; none if the options choose the form of several references.
    async fn facts(&self) -> Result<SourceFacts, PortError> {
        match (&self.facts, self.options.reference_form.form()) {
            (Some(stored), None) => stored.about(&self.sides.assets).await,
            _ => Ok(SourceFacts::default()),
        }
    }

    /// The mapping as far as the import source has it; changes nothing.
    ///
    /// # Errors
    /// When Okta or Assets fails, or the mapping options fit no org.
    pub async fn fitted(&self) -> Result<Mapping, PortError> {
        let current = self.current().await?;
        let wanted = self.wanted(current.as_ref()).await?;
        Ok(Self::against(wanted, current).fitted)
    }

    /// Compares the import source with the document that the schemas require; changes nothing.
    ///
    /// # Errors
    /// When Assets fails, or the mapping options fit no org.
    pub async fn examine(&self, schemas: &OrgSchemas) -> Result<Examined, PortError> {
        let current = self.current().await?;
        let wanted = self.called_for(schemas, current.as_ref()).await?;
        Ok(Self::against(wanted, current))
    }

    fn against(wanted: Mapping, current: Option<SchemaAndMapping>) -> Examined {
        // Without a mapping in Assets, records have nothing to fit.
        let fitted = current.as_ref().map_or_else(|| wanted.clone(), |current| wanted.fit_to(current));
        let evolution = current.map(|current| evolution::plan(&current, wanted.document()));
        Examined { wanted, fitted, evolution }
    }

    async fn current(&self) -> Result<Option<SchemaAndMapping>, PortError> {
        let current = self.sides.assets.schema_and_mapping().await;
        current.map_err(|e| assets_error("could not read the schema and mapping in Assets", e))
    }

    /// Creates the mapping; `false` if another process was quicker.
    async fn create(&self, mapping: &Mapping) -> Result<bool, PortError> {
        match self.sides.assets.put_mapping_async(mapping.document()).await {
            Ok(()) => Ok(true),
            Err(Error::MappingExists) => Ok(false),
            Err(error) => Err(assets_error("Assets rejected the schema and mapping", error)),
        }
    }
}

#[async_trait]
impl TargetSchema for AssetsStructure {
    async fn compare(&self) -> Result<Comparison, PortError> {
        let current = self.current().await?;
        let wanted = self.wanted(current.as_ref()).await?;
        let (report, mapping) = match &current {
            None => (whole(&wanted, SchemaState::Missing), wanted.clone()),
            Some(current) => {
                let evolution = evolution::plan(current, wanted.document());
                (self.compared(&wanted, evolution), wanted.fit_to(current))
            }
        };
        self.comparison(report, &wanted, mapping, current.as_ref()).await
    }

    async fn state(&self) -> Result<Option<String>, PortError> {
        Ok(Some(self.state_of(self.current().await?.as_ref())))
    }

    async fn preview(&self) -> Result<Comparison, PortError> {
        let current = self.current().await?;
        let wanted = self.wanted(current.as_ref()).await?;
        let (report, mapping) = match &current {
            None => (whole(&wanted, SchemaState::Missing), wanted.clone()),
            Some(current) => {
                let evolution = evolution::plan(current, wanted.document());
                (self.compared(&wanted, evolution), wanted.with_added(current))
            }
        };
        self.comparison(report, &wanted, mapping, current.as_ref()).await
    }

    async fn apply(&self, base: &MappingView) -> Result<Option<Comparison>, PortError> {
        let current = self.current().await?;
        let wanted = self.wanted(current.as_ref()).await?;
        if base.target_schema.as_ref() != Some(&self.state_of(current.as_ref())) {
            return Ok(None);
        }
        let mut result = match &current {
            None if self.create(&wanted).await? => whole(&wanted, SchemaState::Created),
            // Another process was quicker.
            None => return Ok(None),
            Some(current) => self.extend(&wanted, current).await?,
        };
        // Assets may create something else than the request asked for.
        let mut present = self.read_back().await?;
        let mut evolution = evolution::plan(&present, wanted.document());
        let corrections: Vec<Correction> =
            evolution.corrections.iter().filter(|c| self.may_correct(c)).cloned().collect();
        if let (Some(account), false) = (&self.sides.account, corrections.is_empty()) {
            self.correct(account, &corrections).await?;
            result.fixed_attributes = corrections.iter().map(place).collect();
            present = self.read_back().await?;
            evolution = evolution::plan(&present, wanted.document());
            if result.state == SchemaState::Current {
                result.state = SchemaState::Extended;
            }
        }
        let left = report(&wanted, evolution, result.state);
        let report = SchemaReport { drift: left.drift, ..result };
        let mapping = wanted.fit_to(&present);
        self.comparison(report, &wanted, mapping, Some(&present)).await.map(Some)
    }

    async fn try_reference_form(&self, form: ReferenceForm) -> Result<FormTrial, PortError> {
        if self.options.reference_form.form().is_some_and(|chosen| chosen != form) {
            return Ok(FormTrial::NotChosen);
        }
        let current = self.read_back().await?;
        let wanted = self.wanted(Some(&current)).await?.with_reference_form(form);
        let report = match self.extend(&wanted, &current).await {
            Err(error) if is_invalid_mapping(&error) => return Ok(FormTrial::Rejected),
            extended => extended?,
        };
        let present = self.read_back().await?;
        let mapping = wanted.fit_to(&present);
        let compared = self.comparison(report, &wanted, mapping, Some(&present)).await?;
        Ok(FormTrial::Mapped(Box::new(compared.view)))
    }
}

impl AssetsStructure {
    fn compared(&self, wanted: &Mapping, evolution: Evolution) -> SchemaReport {
        let outdated = evolution.patch.is_some() || evolution.corrections.iter().any(|c| self.may_correct(c));
        let state = if outdated { SchemaState::Outdated } else { SchemaState::Current };
        report(wanted, evolution, state)
    }

    /// A comparison with the current document, `current`, and the view through a mapping.
    async fn comparison(
        &self,
        report: SchemaReport,
        wanted: &Mapping,
        mapping: Mapping,
        current: Option<&SchemaAndMapping>,
    ) -> Result<Comparison, PortError> {
        let is_refuted = self.facts().await?.refute(wanted.reference_form());
        let place = place_of(&self.sides, wanted, current, is_refuted).await?;
        let view = self.sides.through(Arc::new(mapping), place, Some(self.state_of(current)));
        Ok(Comparison { report: SchemaReport { withheld: view.withheld(), ..report }, view })
    }

    /// A short name of the managed part of the document in Assets.
    fn state_of(&self, current: Option<&SchemaAndMapping>) -> String {
        let ours = format!("{}/", self.options.external_id_prefix);
        let is_ours = |id: &Option<String>| id.as_ref().is_some_and(|id| id.starts_with(&ours));
        let Some(current) = current else { return String::new() };
        let types = evolution::all_types(&current.schema.object_schema.object_types);
        let types = types.into_iter().filter(|t| is_ours(&t.external_id)).map(|t| {
            let attributes = t.attributes.iter().filter(|a| is_ours(&a.external_id));
            json!({ "id": t.external_id, "name": t.name, "attributes": attributes.collect::<Vec<_>>() })
        });
        let mappings = &current.mapping.object_type_mappings;
        let mappings = mappings.iter().filter(|m| is_ours(&m.object_type_external_id));
        let fields = BTreeMap::from([
            ("types".to_owned(), Value::from(types.collect::<Vec<_>>())),
            ("mappings".to_owned(), json!(mappings.collect::<Vec<_>>())),
        ]);
        format!("{:?}", sync_model::Fingerprint::of(&fields))
    }

    async fn read_back(&self) -> Result<SchemaAndMapping, PortError> {
        let current = self.current().await?;
        current.ok_or_else(|| PortError::new("Assets has a mapping but doesn't return it"))
    }

    async fn extend(&self, wanted: &Mapping, current: &SchemaAndMapping) -> Result<SchemaReport, PortError> {
        let evolution = evolution::plan(current, wanted.document());
        let Some(patch) = &evolution.patch else {
            return Ok(report(wanted, evolution, SchemaState::Current));
        };
        let extended = self.sides.assets.patch_mapping_async(patch).await;
        extended.map_err(|e| assets_error("Assets rejected the change of schema and mapping", e))?;
        Ok(report(wanted, evolution, SchemaState::Extended))
    }

    /// Administrators may change a title, unless the configuration says otherwise. The cardinality of an attribute
    /// isn't theirs to choose.
    const fn may_correct(&self, correction: &Correction) -> bool {
        self.sides.account.is_some()
            && (correction.maximum_cardinality.is_some()
                || (self.rename_attributes && correction.rename_to.is_some()))
    }

    /// Changes attributes as an administrator would.
    async fn correct(&self, account: &AssetsClient, corrections: &[Correction]) -> Result<(), PortError> {
        let failed = |e| assets_error("could not change attributes with the Atlassian account", e);
        let types = account.object_types(&self.schema_id().await?).await.map_err(failed)?;
        for correction in corrections {
            let missing =
                || PortError::new(format!("the Atlassian account can't read {}", place(correction)));
            let object_type = types.iter().find(|t| t.name == correction.object_type).ok_or_else(missing)?;
            let attributes = account.attributes(&object_type.id).await.map_err(failed)?;
            let attribute = attributes.iter().find(|a| a.name == correction.attribute).ok_or_else(missing)?;
            let update = AttributeUpdate {
                name: correction.rename_to.clone().filter(|_| self.rename_attributes),
                maximum_cardinality: correction.maximum_cardinality.map(Into::into),
                ..AttributeUpdate::default()
            };
            account.update_attribute(&object_type.id, attribute, &update).await.map_err(failed)?;
            tracing::info!(attribute = place(correction), ?update, "corrected with the Atlassian account");
        }
        Ok(())
    }

    /// The object schema that the import source fills.
    async fn schema_id(&self) -> Result<String, PortError> {
        let source = self.sides.settings.get().await;
        let source = source.ok_or_else(|| {
            PortError::new(
                "could not read the settings of the import source, which contain the ID of the object schema",
            )
        })?;
        Ok(source.object_schema_id.clone())
    }
}

/// True if Assets rejected the mapping itself.
fn is_invalid_mapping(error: &PortError) -> bool {
    let cause = std::error::Error::source(error).and_then(|cause| cause.downcast_ref::<Error>());
    matches!(cause, Some(Error::InvalidMapping(_)))
}

fn place(correction: &Correction) -> String {
    format!("{}: {}", correction.object_type, correction.attribute)
}

fn report(mapping: &Mapping, evolution: Evolution, state: SchemaState) -> SchemaReport {
    let types = &mapping.document().schema.object_schema.object_types;
    let kept = types.iter().filter(|t| !evolution.added_types.contains(&t.name));
    let (kept_types, kept_attributes) = kept.fold((0, 0), |(n, all), t| (n + 1, all + t.attributes.len()));
    SchemaReport {
        state,
        version: mapping.version(),
        existing_types: kept_types,
        existing_attributes: kept_attributes.saturating_sub(evolution.added_attributes.len()),
        added_types: evolution.added_types,
        added_attributes: evolution.added_attributes,
        fixed_attributes: Vec::new(),
        notes: notes(mapping),
        drift: evolution.drift.iter().map(findings::of_drift).collect(),
        withheld: Vec::new(),
    }
}

/// The report of a mapping that is created as a whole.
fn whole(mapping: &Mapping, state: SchemaState) -> SchemaReport {
    let types = &mapping.document().schema.object_schema.object_types;
    let attributes =
        types.iter().flat_map(|t| t.attributes.iter().map(|a| format!("{}: {}", t.name, a.name)));
    SchemaReport {
        state,
        version: mapping.version(),
        added_types: types.iter().map(|t| t.name.clone()).collect(),
        added_attributes: attributes.collect(),
        existing_types: 0,
        existing_attributes: 0,
        fixed_attributes: Vec::new(),
        notes: notes(mapping),
        drift: Vec::new(),
        withheld: Vec::new(),
    }
}

fn notes(mapping: &Mapping) -> Vec<Finding> {
    mapping.warnings().iter().map(findings::of_warning).collect()
}
