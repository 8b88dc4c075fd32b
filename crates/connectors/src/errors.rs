//! Errors of both clients as the engine's.

use sync_engine::PortError;

use crate::remedy;

/// An error of Okta, after the failed action.
pub fn okta_error(action: &str, error: okta_client::Error) -> PortError {
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

/// An error of Assets, after the failed action.
pub fn assets_error(action: &str, error: insight_import_client::Error) -> PortError {
    let (transient, remedy) = (error.is_transient(), error.remedy().map(remedy::of_assets));
    let busy = matches!(error, insight_import_client::Error::InProgress);
    PortError::new(action).transient(transient).busy(busy).with_remedy(remedy).caused_by(error)
}
