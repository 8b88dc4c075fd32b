//! `okta-insight completions`

use std::process::ExitCode;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::args::Arguments;
use crate::output::Outcome;

/// What `okta-insight completions` takes.
#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// For which shell; the script goes to standard output.
    shell: Shell,
}

pub(crate) fn run(args: &Completions) -> Outcome {
    clap_complete::generate(args.shell, &mut Arguments::command(), "okta-insight", &mut std::io::stdout());
    Ok(ExitCode::SUCCESS)
}
