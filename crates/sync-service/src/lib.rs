#![doc = include_str!("../README.md")]

mod active_runs;
mod adapters;
mod alerts;
mod changed;
mod config;
mod connection;
mod connections;
mod delegate;
mod delegated_run;
pub mod doctor;
mod error;
mod events;
mod export;
#[cfg(test)]
mod fuzz;
mod health_inputs;
mod history;
mod http;
pub mod init;
mod lock;
mod manual_hook;
mod metric_samples;
mod named;
mod objects;
mod odd_event;
mod plan;
mod problem_type;
mod prune;
mod remote;
mod room;
mod schema;
mod setup_checklist;
mod shutdown;
mod small_file;
mod status;
mod vault;
mod visible;
pub mod wire;
pub mod words;

pub use active_runs::{ActiveRun, ActiveRuns, RunChanges, RunPhase};
pub use alerts::AlertEntry;
pub use changed::{connection_state, difference, token_state};
pub use config::{
    AccountConfig, AlertConfig, AlertFormat, AlertSettings, AssetsConfig, AssetsSettings, Config,
    ConfigError, ConfigValue, ConnectionConfig, ConnectionSettings, ConsoleConfig, EXAMPLE, EffectiveConfig,
    EventHookConfig, EventHookSettings, EventSource, ExposedFile, ManagedBy, OidcConfig, OktaConfig,
    OktaSettings, ScheduleConfig, ScheduleSettings, SecretField, TlsConfig, ValueOrigin, exposed_files,
    json_schema,
};
pub use connection::{Connection, LeaderLease};
pub use connections::{
    ConnectionDraft, ConnectionManager, ConnectionRegistry, FieldError, JobActivity, JobState,
    ManagedConnection, SaveError, SavedSettings, Unavailable, ValidationReport, rotate,
};
pub use delegate::DelegationError;
pub use error::ServiceError;
pub use events::subscription;
pub use export::{ExportError, Manifest, export};
pub use history::{ConnectionEvent, ConnectionRun, EventFollower, ReplayResult, find_run, replay};
pub use http::{
    ConnectionReadiness, DaemonHealth, HookReceiver, ListenError, METRICS_TYPE, MetricsServer, RefusedSignIn,
    RefusedSignIns, Server, Visitor, client_address, client_network,
};
pub use manual_hook::ManualEventHook;
pub use named::{NamedError, named_subjects};
pub use objects::{
    AssetsLookup, ConfirmedRecordView, FieldComparison, FieldMatch, ObjectMatch, ObjectMatches, ObjectState,
    ObjectView, OktaLookup, OktaObject, UnconfirmedRecordView, UserGroup, named_objects,
};
pub use okta_client::{KeyKind, UnsupportedVariable, trimmed};
pub use plan::PlanView;
pub use remote::{FollowedEvent, RemoteClient, RemoteError, RemoteEventFollower};
pub use schema::{
    AttributeComparison, SchemaPreview, SchemaView, TypeComparison, compare_schemas, preview_schemas,
};
pub use schema_mapper as mapper;
/// A text that is never displayed, and the trait that exposes it to its owner.
pub use secrecy::{ExposeSecret, SecretString as Secret};
pub use setup_checklist::{SetupChecklist, SetupStep, SetupStepName, StepDetail, StepState};
pub use shutdown::{END_WITHIN, shutdown_requested};
pub use small_file::{read_small_text, read_small_text_from};
pub use status::{ClockSkew, ConnectionStatus, FeedStatus, Freshness, Pause};
pub use sync_engine::{self as engine, error_chain};
pub use sync_model as model;
pub use sync_store::{AuditEntry, AuditLog, Store, access};
pub use vault::{MasterKey, VaultError};
pub use visible::{VisibleLines, visible, visible_in_color};
