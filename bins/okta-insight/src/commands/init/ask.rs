//! Questions on the terminal. They are written to standard error.

use std::fmt;

use inquire::{InquireError, Password, PasswordDisplayMode, Select, Text};
use sync_service::init::Problem;
use sync_service::trimmed;
use tokio::task::block_in_place;

use crate::output::Failure;

impl From<InquireError> for Failure {
    fn from(error: InquireError) -> Self {
        match error {
            InquireError::OperationCanceled | InquireError::OperationInterrupted => Self {
                hint: Some(
                    "run it again; a key file that was made stays, and can be given with --key".into(),
                ),
                ..Self::new("given up; no configuration was written")
            },
            other => Self::new(format!("could not ask on this terminal: {other}")),
        }
    }
}

/// What to do with an answer that does not work.
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
            Self::Reenter => "Enter another answer",
            Self::Keep => "Keep the answer anyhow",
        })
    }
}

/// Says something before a question, apart from what was before.
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

/// Asks without showing what is typed.
pub(super) fn secret(question: &str) -> Result<String, Failure> {
    loop {
        let prompt = Password::new(question)
            .with_display_mode(PasswordDisplayMode::Hidden)
            .with_help_message("what you type or paste is not shown")
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

/// Tells what is wrong with an answer, and asks what to do.
pub(super) fn next(problem: &Problem) -> Result<Next, Failure> {
    eprintln!("  problem: {}", problem.message);
    if let Some(hint) = &problem.hint {
        eprintln!("  hint: {hint}");
    }
    if problem.hopeless {
        return Ok(Next::Reenter);
    }
    choose("What now?", vec![Next::Recheck, Next::Reenter, Next::Keep])
}
