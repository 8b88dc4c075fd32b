//! The self-test: test objects show how the site treats imports, where Atlassian's documents leave it open.

mod site;
mod trials;

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::domain::error::EngineError;
use crate::domain::report::RunReport;
use crate::domain::run_kind::RunKind;
use crate::domain::schema_report::SchemaState;
use crate::domain::site_fact::{SelfTestReport, SiteFact, SiteFactId, SiteFactReason, SiteFactState};
use crate::engine::active::ActiveRun;
use crate::engine::basics::Basics;
use crate::engine::context::Context;
use crate::engine::stop::in_time;
use crate::import::apply::check_missing_objects;
use crate::import::imports::Imports;
use crate::import::self_test::site::Site;
use crate::import::self_test::trials::{Answers, trials};
use crate::ports::progress::NoopProgress;
use crate::ports::target_schema::Comparison;
use crate::sync::schema_evolution::Schemas;

/// Tests the site with objects of its own.
pub(crate) struct SelfTest {
    context: Arc<Context>,
    schemas: Arc<Schemas>,
    imports: Arc<Imports>,
}

impl SelfTest {
    pub(crate) fn new(basics: &Basics) -> Self {
        Self {
            context: Arc::clone(&basics.context),
            schemas: Arc::clone(&basics.schemas),
            imports: Arc::clone(&basics.imports),
        }
    }

    /// Tests the site, stores the facts, and has the mapping follow them.
    pub(crate) async fn run(
        &self,
        keep_objects: bool,
        stop: &CancellationToken,
    ) -> Result<SelfTestReport, EngineError> {
        in_time(self.context.options.grace, stop, self.test(keep_objects, stop)).await
    }

    async fn test(
        &self,
        keep_objects: bool,
        stop: &CancellationToken,
    ) -> Result<SelfTestReport, EngineError> {
        let Comparison { report, view } = self.schemas.compare().await?;
        if report.state == SchemaState::Missing {
            return Err(EngineError::SetupRequired);
        }
        let objects_remain = view.objects.is_none();
        if objects_remain && !keep_objects {
            return Err(EngineError::TestObjectsRemain);
        }
        let progress = &self.context.observe(RunKind::SelfTest, &NoopProgress);
        let run = self.context.begin(RunKind::SelfTest, view).await?;
        progress.started(run.id);
        let import_source = run.view.place.import_source.clone().unwrap_or_default();
        let mut facts = Vec::new();
        self.context
            .conclude(&run, RunKind::SelfTest, RunReport::default(), progress, async |report| {
                let (answers, removed) = self.answers(&run, report, stop).await?;
                facts = answers.facts(&import_source, self.context.now());
                self.context.store().replace_site_facts(&facts).await?;
                self.schemas.follow_schema(true).await?;
                removed
            })
            .await?;
        let reference_form = SiteFact::proven_form(&facts, &import_source);
        Ok(SelfTestReport { reference_form, facts, objects_remain })
    }

    /// Tests the site and removes the test objects, whatever the result. The answers hold even if that fails.
    async fn answers(
        &self,
        run: &ActiveRun,
        report: &mut RunReport,
        stop: &CancellationToken,
    ) -> Result<(Answers, Result<(), EngineError>), EngineError> {
        let guard = self.imports.exclusive(&run.view, None).await?;
        check_missing_objects(&run.view).await?;
        // A form is proven only if nothing else changes the mapping meanwhile.
        let schema = self.schemas.hold().await;
        self.note_form(run).await?;
        let mut site = Site::new(&self.imports, &guard, run, report, stop);
        // References that an interrupted test left prove nothing.
        site.delete_test_objects().await?;
        let answers = trials(&mut site, &self.schemas, &schema).await;
        let removed = site.remove_test_objects().await;
        let is_proven = answers.as_ref().is_ok_and(Answers::prove_form);
        if !is_proven {
            // A trial may have left another form in the mapping.
            self.schemas.try_form(&schema, run.view.rules.reference_form()).await?;
        }
        Ok((answers?, removed))
    }

    /// Stores the form that the mapping has, unless one is proven: a test that ends with its process may leave another one.
    async fn note_form(&self, run: &ActiveRun) -> Result<(), EngineError> {
        let import_source = run.view.place.import_source.clone().unwrap_or_default();
        let facts = self.context.store().site_facts().await?;
        if SiteFact::proven_form(&facts, &import_source).is_some() {
            return Ok(());
        }
        let before = SiteFact {
            id: SiteFactId::of_form(run.view.rules.reference_form()),
            state: SiteFactState::Unknown,
            reason: SiteFactReason::Interrupted,
            import_source,
            tested_at: self.context.now(),
        };
        Ok(self.context.store().replace_site_facts(&[before]).await?)
    }
}
