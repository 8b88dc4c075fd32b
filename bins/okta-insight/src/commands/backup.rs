//! `okta-insight backup`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args as ClapArgs;
use serde_json::json;
use sync_daemon::ServiceError;
use sync_store::Store;

use crate::args::{ConfigFile, Output};
use crate::failure::{ErrorCode, Failure};
use crate::output::{Outcome, print_json};
use crate::words::units::count;

#[derive(Debug, ClapArgs)]
pub(crate) struct Args {
    #[command(flatten)]
    file: ConfigFile,
    /// File for the copy. An existing file is not replaced
    #[arg(value_name = "FILE")]
    target: PathBuf,
}

pub(crate) async fn run(args: &Args, output: Output) -> Outcome {
    let config = args.file.load()?;
    // Opening it would create an empty one.
    if !config.store.exists() {
        let message = format!("no state store at {}", config.store.display());
        return Err(Failure::new(ErrorCode::StoreFailed, message).with_hint(
            "check `store.path` in the configuration; the first command that writes creates the store",
        ));
    }
    let store = Store::open(&config.store).await.map_err(ServiceError::from)?;
    let copied = store.back_up(&args.target).await.map_err(ServiceError::from);
    store.close().await;
    let bytes = copied?;
    if output == Output::Json {
        print_json(&json!({ "store": config.store, "backup": args.target, "bytes": bytes }))?;
    } else {
        println!(
            "Copied {} to {} ({}).",
            config.store.display(),
            args.target.display(),
            count(bytes, "byte")
        );
    }
    Ok(ExitCode::SUCCESS)
}
