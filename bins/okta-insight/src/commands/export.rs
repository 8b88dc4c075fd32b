//! `okta-insight export`

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use connectors::{ExportError, export};
use sync_config::{check_clients, okta_client};

use super::backend::only_here;
use super::{known, stop_on_signal};
use crate::args::{Common, Output};
use crate::failure::Failure;
use crate::output::{Outcome, print_json};
use crate::progress::Bars;
use crate::words::units::count;

#[derive(Debug, Args)]
pub(crate) struct Export {
    /// Folder for the export, with a subfolder for each connection if there are several
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    #[command(flatten)]
    common: Common,
    /// Replace an earlier export
    #[arg(long)]
    force: bool,
}

pub(crate) async fn run(args: &Export, output: Output) -> Outcome {
    only_here(&args.common, "export")?;
    let local = &args.common.local;
    let known = known(local).await?;
    let chosen = known.chosen(local.connection.as_deref())?;
    for connection in &chosen {
        check_clients(connection)?;
    }
    let stop = stop_on_signal();
    let mut written = Vec::new();
    for connection in &chosen {
        let folder = match chosen.len() {
            1 => args.folder.clone(),
            _ => args.folder.join(connection.name.as_str()),
        };
        let bars = Bars::new();
        let manifest = export(&okta_client(connection)?, &folder, args.force, &bars, &stop).await?;
        drop(bars);
        written.push((connection, folder, manifest));
    }
    match output {
        Output::Json => {
            let exports = written.iter().map(|(connection, folder, manifest)| {
                serde_json::json!({ "connection": connection.name, "folder": folder, "export": manifest })
            });
            print_json(&serde_json::json!({ "exports": exports.collect::<Vec<_>>() }))?;
        }
        Output::Text => {
            for (connection, folder, manifest) in &written {
                println!("Connection {}", connection.name);
                println!(
                    "  {}, {}, {}, and {} of {}",
                    count(manifest.users, "user"),
                    count(manifest.groups, "group"),
                    count(manifest.memberships, "membership"),
                    count(manifest.user_types, "user type"),
                    manifest.org_url
                );
                println!(
                    "  Saved to {}, which contains personal data. Only its owner can read it.",
                    folder.display()
                );
                println!(
                    "  Next: `okta-insight plan --from-export {0}` or `okta-insight sandbox --org-data {0}`",
                    folder.display()
                );
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

impl From<ExportError> for Failure {
    fn from(error: ExportError) -> Self {
        sync_daemon::ServiceError::from(error).into()
    }
}
