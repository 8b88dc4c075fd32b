//! Fuzz targets for responses on their way to Assets, and for exports. See tests/fuzz.

// Outcomes are short.
#![allow(clippy::format_push_string)]

mod objects;
mod saved;
