//! Errors of a connection as the reason why it is unavailable, and back.

use admin_api::Unavailable;
use sync_engine::{Fact, Finding, error_chain};
use sync_model::ConnectionName;

use crate::error::ServiceError;

impl From<ServiceError> for Unavailable {
    fn from(error: ServiceError) -> Self {
        Self::new(match error {
            ServiceError::AnotherLeader(_) => Finding::info(Fact::Standby),
            ServiceError::Unavailable { finding, .. } => *finding,
            error => {
                let remedy = error.remedy();
                Finding { remedy, ..Finding::error(Fact::Unavailable { error: error_chain(&error) }) }
            }
        })
    }
}

impl ServiceError {
    /// The reason why a connection is unavailable, as an error.
    pub fn unavailable(connection: &ConnectionName, reason: &Unavailable) -> Self {
        Self::Unavailable { connection: connection.clone(), finding: Box::new(reason.finding().clone()) }
    }
}
