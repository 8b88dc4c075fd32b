//! `okta-insight master-key`

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::json;
use sync_config::init::{new_master_key, read_master_key};
use sync_daemon::{ConnectionManager, ServiceError, rotate};
use sync_store::Store;

use crate::args::{ConfigFile, Output};
use crate::failure::{ErrorCode, Failure};
use crate::output::{Outcome, print_json};
use crate::words::units::count;

#[derive(Debug, Args)]
pub(crate) struct MasterKey {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Generate the key that encrypts secrets saved in the console
    Generate {
        /// File for the key. Only its owner can read it
        #[arg(long, value_name = "FILE", default_value = "master.key")]
        out: PathBuf,
    },
    /// Encrypt the secrets saved in the console with another key. Stop the daemon first
    Rotate {
        #[command(flatten)]
        file: ConfigFile,
        /// File of the new key
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
    },
}

impl MasterKey {
    /// The configuration whose secrets are encrypted with another key; `None` if there is none.
    pub(crate) const fn rotated(&self) -> Option<&ConfigFile> {
        match &self.action {
            Action::Rotate { file, .. } => Some(file),
            Action::Generate { .. } => None,
        }
    }
}

pub(crate) async fn run(args: &MasterKey, output: Output) -> Outcome {
    match &args.action {
        Action::Generate { out } => {
            let id = new_master_key(out)?;
            match output {
                Output::Json => print_json(&json!({ "file": out, "id": id }))?,
                Output::Text => println!("{}", out.display()),
            }
            eprintln!("In the configuration, set `console.master_key = {{ file = \"{}\" }}`.", out.display());
            eprintln!(
                "Keep a copy in a safe place. Secrets saved in the console can't be decrypted without this key."
            );
        }
        Action::Rotate { file, to } => {
            let config = file.load()?;
            let old = config.master_key().ok_or_else(|| {
                Failure::usage("`console.master_key` isn't set, so there are no secrets to encrypt again")
                    .with_code(ErrorCode::InvalidConfiguration)
                    .with_hint("set `console.master_key` to the current key")
            })?;
            let new = read_master_key(to)?;
            ConnectionManager::is_at_rest(&config).await?;
            let store = Store::open(&config.store).await.map_err(ServiceError::from)?;
            let rotated = async {
                store.await_turn().await.map_err(ServiceError::from)?;
                rotate(&store, old, &new).await.map_err(Failure::from)
            };
            let rotated = rotated.await;
            store.close().await;
            let secrets = rotated?;
            match output {
                Output::Json => print_json(&json!({ "secrets": secrets, "from": old.id(), "to": new.id() }))?,
                Output::Text => println!("{} encrypted with the new key", count(secrets, "secret")),
            }
            eprintln!(
                "In the configuration, set `console.master_key = {{ file = \"{}\" }}`. Then start the daemon.",
                to.display()
            );
        }
    }
    Ok(ExitCode::SUCCESS)
}
