//! The two ways to work with a connection: by the daemon that runs it, and by this process.

mod here;
mod inspection;
mod operations;
mod remote;
mod roads;
mod there;

pub(crate) use inspection::inspections;
pub(crate) use operations::{ConnectionState, Sent};
pub(crate) use remote::only_here;
pub(crate) use roads::{Road, Roads, roads, roads_to_change, roads_to_stage, working_roads};
pub(crate) use there::There;
