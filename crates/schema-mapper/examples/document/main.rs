//! From a folder of Okta's JSON to the schema-and-mapping document, on standard output and without any network:
//!
//! ```sh
//! cargo run -p schema-mapper --example document -- crates/schema-mapper/tests/samples
//! ```
//!
//! The folder holds answers of Okta as files: the schemas of users (`GET /api/v1/meta/schemas/user/...`), the schema of
//! groups (`GET /api/v1/meta/schemas/group/default`), and the user types (`GET /api/v1/meta/types/user`).

mod folder;

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use schema_mapper::{Mapping, MappingOptions};

fn main() -> ExitCode {
    let Some(folder) = std::env::args_os().nth(1) else {
        eprintln!("usage: document DIR");
        return ExitCode::from(2);
    };
    match document(Path::new(&folder)) {
        Ok(text) => {
            println!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn document(folder: &Path) -> Result<String, Box<dyn Error>> {
    let found = folder::read(folder)?;
    found.notes.iter().for_each(|note| eprintln!("note: {note}"));
    let mapping = Mapping::new(&found.schemas, &MappingOptions::default())?;
    mapping.warnings().iter().for_each(|warning| eprintln!("warning: {warning}"));
    Ok(serde_json::to_string_pretty(mapping.document())?)
}
