//! Results on standard output, failures on standard error.

use std::borrow::Cow;
use std::io::IsTerminal;
use std::process::ExitCode;

use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;
use sync_console::ConsoleError;
use sync_service::{
    ConfigError, RemoteError, SaveError, ServiceError, error_chain, visible, visible_in_color,
};

/// Prints a line of text, with control characters made visible: it may hold what was typed in Okta or Assets.
macro_rules! println {
    () => { ::std::println!() };
    ($($text:tt)*) => { ::std::println!("{}", $crate::output::shown(&::std::format!($($text)*))) };
}

/// As `println!`, on standard error.
macro_rules! eprintln {
    () => { ::std::eprintln!() };
    ($($text:tt)*) => { ::std::eprintln!("{}", ::sync_service::visible(&::std::format!($($text)*))) };
}

/// Text as it may go to standard output.
pub(crate) fn shown(text: &str) -> Cow<'_, str> {
    if coloured() { visible_in_color(text) } else { visible(text) }
}

/// Differences or problems were found, and nothing failed.
pub(crate) const FOUND: u8 = 3;

/// What a shell says of a command that was ended because nobody reads what it prints.
pub(crate) const NOBODY_READS: u8 = 141;

/// Ends the command quietly once nobody reads what it prints any more, as behind `| head`: `println!` panics then.
pub(crate) fn end_when_nobody_reads() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let is_print =
            |said: &str| said.starts_with("failed printing to stdout") && said.contains("Broken pipe");
        if panic.payload_as_str().is_some_and(is_print) {
            std::process::exit(NOBODY_READS.into());
        }
        usual(panic);
    }));
}

/// Why a command failed, as it is told.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
    pub(crate) code: u8,
}

impl Failure {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None, code: 1 }
    }
}

impl From<ServiceError> for Failure {
    fn from(error: ServiceError) -> Self {
        Self { message: error_chain(&error), hint: error.hint(), code: if error.is_usage() { 2 } else { 1 } }
    }
}

impl From<SaveError> for Failure {
    fn from(error: SaveError) -> Self {
        Self { message: error_chain(&error), hint: error.hint(), code: 1 }
    }
}

impl From<RemoteError> for Failure {
    fn from(error: RemoteError) -> Self {
        Self { message: error_chain(&error), hint: error.hint(), code: if error.is_usage() { 2 } else { 1 } }
    }
}

impl From<ConsoleError> for Failure {
    fn from(error: ConsoleError) -> Self {
        Self { message: error_chain(&error), hint: error.hint(), code: if error.is_usage() { 2 } else { 1 } }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self { message: error_chain(&error), hint: error.hint(), code: 2 }
    }
}

impl From<sync_service::engine::EngineError> for Failure {
    fn from(error: sync_service::engine::EngineError) -> Self {
        ServiceError::from(error).into()
    }
}

impl From<sandbox::SandboxError> for Failure {
    fn from(error: sandbox::SandboxError) -> Self {
        use sandbox::SandboxError::{OrgData, PublicUrl, Tls};
        let code = if matches!(error, OrgData { .. } | PublicUrl(_) | Tls { .. }) { 2 } else { 1 };
        Self { message: error_chain(&error), hint: None, code }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        let code = if error.kind() == std::io::ErrorKind::BrokenPipe { NOBODY_READS } else { 1 };
        Self { code, ..Self::new(error.to_string()) }
    }
}

/// What a command gives back.
pub(crate) type Outcome = Result<ExitCode, Failure>;

/// Prints the one JSON document of a command.
pub(crate) fn print_json(value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value).map_err(|e| Failure::new(e.to_string()))?;
    // JSON escapes by itself.
    ::std::println!("{text}");
    Ok(())
}

/// Whether standard output takes colours.
pub(crate) fn coloured() -> bool {
    std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|set| set.is_empty())
}

/// A table that fits the terminal, with a line under its heading.
pub(crate) fn table<const N: usize>(heading: [&str; N]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(heading.map(str::to_uppercase));
    table
}

/// `0.4 s`, `40 s`, `12 min`, `3 h`, `2 days`.
pub(crate) fn span(seconds: f64) -> String {
    match seconds {
        s if s < 10.0 => format!("{s:.1} s"),
        s if s < 120.0 => format!("{s:.0} s"),
        s if s < 7_200.0 => format!("{:.0} min", s / 60.0),
        s if s < 172_800.0 => format!("{:.0} h", s / 3_600.0),
        s => format!("{:.0} days", s / 86_400.0),
    }
}

/// `1 object`, `2 objects`.
pub(crate) fn count(n: u64, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}
