//! Fuzz targets of what operators write, and of what the service makes of the services' answers. See tests/fuzz.

// Outcomes are short.
#![allow(clippy::format_push_string)]

mod objects;
mod saved;
mod settings;
mod texts;
