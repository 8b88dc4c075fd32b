//! `okta-insight backup`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args as ClapArgs;
use serde_json::json;
use sync_service::{ServiceError, Store};

use crate::args::{ConfigFile, Output};
use crate::output::{Failure, Outcome, print_json};

#[derive(Debug, ClapArgs)]
pub(crate) struct Args {
    #[command(flatten)]
    file: ConfigFile,
    /// The file to make; one that exists is left alone.
    target: PathBuf,
}

pub(crate) async fn run(args: &Args, output: Output) -> Outcome {
    let config = args.file.load()?;
    // Opening it would make an empty one.
    if !config.store.exists() {
        return Err(Failure {
            hint: Some(
                "check `store` in the configuration; the file is made by the first synchronization"
                    .to_owned(),
            ),
            ..Failure::new(format!("there is no state store at {}", config.store.display()))
        });
    }
    let store = Store::open(&config.store).await.map_err(ServiceError::from)?;
    let copied = store.back_up(&args.target).await.map_err(ServiceError::from);
    store.close().await;
    let bytes = copied?;
    if output == Output::Json {
        print_json(&json!({ "store": config.store, "backup": args.target, "bytes": bytes }))?;
    } else {
        println!("Copied {} to {} ({bytes} bytes).", config.store.display(), args.target.display());
    }
    Ok(ExitCode::SUCCESS)
}
