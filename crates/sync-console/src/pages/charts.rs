//! Charts of the last day.

use maud::{Markup, html};
use sync_service::{Member, ServiceError};

/// The charts of a connection.
pub(super) async fn section(_member: &Member) -> Result<Markup, ServiceError> {
    Ok(html! {})
}
