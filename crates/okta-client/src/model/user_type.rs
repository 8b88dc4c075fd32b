//! User types.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::reading::null_as_default;

/// A user type: a name with a separate schema.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserType {
    /// The immutable ID.
    pub id: String,
    /// The immutable name.
    pub name: String,
    /// The display name.
    #[serde(default, deserialize_with = "null_as_default")]
    pub display_name: String,
    /// True if it is the default type of users.
    #[serde(default, deserialize_with = "null_as_default")]
    pub default: bool,
    /// Everything else, as received.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

impl UserType {
    /// The ID of its schema.
    pub fn schema_id(&self) -> Option<&str> {
        let href = self.rest.get("_links")?.get("schema")?.get("href")?.as_str()?;
        href.trim_end_matches('/').rsplit('/').next().filter(|id| !id.is_empty())
    }
}
