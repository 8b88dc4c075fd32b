//! The two clients behind the engine's ports.

mod choices;
mod directory;
mod feed;
pub(crate) mod findings;
mod hook;
mod importer;
mod objects;
mod place;
mod projection;
pub(crate) mod remedy;
mod saved;
pub(crate) mod sent;
mod settings;
mod stored;
mod structure;
mod views;

use sync_engine::PortError;

pub(crate) use choices::{UnknownChoice, unknown_groups, unknown_names};
use directory::OktaDirectory;
pub(crate) use feed::OktaLog;
pub(crate) use hook::OktaEventHook;
use importer::AssetsImporter;
pub(crate) use objects::{AssetsObjects, SeenObject};
pub(crate) use projection::Projection;
use saved::SavedDirectory;
pub(crate) use settings::SourceSettings;
pub(crate) use structure::{AssetsStructure, Examined, org_schemas};
pub(crate) use views::{OrgSource, Sides};

pub(crate) fn okta_error(action: &str, error: okta_client::Error) -> PortError {
    use okta_client::Error;
    let (transient, remedy) = (error.is_transient(), error.remedy().map(remedy::of_okta));
    let single_record = matches!(
        error,
        Error::Api { .. }
            | Error::Decode { well_formed: true, .. }
            | Error::Item { .. }
            // Other failures may still permit reads; records that can't be read are requeued one by one.
            | Error::Misrouted { .. }
            | Error::OtherObject { .. }
            | Error::InvalidId(_)
    );
    let refused = matches!(error, Error::MissingAdminRole { .. });
    PortError::new(action)
        .transient(transient)
        .single_record(single_record)
        .refused(refused)
        .with_remedy(remedy)
        .caused_by(error)
}

/// The same for a stored position: Okta expires positions without documenting the error.
pub(crate) fn okta_page_error(action: &str, error: okta_client::Error, had_cursor: bool) -> PortError {
    use okta_client::Error;
    let refused = matches!(error, Error::Api { .. } | Error::InvalidCheckpoint(_) | Error::NotFound { .. });
    okta_error(action, error).expired(had_cursor && refused)
}

pub(crate) fn assets_error(action: &str, error: insight_import_client::Error) -> PortError {
    let (transient, remedy) = (error.is_transient(), error.remedy().map(remedy::of_assets));
    let busy = matches!(error, insight_import_client::Error::InProgress);
    PortError::new(action).transient(transient).busy(busy).with_remedy(remedy).caused_by(error)
}
