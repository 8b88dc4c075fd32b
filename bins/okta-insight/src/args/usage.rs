//! Parses the arguments, and reports those that cannot be used.

use std::error::Error as _;
use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, FromArgMatches};

use super::arguments::Arguments;
use super::common::Output;
use super::help;
use crate::failure::{ErrorCode, Failure};
use crate::output;

/// Flags that operators expect, and the flags that do this.
const EXPECTED: [(&str, &str); 1] = [("--new-key", "--generate-key")];

/// The arguments of this process. Exits if they cannot be used or ask for help.
pub(crate) fn parse() -> Arguments {
    let given: Vec<OsString> = std::env::args_os().collect();
    let mut command = help::grouped(Arguments::command());
    let matches = command.try_get_matches_from_mut(&given);
    let parsed = matches.and_then(|matches| Arguments::from_arg_matches(&matches));
    match parsed {
        Ok(arguments) => arguments,
        Err(error) => {
            let error = improved(error.format(&mut command));
            if error.use_stderr() && requests_json(&given) {
                let code = output::report(&failure(&error), Output::Json);
                std::process::exit(code.into());
            }
            error.exit()
        }
    }
}

/// True if the arguments request JSON, as far as that can be said of arguments that cannot be used.
fn requests_json(given: &[OsString]) -> bool {
    given.iter().any(|argument| argument == "--output=json")
        || given.windows(2).any(|pair| matches!(pair, [flag, value] if flag == "--output" && value == "json"))
}

/// The error without a suggestion that only shares letters with the flag, and with one for an expected flag.
fn improved(mut error: clap::Error) -> clap::Error {
    let Some(given) = string(&error, ContextKind::InvalidArg) else { return error };
    if error.kind() != ErrorKind::UnknownArgument {
        return error;
    }
    if let Some((_, flag)) = EXPECTED.iter().find(|(expected, _)| *expected == given) {
        error.insert(ContextKind::SuggestedArg, ContextValue::String((*flag).to_owned()));
    } else if let Some(suggested) = string(&error, ContextKind::SuggestedArg) {
        let first = |flag: &str| flag.chars().find(|character| *character != '-');
        if first(&given) != first(&suggested) {
            error.remove(ContextKind::SuggestedArg);
        }
    }
    error
}

fn string(error: &clap::Error, kind: ContextKind) -> Option<String> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(text.clone()),
        ContextValue::Strings(texts) => Some(texts.join(", ")),
        _ => None,
    }
}

fn failure(error: &clap::Error) -> Failure {
    let of = |kind| string(error, kind).unwrap_or_default();
    let message = match error.kind() {
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            let (argument, value) = (of(ContextKind::InvalidArg), of(ContextKind::InvalidValue));
            let reason = error.source().map(|source| format!(": {source}")).unwrap_or_default();
            format!("invalid value `{value}` for `{argument}`{reason}")
        }
        ErrorKind::UnknownArgument => format!("unexpected argument `{}`", of(ContextKind::InvalidArg)),
        ErrorKind::InvalidSubcommand => format!("unknown command `{}`", of(ContextKind::InvalidSubcommand)),
        ErrorKind::MissingRequiredArgument => {
            format!("missing arguments: {}", of(ContextKind::InvalidArg))
        }
        ErrorKind::ArgumentConflict => format!(
            "`{}` cannot be used with {}",
            of(ContextKind::InvalidArg),
            string(error, ContextKind::PriorArg).unwrap_or_else(|| "another argument".to_owned())
        ),
        kind => kind.as_str().unwrap_or("invalid arguments").to_owned(),
    };
    let suggested = [
        ContextKind::SuggestedArg,
        ContextKind::SuggestedSubcommand,
        ContextKind::SuggestedValue,
        ContextKind::ValidValue,
    ];
    let hint = suggested.into_iter().find_map(|kind| string(error, kind)).filter(|text| !text.is_empty());
    let failure = Failure::usage(message).with_code(ErrorCode::InvalidArguments);
    match hint {
        Some(hint) => failure.with_hint(format!("expected: {hint}")),
        None => failure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(arguments: &[&str]) -> clap::Error {
        let arguments = [&["okta-insight"], arguments].concat();
        improved(Arguments::command().try_get_matches_from(arguments).unwrap_err())
    }

    #[test]
    fn suggestions_are_related_to_the_flag() {
        let suggested = |arguments: &[&str]| string(&error(arguments), ContextKind::SuggestedArg);
        assert_eq!(suggested(&["sync", "--dryrun"]).as_deref(), Some("--dry-run"));
        assert_eq!(suggested(&["init", "--new-key"]).as_deref(), Some("--generate-key"));
        assert_eq!(suggested(&["schema", "--user"]), None);
    }

    #[test]
    fn usage_errors_have_parts() {
        let bits = failure(&error(&["keygen", "--bits", "512"]));
        assert_eq!(
            bits.message,
            "invalid value `512` for `--bits <N>`: key size must be from 2048 to 8192 bits"
        );
        assert_eq!((bits.code, bits.exit), (ErrorCode::InvalidArguments, 2));
        let output = failure(&error(&["--output", "yaml", "status"]));
        assert_eq!(output.hint.as_deref(), Some("expected: text, json"));
    }
}
