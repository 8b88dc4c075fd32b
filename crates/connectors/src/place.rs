//! The place that records go to: the import source, and the storage of each field.

use std::collections::BTreeMap;

use insight_import_client::document::SchemaAndMapping;
use schema_mapper::{Loss, Mapping, evolution};
use sync_engine::{FieldState, Place, PortError, WithheldReason};
use sync_model::ObjectKind;

use crate::errors::assets_error;
use crate::views::Sides;

/// The place of a wanted mapping, if Assets has `current`. With `is_refuted`, the form of several references doesn't work.
///
/// # Errors
/// When the import source doesn't report its ID.
pub(super) async fn place_of(
    sides: &Sides,
    wanted: &Mapping,
    current: Option<&SchemaAndMapping>,
    is_refuted: bool,
) -> Result<Place, PortError> {
    let failed = |e| assets_error("could not read the ID of the import source", e);
    let origin = sides.assets.source_origin().await.map_err(failed)?;
    let import_source = sides.assets.source_id().await.map_err(failed)?;
    // Some links don't contain it.
    let workspace = sides.assets.workspace_id().await.ok();
    let settings = sides.settings.lately().await;
    let ignores = settings.as_ref().and_then(|settings| settings.ignores_unknown_values()) == Some(true);
    let evolution = current.map(|current| evolution::plan(current, wanted.document())).unwrap_or_default();
    let mut fields: BTreeMap<ObjectKind, BTreeMap<String, FieldState>> = BTreeMap::new();
    for storage in wanted.storage(current, &evolution) {
        let several = wanted.several_references(storage.kind).filter(|_| is_refuted);
        let is_lost = several.is_some_and(|mapped| mapped.locator == storage.field);
        let state = FieldState {
            attribute: storage.attribute,
            is_identity: storage.is_identity,
            shape: storage.shape,
            withheld: storage
                .loss
                .map(reason)
                .or((ignores && storage.is_open).then_some(WithheldReason::Options))
                .or(is_lost.then_some(WithheldReason::ReferenceForm)),
        };
        fields.entry(storage.kind).or_default().insert(storage.field, state);
    }
    Ok(Place {
        origin: Some(origin),
        import_source: Some(import_source).filter(|id| !id.is_empty()),
        workspace,
        object_schema: settings.map(|settings| settings.object_schema_id.clone()).filter(|id| !id.is_empty()),
        fields,
        ..Place::default()
    })
}

fn reason(loss: Loss) -> WithheldReason {
    match loss {
        Loss::Missing => WithheldReason::Missing,
        Loss::Unmapped => WithheldReason::Unmapped,
        Loss::Cardinality { present, wanted } => WithheldReason::Cardinality { present, wanted },
        Loss::Type { present, wanted } => WithheldReason::Type { present, wanted },
        Loss::Target { present, wanted } => WithheldReason::Target { present, wanted },
    }
}
