//! The Assets import source as the engine's importer.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use insight_import_client as assets;
use insight_import_client::{
    Chunk, ChunkLimits, Chunker, ImportClient, OutcomeLimits, RefusedRecord, SourceStatus,
};
use schema_mapper::{EmptyValues, Mapping};
use serde_json::Value;
use sync_engine::{
    DroppedValue, Execution, ExecutionState, ImportSourceState, Importer, Outcome, PortError, RejectedRecord,
    Submitted, TypeOutcome,
};
use sync_model::{ExecutionId, ObjectKind, Record, RecordKey, ReferenceForm};

use crate::errors::assets_error;
use crate::settings::SourceSettings;

/// The maximum number of rejected records of an execution whose invalid value is searched: each costs one request per
/// value.
const SEARCHED: u32 = 10;

/// The import source.
#[derive(Debug, Clone)]
pub(crate) struct AssetsImporter {
    client: ImportClient,
    mapping: Arc<Mapping>,
    settings: SourceSettings,
    chunks: ChunkLimits,
}

impl AssetsImporter {
    pub(crate) fn new(client: ImportClient, mapping: Arc<Mapping>, settings: SourceSettings) -> Self {
        Self { client, mapping, settings, chunks: ChunkLimits::default() }
    }
}

impl AssetsImporter {
    /// The handling of empty values, as far as it's known.
    async fn empty_values(&self) -> EmptyValues {
        EmptyValues::from_setting(self.settings.get().await.and_then(|source| source.ignores_empty_values()))
    }
}

/// The outcome in the engine's terms. Deleted objects show that a setting was changed.
async fn concluded(ended: &assets::Outcome, mapping: &Mapping, settings: &SourceSettings) -> Outcome {
    let outcome = outcome(ended, mapping);
    if outcome.missing_deleted() > 0 {
        settings.invalidate().await;
    }
    outcome
}

#[async_trait]
impl Importer for AssetsImporter {
    async fn state(&self) -> Result<ImportSourceState, PortError> {
        let status = self.client.config_status().await;
        let status = status.map_err(|e| assets_error("could not read the state of the import source", e))?;
        Ok(match status.status {
            SourceStatus::Idle => ImportSourceState::Idle,
            SourceStatus::Running => ImportSourceState::Running,
            SourceStatus::Disabled => ImportSourceState::Disabled,
            SourceStatus::MissingMapping => ImportSourceState::MissingMapping,
            SourceStatus::Other(word) => ImportSourceState::Other(word),
        })
    }

    async fn removes_missing(&self) -> Result<Option<bool>, PortError> {
        Ok(self.settings.now().await.and_then(|source| source.removes_missing_objects()))
    }

    async fn keeps(&self, changes: &[(&Record, &Record)]) -> Vec<DroppedValue> {
        let empty = self.empty_values().await;
        let kept = changes.iter().flat_map(|(last, new)| self.mapping.dropped_values(empty, last, new));
        kept.filter_map(|kept| {
            let mut attributes = self.mapping.attributes(kept.key.kind).iter();
            let field = attributes.find(|a| a.external_id == kept.external_id)?.locator.clone();
            let attribute = format!("{}: {}", kept.object_type, kept.attribute);
            Some(DroppedValue { key: kept.key, field, attribute })
        })
        .collect()
    }

    async fn removes_empty(&self) -> bool {
        self.empty_values().await == EmptyValues::Removed
    }

    async fn start(&self) -> Result<Box<dyn Execution>, PortError> {
        let failed = |e| assets_error("could not start an execution", e);
        let started = match self.client.start().await {
            // No other program starts executions of this import source.
            Err(assets::Error::StartResultUnknown { execution: Some(id) }) => {
                tracing::info!(
                    execution = id,
                    "the start response was lost; continuing with the started execution"
                );
                self.client.resume(&id).await.map_err(failed)?
            }
            started => started.map_err(failed)?,
        };
        Ok(Box::new(AssetsExecution {
            id: ExecutionId::new(started.id()),
            execution: started,
            client: self.client.clone(),
            searched: 0,
            mapping: Arc::clone(&self.mapping),
            settings: self.settings.clone(),
            chunker: Chunker::new(self.chunks),
        }))
    }

    async fn awaits_records(&self) -> Result<Option<ExecutionId>, PortError> {
        let latest = self.client.latest_execution().await;
        let latest = latest.map_err(|e| assets_error("could not read the latest execution", e))?;
        let waits = latest.filter(|latest| latest.state == assets::ExecutionState::Ingesting);
        Ok(waits.and_then(|latest| latest.id).map(ExecutionId::new))
    }

    async fn latest(&self) -> Result<Option<ExecutionId>, PortError> {
        let latest = self.client.latest_execution().await;
        let latest = latest.map_err(|e| assets_error("could not read the latest execution", e))?;
        let took_effect =
            |state| matches!(state, assets::ExecutionState::Done | assets::ExecutionState::Processing);
        Ok(latest
            .filter(|latest| took_effect(latest.state.clone()))
            .and_then(|latest| latest.id)
            .map(ExecutionId::new))
    }

    async fn execution(&self, id: &ExecutionId) -> Result<ExecutionState, PortError> {
        let status = self.client.execution_status(id.as_str()).await;
        let status = status.map_err(|e| assets_error("could not read the state of an execution", e))?;
        Ok(match status {
            None => ExecutionState::Unknown,
            Some(status) => match status.state {
                assets::ExecutionState::Ingesting => ExecutionState::Ingesting,
                assets::ExecutionState::Cancelled => ExecutionState::Cancelled,
                assets::ExecutionState::Done => {
                    ExecutionState::Done(concluded(&status.outcome, &self.mapping, &self.settings).await)
                }
                assets::ExecutionState::Processing | assets::ExecutionState::Other(_) => {
                    ExecutionState::Processing
                }
            },
        })
    }

    async fn cancel(&self, id: &ExecutionId, reason: &str) -> Result<(), PortError> {
        let cancelled = self.client.cancel_execution(id.as_str(), reason).await;
        cancelled.map_err(|e| assets_error("could not cancel an execution", e))
    }
}

struct AssetsExecution {
    id: ExecutionId,
    execution: assets::Execution,
    client: ImportClient,
    /// Rejected records whose invalid value was searched.
    searched: u32,
    mapping: Arc<Mapping>,
    settings: SourceSettings,
    chunker: Chunker,
}

impl AssetsExecution {
    /// Sends a chunk, and returns the records that Assets rejects.
    async fn post(&mut self, chunk: &Chunk, submitted: &mut Submitted) -> Result<(), PortError> {
        let sent = self.execution.submit(chunk).await.map_err(sending)?;
        submitted.chunks += sent.chunks;
        if let Some(bytes) = sent.too_large {
            self.chunker.limit_bytes(bytes / 2);
        }
        for refused in sent.refused {
            submitted.rejected.push(self.rejected(refused).await?);
        }
        Ok(())
    }

    /// A rejected record in the engine's form, with its size if that is the reason.
    async fn rejected(&mut self, refused: RefusedRecord) -> Result<RejectedRecord, PortError> {
        let RefusedRecord { selector, rows, bytes, error } = refused;
        let Some(record) = rows.first() else { return Err(sending(error)) };
        let mapping = Arc::clone(&self.mapping);
        let kind = ObjectKind::ALL.into_iter().find(|kind| Mapping::selector(*kind) == selector);
        let Some(kind) = kind else { return Err(sending(error)) };
        let id = mapping.identity(kind).and_then(|identity| record.get(&identity.locator)?.as_str());
        let Some(id) = id.map(str::to_owned) else { return Err(sending(error)) };
        let parts = parts(&mapping, kind, record);
        let mut reason = match (&error, parts.first()) {
            (assets::Error::TooLarge { message, .. }, Some(largest)) => format!(
                "the record is too large for Assets ({bytes} bytes, {} of them in the attribute {}): {message}",
                largest.bytes, largest.name
            ),
            _ => error.to_string(),
        };
        let mut partly_sent = false;
        if self.searched < SEARCHED {
            self.searched += 1;
            for part in parts {
                let mut rest = rows.clone();
                for fields in rest.iter_mut().filter_map(Value::as_object_mut) {
                    fields.retain(|field, _| !part.fields.contains(field));
                }
                rest.dedup();
                if self.execution.submit_record(&selector, rest).await.map_err(sending)? {
                    reason = format!("{reason}; sent without the attribute {}", part.name);
                    partly_sent = true;
                    break;
                }
            }
        }
        Ok(RejectedRecord { key: RecordKey { kind, id }, reason, partly_sent })
    }
}

/// Fields of a record that share a value.
struct Part {
    fields: Vec<String>,
    /// The names of their attributes.
    name: String,
    /// The size of the value in JSON.
    bytes: usize,
}

/// The values of a record that it can be sent without, the largest first.
fn parts(mapping: &Mapping, kind: ObjectKind, record: &Value) -> Vec<Part> {
    let needed = [mapping.identity(kind), mapping.label(kind)].map(|a| a.map(|a| a.locator.as_str()));
    let mut parts: BTreeMap<String, Part> = BTreeMap::new();
    for attribute in mapping.attributes(kind) {
        let value = record.get(&attribute.locator).filter(|value| !sync_model::is_empty(value));
        let Some(value) = value.filter(|_| !needed.contains(&Some(attribute.locator.as_str()))) else {
            continue;
        };
        let text = value.to_string();
        let bytes = text.len();
        let part =
            parts.entry(text).or_insert_with(|| Part { fields: Vec::new(), name: String::new(), bytes });
        part.fields.push(attribute.locator.clone());
        if !part.name.is_empty() {
            part.name.push_str(" and ");
        }
        part.name.push_str(&attribute.name);
    }
    let mut parts: Vec<Part> = parts.into_values().collect();
    parts.sort_by_key(|part| std::cmp::Reverse(part.bytes));
    parts
}

fn sending(error: assets::Error) -> PortError {
    assets_error("could not send records", error)
}

#[async_trait]
impl Execution for AssetsExecution {
    fn id(&self) -> &ExecutionId {
        &self.id
    }

    async fn submit(&mut self, records: Vec<Record>) -> Result<Submitted, PortError> {
        let mut submitted = Submitted::default();
        for record in records {
            let selector = Mapping::selector(record.key.kind);
            if let Some(chunk) = self.chunker.push_rows(selector, self.mapping.rows(record)) {
                self.post(&chunk, &mut submitted).await?;
            }
        }
        // The rest of a page is sent at once: pages are large, and the channel must not block.
        if let Some(chunk) = self.chunker.take() {
            self.post(&chunk, &mut submitted).await?;
        }
        Ok(submitted)
    }

    async fn complete(self: Box<Self>) -> Result<Outcome, PortError> {
        let failed = |e| assets_error("the import didn't finish", e);
        let client = self.client.clone();
        let processing = match self.execution.complete().await {
            Ok(processing) => processing,
            // Assets rejects the whole chunk; smaller chunks find the records at fault.
            Err(error) if error.is_about_records() => {
                let reason = error.to_string();
                client.cancel_execution(self.id.as_str(), &reason).await.map_err(failed)?;
                return Ok(Outcome { messages: vec![reason], ..Outcome::default() });
            }
            Err(error) => return Err(failed(error)),
        };
        let ended = processing.outcome(&OutcomeLimits::default()).await.map_err(failed)?;
        Ok(concluded(&ended, &self.mapping, &self.settings).await)
    }

    async fn cancel(self: Box<Self>, reason: &str) -> Result<(), PortError> {
        self.execution.cancel(reason).await.map_err(|e| assets_error("could not cancel the execution", e))
    }
}

fn outcome(ended: &assets::Outcome, mapping: &Mapping) -> Outcome {
    let types = ended
        .types
        .iter()
        .map(|t| TypeOutcome {
            kind: mapping.kind_of(&t.object_type_name),
            id: Some(t.object_type_id.clone()).filter(|id| !id.is_empty()),
            name: t.object_type_name.clone(),
            entries: t.entries_in_source,
            created: t.created,
            updated: t.updated,
            identical: t.identical,
            references_updated: t.references_updated,
            missing_deleted: t.missing_deleted,
            messages: reasons(t, mapping),
        })
        .collect();
    let object_schema = ended.object_schema_id.clone();
    Outcome { ok: ended.ok, object_schema, types, messages: ended.messages.clone() }
}

/// The messages about an object type. Rows of one record have the same identity on purpose.
fn reasons(of_type: &assets::TypeOutcome, mapping: &Mapping) -> Vec<String> {
    if mapping.reference_form() == ReferenceForm::RowPerReference {
        return assets::TypeOutcome { duplicates: 0, ..of_type.clone() }.messages();
    }
    of_type.messages()
}
