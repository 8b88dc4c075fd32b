//! `okta-insight completions`

use std::io::Write;
use std::process::ExitCode;

use clap::{Args, Command};
use clap_complete::Shell;

use crate::output::Outcome;

#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// Shell of the script, which is printed on standard output
    shell: Shell,
}

/// Prints the completions of `command`.
pub(crate) fn run(args: &Completions, mut command: Command) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "okta-insight", &mut script);
    std::io::stdout().write_all(&script)?;
    Ok(ExitCode::SUCCESS)
}
