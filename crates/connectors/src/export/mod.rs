//! An export of an org to a folder, in Okta's own JSON: the input of a full sync, for review, backup, or a plan.
//!
//! ```text
//! manifest.json            written last: a folder without it is half an export
//! user-types.json          as GET /api/v1/meta/types/user answers
//! schemas/{id}.json        as GET /api/v1/meta/schemas/user/{id} answers; group.json is that of groups
//! groups/00001.json …      pages of GET /api/v1/groups
//! members/{group}.json     the ids of a group's members
//! users/00001.json …       pages of GET /api/v1/users, deactivated users last
//! ```

mod error;
mod layout;
mod read;
mod write;

pub use error::ExportError;
pub use layout::Manifest;
pub use read::Saved;
pub use write::export;
