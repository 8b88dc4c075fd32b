//! `okta-insight sandbox`

use std::fs::OpenOptions;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args as ClapArgs;
use reqwest::Url;
use sandbox::{DpopMode, FaultSpec, Sandbox, SandboxOptions, TlsFiles};
use secrecy::ExposeSecret;
use serde_json::Value;
use sync_config::MasterKey;
use sync_daemon::ServiceError;
use tokio::net::TcpSocket;

use super::stop_on_signal;
use crate::args::values::{RateLimit, address, quantity, seed};
use crate::failure::{ErrorCode, Failure};
use crate::output::Outcome;
use crate::words::commands::{EXPORT, SETUP};

/// The generated org.
#[derive(Debug, ClapArgs)]
pub(crate) struct Org {
    /// Number of users, including deactivated users
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = quantity, allow_negative_numbers = true)]
    pub(crate) users: usize,
    /// Number of groups, in addition to Everyone
    #[arg(long, value_name = "N", default_value_t = 12, value_parser = quantity, allow_negative_numbers = true)]
    pub(crate) groups: usize,
    /// Average number of members per group
    #[arg(long, value_name = "N", default_value_t = 25, value_parser = quantity, allow_negative_numbers = true)]
    pub(crate) members_per_group: usize,
    /// Seed of the generated data. The same seed generates the same org
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = seed, allow_negative_numbers = true)]
    pub(crate) seed: u64,
    /// Folder of an export to load instead of generated data
    #[arg(long = "org-data", value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) org: Org,
    /// Address of the Okta org. Port 0 selects a free port
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:0", value_parser = address)]
    pub(crate) okta: SocketAddr,
    /// Address of the Assets site and the control API. Port 0 selects a free port
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:0", value_parser = address)]
    pub(crate) insight: SocketAddr,
    /// DPoP-bound tokens: required, optional, or off
    #[arg(long, value_name = "MODE", default_value = "required")]
    pub(crate) dpop: DpopMode,
    /// Requests per minute of each rate-limit bucket, or off
    #[arg(long, value_name = "N", default_value = "off")]
    pub(crate) rate_limit: RateLimit,
    /// URL of the org for clients that use another address
    #[arg(long, value_name = "URL")]
    pub(crate) public_url_okta: Option<Url>,
    /// Certificate file (PEM) for HTTPS
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub(crate) tls_cert: Option<PathBuf>,
    /// Private key file (PEM) of the certificate
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(crate) tls_key: Option<PathBuf>,
    /// Faults to inject, such as seed=7,okta.429=0.05,hooks.delay=100..500@0.2. An unknown fault lists all of them
    #[arg(long, value_name = "SPEC", default_value = "", hide_default_value = true)]
    pub(crate) faults: FaultSpec,
    /// File for a configuration that connects to the sandbox
    #[arg(long, value_name = "FILE")]
    pub(crate) config_file: Option<PathBuf>,
    /// File for the URLs and credentials, written when the sandbox is ready
    #[arg(long, value_name = "FILE")]
    pub(crate) ready_file: Option<PathBuf>,
}

pub(crate) async fn run(args: &Args) -> Outcome {
    let stop = stop_on_signal();
    let options = SandboxOptions {
        okta: args.okta,
        insight: args.insight,
        dpop: args.dpop,
        rate_limit: args.rate_limit.0,
        public_url_okta: args.public_url_okta.clone(),
        tls: args
            .tls_cert
            .clone()
            .zip(args.tls_key.clone())
            .map(|(certificate, key)| TlsFiles { certificate, key }),
        faults: args.faults.clone(),
        ..options(&args.org)
    };
    check_org_data(&args.org)?;
    let sandbox = Sandbox::start(&options).await?;
    let ports = FreePorts::find()?;
    if let Some(file) = &args.config_file {
        let store = file.with_extension("db");
        write_private(file, &config(sandbox.ready(), &ports, &store)?)?;
    }
    if let Some(file) = &args.ready_file {
        write_private(file, &sandbox.ready().to_string())?;
    }
    eprintln!("Okta    {}", text(sandbox.ready(), "/okta/org_url"));
    eprintln!("Assets  {}", text(sandbox.ready(), "/insight/api_url"));
    eprintln!("Control {}", sandbox.control_url());
    if let Some(file) = &args.config_file {
        eprintln!("Next    {SETUP} --config {}", file.display());
    }
    stop.cancelled().await;
    drop(ports);
    sandbox.shutdown().await;
    Ok(ExitCode::SUCCESS)
}

/// Checks that the folder of the org data exists.
pub(crate) fn check_org_data(org: &Org) -> Result<(), Failure> {
    match &org.data {
        Some(folder) if !folder.is_dir() => {
            let message = format!("--org-data: no folder at {}", folder.display());
            Err(Failure::usage(message).with_hint(format!("create an export with `{EXPORT}`")))
        }
        _ => Ok(()),
    }
}

/// The org that the arguments describe.
pub(crate) fn options(org: &Org) -> SandboxOptions {
    SandboxOptions {
        users: org.users,
        groups: org.groups,
        members_per_group: org.members_per_group,
        seed: org.seed,
        org_data: org.data.clone(),
        ..SandboxOptions::default()
    }
}

/// A configuration that connects to a sandbox.
pub(crate) fn config(ready: &Value, ports: &FreePorts, store: &Path) -> Result<String, Failure> {
    let [hook_port, metrics_port, console_port] = ports.numbers;
    let master_key = MasterKey::generate().map_err(ServiceError::from)?;
    let quoted = |pointer: &str| toml_text(&text(ready, pointer));
    let key = ready.pointer("/okta/private_key_jwk").map(Value::to_string).unwrap_or_default();
    let store = toml_text(&store.file_name().unwrap_or_default().to_string_lossy());
    Ok(format!(
        "# Connects to the sandbox that wrote this file while it runs.\n\
         [store]\npath = {store}\n\n\
         [server]\nlisten = \"127.0.0.1:{hook_port}\"\nmetrics_listen = \"127.0.0.1:{metrics_port}\"\n\n\
         [console]\nlisten = \"127.0.0.1:{console_port}\"\nmaster_key = {}\n\n\
         [connections.main.okta]\norg_url = {}\nclient_id = {}\nprivate_key = {}\n\n\
         [connections.main.assets]\napi_url = {}\nimport_token = {}\n\n\
         [connections.main.event_hook]\npublic_url = \"http://127.0.0.1:{hook_port}\"\n",
        toml_text(master_key.expose_secret()),
        quoted("/okta/org_url"),
        quoted("/okta/client_id"),
        toml_text(&key),
        quoted("/insight/api_url"),
        quoted("/insight/import_token"),
    ))
}

/// Three unused ports for a daemon's listeners.
///
/// On Linux, no other process gets one of them while this value exists: a socket that is bound and doesn't listen
/// leaves its port to a process that requests the port by number. On other systems, it would block the daemon as well.
pub(crate) struct FreePorts {
    _held: Option<[TcpSocket; 3]>,
    numbers: [u16; 3],
}

impl FreePorts {
    pub(crate) fn find() -> Result<Self, Failure> {
        let any = || {
            let socket = TcpSocket::new_v4()?;
            socket.set_reuseaddr(true)?;
            socket.bind((Ipv4Addr::LOCALHOST, 0).into())?;
            let port = socket.local_addr()?.port();
            Ok::<_, std::io::Error>((socket, port))
        };
        let [(one, first), (two, second), (three, third)] = [any()?, any()?, any()?];
        let held = cfg!(target_os = "linux").then_some([one, two, three]);
        Ok(Self { _held: held, numbers: [first, second, third] })
    }
}

/// JSON's escapes are TOML's.
fn toml_text(text: &str) -> String {
    Value::from(text).to_string()
}

fn text(value: &Value, pointer: &str) -> String {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// Writes a file that holds secrets: for its owner alone, and whole before it has its name.
fn write_private(path: &Path, content: &str) -> Result<(), Failure> {
    let failed = |e: std::io::Error| {
        Failure::new(ErrorCode::FileFailed, format!("could not write {}: {e}", path.display()))
    };
    let draft = path.with_extension("part");
    let mut options = OpenOptions::new();
    options.create(true).write(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(&draft).and_then(|mut file| file.write_all(content.as_bytes())).map_err(failed)?;
    std::fs::rename(&draft, path).map_err(failed)
}
