//! Measures the sync against the sandbox and prints one JSON document. It asserts nothing about times: they depend on the
//! machine.

mod burst;
mod failure;
mod full;
mod hooks;
mod percentiles;
mod test_env;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use serde_json::{Value, json};

use failure::Failure;

/// Measures the sync against the sandbox, and prints one JSON document.
#[derive(Debug, Parser)]
#[command(name = "load", version, about, max_term_width = 100)]
struct Arguments {
    /// The folder of `okta-insight` and `okta-insightd`; the folder of this program when it is not given.
    #[arg(long, value_name = "DIR")]
    bin: Option<PathBuf>,
    /// Users of the org.
    #[arg(long, default_value_t = 2000)]
    users: usize,
    /// Groups of the org, beside Everyone.
    #[arg(long, default_value_t = 40)]
    groups: usize,
    /// Groups that each user is in, about.
    #[arg(long, default_value_t = 5)]
    memberships: usize,
    /// Measure a full sync with so many times the users, for the memory; 0 leaves that out.
    #[arg(long, default_value_t = 10)]
    times: usize,
    /// Deliveries a second.
    #[arg(long, default_value_t = 500)]
    rate: u32,
    /// For how many seconds; 0 leaves deliveries out.
    #[arg(long, default_value_t = 4)]
    seconds: u32,
    /// Changes at once; 0 leaves the burst out.
    #[arg(long, default_value_t = 1000)]
    burst: usize,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut document = json!({ "cores": std::thread::available_parallelism().map_or(0, usize::from) });
    match measure(&arguments, &mut document).await {
        Ok(()) => {
            println!("{document:#}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn measure(arguments: &Arguments, document: &mut Value) -> Result<(), Failure> {
    let bin = match &arguments.bin {
        Some(bin) => bin.clone(),
        None => std::env::current_exe()?.parent().map(PathBuf::from).unwrap_or_default(),
    };
    let bin = std::path::absolute(bin)?;
    let size =
        full::Size { users: arguments.users, groups: arguments.groups, memberships: arguments.memberships };
    if arguments.times > 0 {
        let large = full::Size { users: size.users * arguments.times, ..size };
        let world = test_env::TestEnv::start(&bin, &large).await?;
        document["full_sync_large"] = full::sync(&world, &large).await?;
        document["reconcile_large"] = full::nothing_changed(&world).await?;
    }
    let world = test_env::TestEnv::start(&bin, &size).await?;
    document["full_sync"] = full::sync(&world, &size).await?;
    document["reconcile"] = full::nothing_changed(&world).await?;
    if arguments.times > 0 {
        document["memory_ratio"] = full::ratio(&document["full_sync_large"], &document["full_sync"]);
    }
    if arguments.seconds > 0 {
        document["deliveries"] =
            hooks::measure(&world, arguments.rate, Duration::from_secs(arguments.seconds.into())).await?;
    }
    if arguments.burst > 0 {
        document["burst"] = burst::measure(&world, arguments.burst).await?;
    }
    Ok(())
}
