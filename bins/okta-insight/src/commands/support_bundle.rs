//! `okta-insight support-bundle`

use std::process::ExitCode;

use serde_json::{Value, json};
use sync_engine::{Clock, SystemClock};

use super::config::Checked;
use super::status;
use crate::args::Common;
use crate::output::{Outcome, print_json};

/// The number of runs of each connection. A daemon returns five.
const RUNS: u32 = 20;

/// Prints the document, whatever the output format: it is for a file.
pub(crate) async fn run(common: &Common) -> Outcome {
    print_json(&json!({
        "created_at": SystemClock.now(),
        "version": env!("CARGO_PKG_VERSION"),
        "platform": format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        "configuration": configuration(common),
        "connections": status::read(common, RUNS).await?,
    }))?;
    Ok(ExitCode::SUCCESS)
}

/// The configuration without secrets; null if another host has it. A fault in it is a part of the report.
fn configuration(common: &Common) -> Value {
    if common.remote.server().is_some() {
        return Value::Null;
    }
    match Checked::read(&common.local) {
        Ok(checked) => checked.document(&common.local),
        Err(failure) => json!({ "error": failure.message }),
    }
}
