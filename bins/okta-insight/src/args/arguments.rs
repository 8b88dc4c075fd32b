//! The command line: a variant per command.

use clap::{Parser, Subcommand};

use super::common::{Common, Output};
use crate::commands::completions::Completions;
use crate::commands::config::Settings;
use crate::commands::doctor::Doctor;
use crate::commands::export::Export;
use crate::commands::man::Man;
use crate::commands::pause::Pause;
use crate::commands::plan::Plan;
use crate::commands::prune::Prune;
use crate::commands::schema::Schema;
use crate::commands::setup::Setup;
use crate::commands::sync::Sync;
use crate::commands::tokens::Tokens;
use crate::demo::Demo;

/// Sync Okta users and groups to Jira Service Management Assets
#[derive(Debug, Parser)]
#[command(name = "okta-insight", version, about, max_term_width = 100)]
pub(crate) struct Arguments {
    /// Format of results. Progress and errors are written to standard error
    #[arg(long, global = true, value_enum, value_name = "FORMAT", default_value = "text")]
    pub(crate) output: Output,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Create a configuration file and check each setting
    Init(Box<crate::commands::init::Init>),
    /// Generate a key pair for the Okta app
    Keygen(crate::commands::keygen::Keygen),
    /// Generate or rotate the key that encrypts secrets saved in the console
    MasterKey(crate::commands::master_key::MasterKey),
    /// Create or update the object types, mapping, and event hook
    Setup(Setup),
    /// Verify the object types, mapping, and event hook
    Verify(Common),
    /// Import test objects to learn how the Assets site treats imports
    Selftest(crate::commands::selftest::Args),
    /// Check all prerequisites and suggest fixes
    Doctor(Doctor),
    /// Show the changes that a full sync would make
    Plan(Plan),
    /// Run a full or targeted sync
    Sync(Sync),
    /// Delete long-retired objects from Assets after confirmation
    Prune(Prune),
    /// Compare Okta and Assets attributes
    Schema(Schema),
    /// Export the org's users, groups, memberships, and schemas as JSON
    Export(Export),
    /// Show the health, lag, and recent runs of each connection
    Status(crate::commands::status::Args),
    /// List runs or show one run
    Runs(crate::commands::runs::Args),
    /// List, follow, or replay events
    Events(crate::commands::events::Args),
    /// Pause syncing; events are stored and applied after the pause
    Pause(Pause),
    /// Resume syncing
    Resume(Common),
    /// Show the audit log or export it as JSON lines
    Audit(crate::commands::audit::Args),
    /// Copy the state store to a new file, even while the daemon runs
    Backup(crate::commands::backup::Args),
    /// Print the configuration without secrets, the status, and the last runs for a problem report
    SupportBundle(Common),
    /// Manage access tokens
    Tokens(Tokens),
    /// Check the configuration or print its schema or an example
    Config(Settings),
    /// Generate shell completions
    Completions(Completions),
    /// Generate man pages
    Man(Man),
    /// Run a local Okta org and Assets site
    Sandbox(Box<crate::commands::sandbox::Args>),
    /// Run a demo in a sandbox: setup, full sync, and live changes
    Demo(Demo),
}
