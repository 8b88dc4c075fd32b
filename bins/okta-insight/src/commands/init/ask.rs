//! Prompts on the terminal. They are written to standard error.

use std::fmt;
use std::io::IsTerminal;

use diagnostics::SettingProblem;
use inquire::{InquireError, Password, PasswordDisplayMode, Select, Text};
use sync_config::trimmed;
use tokio::task::block_in_place;

use crate::failure::{ErrorCode, Failure};
use crate::words::remedies::remedy;

impl From<InquireError> for Failure {
    fn from(error: InquireError) -> Self {
        match error {
            InquireError::OperationCanceled | InquireError::OperationInterrupted => {
                Self::new(ErrorCode::Interrupted, "canceled; no configuration was written").with_hint(
                    "run the command again; a generated key file remains and can be set with `--private-key-file`",
                )
            }
            other => {
                Self::new(ErrorCode::InternalError, format!("could not prompt on this terminal: {other}"))
            }
        }
    }
}

/// The next action for a value that failed its check.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    Recheck,
    Reenter,
    Keep,
}

impl fmt::Display for Next {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Recheck => "Check again",
            Self::Reenter => "Enter another value",
            Self::Keep => "Keep the value",
        })
    }
}

/// True if the process can prompt.
pub(super) fn on_terminal() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Prints a text before a prompt, after an empty line.
pub(super) fn say(text: &str) {
    eprintln!("\n{text}");
}

pub(super) fn good(text: &str) {
    eprintln!("  ok: {text}");
}

pub(super) fn note(text: &str) {
    eprintln!("  note: {text}");
}

pub(super) fn text(question: &str, default: Option<&str>) -> Result<String, Failure> {
    let prompt = Text::new(question);
    let prompt = match default {
        Some(default) => prompt.with_default(default),
        None => prompt,
    };
    loop {
        let answer = block_in_place(|| prompt.clone().prompt())?;
        let answer = trimmed(&answer).to_owned();
        if !answer.is_empty() {
            return Ok(answer);
        }
    }
}

/// Prompts for a secret without showing the input.
pub(super) fn secret(question: &str) -> Result<String, Failure> {
    loop {
        let prompt = Password::new(question)
            .with_display_mode(PasswordDisplayMode::Hidden)
            .with_help_message("The input is hidden")
            .without_confirmation();
        let answer = block_in_place(|| prompt.prompt())?;
        let answer = trimmed(&answer).to_owned();
        if !answer.is_empty() {
            return Ok(answer);
        }
    }
}

pub(super) fn choose<T: fmt::Display>(question: &str, options: Vec<T>) -> Result<T, Failure> {
    let prompt = Select::new(question, options).without_filtering().without_help_message();
    Ok(block_in_place(|| prompt.prompt())?)
}

/// Prints an error with its hint.
pub(super) fn print_error(message: &str, hint: Option<&str>) {
    eprintln!("  error: {message}");
    if let Some(hint) = hint {
        eprintln!("  hint: {hint}");
    }
}

/// Prints the error of a value, and prompts for the next action.
pub(super) fn next(problem: &SettingProblem) -> Result<Next, Failure> {
    print_error(&problem.message, problem.remedy.as_ref().map(remedy).as_deref());
    if problem.blocking {
        return Ok(Next::Reenter);
    }
    choose("Next action", vec![Next::Recheck, Next::Reenter, Next::Keep])
}
