#![doc = include_str!("../README.md")]

mod adapters;
mod alerts;
mod changed;
mod config;
mod connection;
pub mod doctor;
mod error;
mod events;
mod export;
mod fleet;
#[cfg(test)]
mod fuzz;
mod guide;
mod handover;
mod history;
mod http;
pub mod init;
mod live_run;
mod lock;
mod manual_hook;
mod named;
mod objects;
mod odd_event;
mod plan;
mod prune;
mod remote;
mod room;
mod samples;
mod schema;
mod shutdown;
mod small_file;
mod status;
mod vault;
mod visible;
mod vitals;
mod watched;
pub mod wire;

pub use alerts::Trouble;
pub use changed::{connection_state, difference, token_state};
pub use config::{
    AccountConfig, AlertConfig, AlertFormat, AlertSettings, AssetsConfig, AssetsSettings, Config,
    ConfigError, ConnectionConfig, ConnectionSettings, ConsoleConfig, EXAMPLE, EventSource, ExposedFile,
    Given, HookConfig, HookSettings, InForce, Keeper, OktaConfig, OktaSettings, OpenIdConfig, Origin,
    ScheduleConfig, ScheduleSettings, SecretField, TlsConfig, exposed_files, json_schema,
};
pub use connection::{Claim, Connection, account_keys};
pub use error::ServiceError;
pub use events::subscription;
pub use export::{ExportError, Manifest, export};
pub use fleet::{
    Broken, Checked, Draft, FieldProblem, Fleet, JobState, Known, Member, SaveError, Saved, rotate,
};
pub use guide::{Guide, Step, StepName, StepProblem, StepState};
pub use handover::HandoverError;
pub use history::{ConnectionEvent, ConnectionRun, EventTail, Replayed, find_run, replay};
pub use http::{
    ConnectionHealth, Health, ListenError, METRICS_TYPE, Monitor, Receiver, RefusedSignIn, RefusedSignIns,
    Server, Visitor, client_address, client_network,
};
pub use live_run::{LiveChanges, LivePhase, LiveRun, LiveRunView};
pub use manual_hook::ManualHook;
pub use named::{NamedError, named_subjects};
pub use objects::{
    Agreement, AssetsSide, ConfirmedState, FieldView, GroupOfUser, ObjectMatch, ObjectMatches, ObjectVerdict,
    ObjectView, OktaObject, OktaSide, UnconfirmedState, named_objects,
};
pub use okta_client::{KeyKind, UnsupportedVariable, trimmed};
pub use plan::PlanView;
pub use remote::{Followed, RemoteClient, RemoteError, RemoteTail};
pub use schema::{SchemaPreview, SchemaView, compare_schemas, preview_schemas};
pub use schema_mapper as mapper;
/// A text that is shown to nobody, and how its owner gets at it.
pub use secrecy::{ExposeSecret, SecretString as Secret};
pub use shutdown::{END_WITHIN, shutdown_requested};
pub use small_file::{read_small_text, read_small_text_from};
pub use status::{ClockSkew, ConnectionStatus, FeedStatus, Freshness, Pause};
pub use sync_engine::{self as engine, explain};
pub use sync_model as model;
pub use sync_store::{AuditEntry, AuditLog, Store, access};
pub use vault::{MasterKey, VaultError};
pub use visible::{VisibleLines, visible, visible_in_color};
