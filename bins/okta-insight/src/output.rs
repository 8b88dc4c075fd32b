//! Results on standard output, failures on standard error.

use std::borrow::Cow;
use std::io::IsTerminal;
use std::process::ExitCode;

use comfy_table::{ContentArrangement, Table, presets};
use plain_text::{visible, visible_in_color};
use serde::Serialize;

use crate::args::Output;
use crate::failure::{ErrorCode, Failure, OUTPUT_CLOSED};

/// Prints a line of text with visible control characters: it may contain text entered in Okta or Assets.
macro_rules! println {
    () => { ::std::println!() };
    ($($text:tt)*) => { ::std::println!("{}", $crate::output::shown(&::std::format!($($text)*))) };
}

/// As `println!`, on standard error.
macro_rules! eprintln {
    () => { ::std::eprintln!() };
    ($($text:tt)*) => { ::std::eprintln!("{}", ::plain_text::visible(&::std::format!($($text)*))) };
}

/// Text as it may go to standard output.
pub(crate) fn shown(text: &str) -> Cow<'_, str> {
    if coloured() { visible_in_color(text) } else { visible(text) }
}

/// Exits quietly once the output has no reader, as behind `| head`: `println!` panics then.
pub(crate) fn exit_when_output_closes() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let is_print =
            |said: &str| said.starts_with("failed printing to stdout") && said.contains("Broken pipe");
        if panic.payload_as_str().is_some_and(is_print) {
            std::process::exit(OUTPUT_CLOSED.into());
        }
        usual(panic);
    }));
}

/// The result of a command.
pub(crate) type Outcome = Result<ExitCode, Failure>;

/// Prints a failure, as text or as a JSON document on one line, and returns the exit code.
pub(crate) fn report(failure: &Failure, output: Output) -> u8 {
    #[derive(Serialize)]
    struct Error<'f> {
        code: ErrorCode,
        message: &'f str,
        hint: Option<&'f str>,
    }
    let Failure { code, message, hint, exit } = failure;
    match output {
        Output::Json => {
            let error = Error { code: *code, message, hint: hint.as_deref() };
            // JSON escapes control characters.
            ::std::eprintln!("{}", serde_json::json!({ "error": error }));
        }
        Output::Text => {
            eprintln!("error: {message}");
            if let Some(hint) = hint {
                eprintln!("hint: {hint}");
            }
        }
    }
    *exit
}

/// Prints the one JSON document of a command.
pub(crate) fn print_json(value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| Failure::new(ErrorCode::InternalError, error.to_string()))?;
    // JSON escapes control characters.
    ::std::println!("{text}");
    Ok(())
}

/// True if standard output supports colors.
pub(crate) fn coloured() -> bool {
    std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|set| set.is_empty())
}

/// A table that fits the terminal.
pub(crate) fn table<const N: usize>(heading: [&str; N]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(heading.map(str::to_uppercase));
    table
}
