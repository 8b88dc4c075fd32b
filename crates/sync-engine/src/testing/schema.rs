//! An object schema that is always current, and an event hook without problems.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use sync_model::ReferenceForm;

use crate::domain::error::PortError;
use crate::domain::hook_report::HookReport;
use crate::domain::place::Place;
use crate::domain::schema_report::{SchemaReport, SchemaState};
use crate::ports::event_hook::EventHook;
use crate::ports::target_schema::{Comparison, FormTrial, TargetSchema};
use crate::ports::view::MappingView;
use crate::testing::directory::FakeDirectory;
use crate::testing::importer::FakeImporter;
use crate::testing::mapping_rules::FakeRules;
use crate::testing::switches::Switches;

/// An object schema that has everything that the directory needs.
#[derive(Debug)]
pub struct FakeSchema {
    directory: Arc<FakeDirectory>,
    importer: Arc<FakeImporter>,
    delay: Mutex<Duration>,
    /// The methods that fail.
    pub switches: Switches,
}

impl FakeSchema {
    /// The schema between a directory and an import source.
    pub fn new(directory: Arc<FakeDirectory>, importer: Arc<FakeImporter>) -> Self {
        Self { directory, importer, delay: Mutex::default(), switches: Switches::default() }
    }

    /// Delays the state, which a sync reads before it sends.
    pub fn delay_state(&self, delay: Duration) {
        *self.delay.lock().unwrap_or_else(PoisonError::into_inner) = delay;
    }

    fn comparison(&self) -> Comparison {
        let report = SchemaReport {
            state: SchemaState::Current,
            version: "m1".to_owned(),
            added_types: Vec::new(),
            added_attributes: Vec::new(),
            existing_types: 2,
            existing_attributes: 3,
            fixed_attributes: Vec::new(),
            notes: Vec::new(),
            drift: Vec::new(),
            withheld: Vec::new(),
        };
        let view = MappingView {
            version: "m1".to_owned(),
            place: Place::default(),
            target_schema: Some("s1".to_owned()),
            rules: Arc::new(FakeRules),
            directory: Arc::<FakeDirectory>::clone(&self.directory),
            importer: Arc::<FakeImporter>::clone(&self.importer),
            objects: None,
        };
        Comparison { report, view }
    }
}

#[async_trait]
impl TargetSchema for FakeSchema {
    async fn compare(&self) -> Result<Comparison, PortError> {
        self.switches.check("compare")?;
        Ok(self.comparison())
    }

    async fn state(&self) -> Result<Option<String>, PortError> {
        self.switches.check("state")?;
        let delay = *self.delay.lock().unwrap_or_else(PoisonError::into_inner);
        tokio::time::sleep(delay).await;
        Ok(Some("s1".to_owned()))
    }

    async fn preview(&self) -> Result<Comparison, PortError> {
        self.switches.check("preview")?;
        Ok(self.comparison())
    }

    async fn apply(&self, _: &MappingView) -> Result<Option<Comparison>, PortError> {
        self.switches.check("apply")?;
        Ok(Some(self.comparison()))
    }

    async fn try_reference_form(&self, _: ReferenceForm) -> Result<FormTrial, PortError> {
        self.switches.check("try_reference_form")?;
        Ok(FormTrial::Mapped(Box::new(self.comparison().view)))
    }
}

/// An event hook without problems.
#[derive(Debug, Default)]
pub struct FakeHook {
    /// The methods that fail.
    pub switches: Switches,
}

#[async_trait]
impl EventHook for FakeHook {
    async fn ensure(&self) -> Result<HookReport, PortError> {
        self.switches.check("ensure")?;
        Ok(report())
    }

    async fn inspect(&self) -> Result<HookReport, PortError> {
        self.switches.check("inspect")?;
        Ok(report())
    }
}

fn report() -> HookReport {
    HookReport {
        id: Some("hook1".to_owned()),
        url: "https://hook.example.com/".to_owned(),
        changes: Vec::new(),
        findings: Vec::new(),
    }
}
