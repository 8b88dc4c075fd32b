//! `okta-insight man`

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Command};

use crate::failure::{ErrorCode, Failure};
use crate::output::Outcome;

#[derive(Debug, Args)]
pub(crate) struct Man {
    /// Folder for the man pages of all commands [default: the main page on standard output]
    #[arg(
        long,
        value_name = "DIR",
        help = "Folder for the man pages of all commands [default: the main page on standard output]"
    )]
    dir: Option<PathBuf>,
}

/// Generates the pages of `command`.
pub(crate) fn run(args: &Man, command: Command) -> Outcome {
    match &args.dir {
        Some(folder) => {
            let failed = |error| {
                let message = format!("could not write {}: {error}", folder.display());
                Failure::new(ErrorCode::FileFailed, message)
            };
            std::fs::create_dir_all(folder).map_err(failed)?;
            clap_mangen::generate_to(command, folder).map_err(failed)?;
        }
        None => clap_mangen::Man::new(command).render(&mut std::io::stdout())?,
    }
    Ok(ExitCode::SUCCESS)
}
