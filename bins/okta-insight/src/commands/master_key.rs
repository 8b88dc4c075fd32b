//! `okta-insight master-key`

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::json;
use sync_service::init::{new_master_key, read_master_key};
use sync_service::{ConnectionManager, ServiceError, Store, rotate};

use crate::args::{ConfigFile, Output};
use crate::output::{Failure, Outcome, count, print_json};

/// What `okta-insight master-key` takes.
#[derive(Debug, Args)]
pub(crate) struct MasterKey {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make a key, under which the console keeps secrets.
    Generate {
        /// Where it is written, for its owner alone.
        #[arg(long, value_name = "FILE", default_value = "master.key")]
        out: PathBuf,
    },
    /// Encrypt everything that was saved in the console under another key. The daemon must not run.
    Rotate {
        #[command(flatten)]
        file: ConfigFile,
        /// The file of the new key.
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
    },
}

impl MasterKey {
    /// Whose secrets are kept under another key; `None` where none are.
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
            eprintln!("Set console.master_key = {{ file = \"{}\" }} in the configuration.", out.display());
            eprintln!("Keep a copy elsewhere: without it, what is saved in the console cannot be read.");
        }
        Action::Rotate { file, to } => {
            let config = file.load()?;
            let old = config.master_key().ok_or_else(|| Failure {
                message: "console.master_key is not set, so there is nothing to rotate".into(),
                hint: Some("set it to the key that the secrets are kept under now".into()),
                code: 2,
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
                Output::Text => println!("{} encrypted under the new key", count(secrets as u64, "secret")),
            }
            eprintln!(
                "Now set console.master_key = {{ file = \"{}\" }}, and start the daemon again.",
                to.display()
            );
        }
    }
    Ok(ExitCode::SUCCESS)
}
