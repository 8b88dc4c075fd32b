//! Fuzz targets for administrators' input and for the processing of responses. See tests/fuzz.

// Outcomes are short.
#![allow(clippy::format_push_string)]

mod saved;
mod texts;
