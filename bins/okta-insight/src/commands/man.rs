//! `okta-insight man`

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory};

use crate::args::Arguments;
use crate::output::{Failure, Outcome};

/// What `okta-insight man` takes.
#[derive(Debug, Args)]
pub(crate) struct Man {
    /// Write a page for every command to this folder, instead of the main one to standard output.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

pub(crate) fn run(args: &Man) -> Outcome {
    let command = Arguments::command();
    match &args.dir {
        Some(folder) => {
            let failed = |error| Failure::new(format!("{} could not be written: {error}", folder.display()));
            std::fs::create_dir_all(folder).map_err(failed)?;
            clap_mangen::generate_to(command, folder).map_err(failed)?;
        }
        None => clap_mangen::Man::new(command).render(&mut std::io::stdout())?,
    }
    Ok(ExitCode::SUCCESS)
}
