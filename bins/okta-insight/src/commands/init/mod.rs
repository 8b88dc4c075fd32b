//! `okta-insight init`

mod args;
mod ask;
mod guide;
mod steps;

use std::process::ExitCode;

use serde::Serialize;
use sync_config::init::{InitAnswers, InitError, WrittenFiles};

pub(crate) use args::Init;
use ask::on_terminal;
use steps::{Steps, is_stdin};

use crate::args::Output;
use crate::failure::{ErrorCode, Failure};
use crate::output::{Outcome, print_json};
use crate::words::remedies::remedy;

impl From<InitError> for Failure {
    fn from(error: InitError) -> Self {
        let (code, exit) =
            if error.is_usage() { (ErrorCode::InvalidArguments, 2) } else { (ErrorCode::FileFailed, 1) };
        Self { code, message: sync_engine::error_chain(&error), hint: hint(&error), exit }
    }
}

/// The hint for an error.
fn hint(error: &InitError) -> Option<String> {
    let text = match error {
        InitError::Exists(_) => "use another file name, or replace the file with `--force`",
        InitError::MasterKeyExists(_) => "set `--out` to another file",
        InitError::ConnectionExists { .. } => {
            "set `--connection` to another name; `--force` changes the given settings and keeps the others"
        }
        InitError::Read { .. } => "check that the file exists and that this user can read it",
        InitError::Write { .. } => "check that the folder exists and that this user can write to it",
        InitError::NotExtendable { .. } => "correct the file, or set `--config` to another file",
        InitError::MasterKey(error) => return Some(remedy(&error.remedy())),
        InitError::Interrupted => "run the command again",
        _ => return None,
    };
    Some(text.to_owned())
}

#[derive(Serialize)]
struct Done<'a> {
    connection: &'a str,
    #[serde(flatten)]
    written: &'a WrittenFiles,
    public_jwk: &'a serde_json::Value,
}

pub(crate) async fn run(args: &Init, output: Output) -> Outcome {
    let terminal = on_terminal();
    let missing = args.missing();
    if !terminal && !missing.is_empty() {
        let message = format!("missing flags without a terminal: {}", missing.join(", "));
        return Err(Failure::usage(message).with_hint("set the flags, or run the command on a terminal"));
    }
    if [&args.import_token_file, &args.api_token_file]
        .iter()
        .all(|file| file.as_deref().is_some_and(is_stdin))
    {
        let message = "only one of `--import-token-file` and `--api-token-file` can be standard input";
        return Err(Failure::usage(message));
    }
    let mut steps = Steps::new(args, terminal);
    let (draft, connection) = steps.place()?;
    let org_url = steps.org_url().await?;
    let (event_source, public_url) = steps.events(&connection).await?;
    let key = steps.key(&draft, &connection).await?;
    let client_id = steps.client_id(&org_url, &key, public_url.is_some()).await?;
    let import_token = steps.import_token().await?;
    let account = steps.account().await?;
    let api_url = args.api_url.clone();
    let (key, key_id) = (key.file, args.key_id.clone());
    let answers = InitAnswers {
        connection,
        org_url,
        event_source,
        public_url,
        key,
        key_id,
        client_id,
        api_url,
        import_token,
        account,
        allow_private_addresses: args.allow_private_addresses,
    };
    let written = draft.write(&answers, args.force)?;
    match output {
        Output::Json => print_json(&Done {
            connection: answers.connection.as_str(),
            written: &written,
            public_jwk: &answers.key.public_jwk,
        })?,
        Output::Text => print(&answers, &written),
    }
    Ok(ExitCode::SUCCESS)
}

fn print(answers: &InitAnswers, written: &WrittenFiles) {
    let config = written.config.display();
    let verb = if written.extended { "Updated" } else { "Created" };
    println!("{verb} {config} with connection `{}`. Its secrets are in:", answers.connection);
    for file in &written.secrets {
        println!("  {}", file.display());
    }
    println!("Next, run:");
    println!("  okta-insight doctor --config {config}");
    println!("  okta-insight setup --config {config}");
}
