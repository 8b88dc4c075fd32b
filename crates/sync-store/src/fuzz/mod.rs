//! Fuzz targets. See tests/fuzz.

// Outcomes are short.
#![allow(clippy::format_push_string)]

mod rows;
