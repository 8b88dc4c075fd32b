//! The failure of a command: its code, message, hint, and exit code.

use std::io::ErrorKind;

use admin_api::{DelegationError, ProblemType, RemoteError};
use serde::Serialize;
use sync_config::ConfigError;
use sync_console::ConsoleError;
use sync_daemon::{SaveError, ServiceError};
use sync_engine::{EngineError, error_chain};

use crate::words::remedies::remedy;

/// The exit code of a command that found differences or problems.
pub(crate) const FOUND: u8 = 3;

/// The exit code that a shell reports for a command whose output has no reader.
pub(crate) const OUTPUT_CLOSED: u8 = 141;

/// The kind of a failure, for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ErrorCode {
    InvalidArguments,
    InvalidConfiguration,
    ConfigurationNotFound,
    UnknownConnection,
    NoConnection,
    ConnectionUnavailable,
    ConnectionPaused,
    AnotherLeader,
    SyncNotDelegated,
    SyncIncomplete,
    SyncFailed,
    SafeguardTriggered,
    SetupRequired,
    AccountRequired,
    ImportSourceDisabled,
    SchemaChanged,
    OktaFailed,
    AssetsFailed,
    NotFound,
    StoreFailed,
    StoreBusy,
    StoreLost,
    SecretsUnavailable,
    ListenFailed,
    ServerUnreachable,
    RequestRejected,
    CheckFailed,
    ExportFailed,
    PruneIncomplete,
    SandboxFailed,
    FileFailed,
    Interrupted,
    InternalError,
}

/// The failure of a command.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) code: ErrorCode,
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
    pub(crate) exit: u8,
}

impl Failure {
    /// A failure that the operator did not cause.
    pub(crate) fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), hint: None, exit: 1 }
    }

    /// Wrong arguments or settings.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self { exit: 2, ..Self::new(ErrorCode::InvalidArguments, message) }
    }

    #[must_use]
    pub(crate) fn with_hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    #[must_use]
    pub(crate) fn with_code(self, code: ErrorCode) -> Self {
        Self { code, ..self }
    }
}

const fn exit(is_usage: bool) -> u8 {
    if is_usage { 2 } else { 1 }
}

const fn config_code(error: &ConfigError) -> ErrorCode {
    match error {
        ConfigError::UnknownConnection { .. } => ErrorCode::UnknownConnection,
        _ => ErrorCode::InvalidConfiguration,
    }
}

const fn engine_code(error: &EngineError) -> ErrorCode {
    match error {
        EngineError::Directory(_) | EngineError::EventHook(_) | EngineError::EventFeed(_) => {
            ErrorCode::OktaFailed
        }
        EngineError::TargetSchema(_) | EngineError::Import(_) | EngineError::TargetObjects(_) => {
            ErrorCode::AssetsFailed
        }
        EngineError::Store(_) => ErrorCode::StoreFailed,
        EngineError::SetupRequired => ErrorCode::SetupRequired,
        EngineError::NoAccount | EngineError::TestObjectsRemain => ErrorCode::AccountRequired,
        EngineError::Disabled => ErrorCode::ImportSourceDisabled,
        EngineError::SafeguardTriggered(_) => ErrorCode::SafeguardTriggered,
        EngineError::StructureChanged => ErrorCode::SchemaChanged,
        EngineError::Interrupted => ErrorCode::Interrupted,
        _ => ErrorCode::InternalError,
    }
}

const fn delegation_code(error: &DelegationError) -> ErrorCode {
    match error {
        DelegationError::Paused { .. } => ErrorCode::ConnectionPaused,
        DelegationError::Detached => ErrorCode::Interrupted,
        DelegationError::Failed(_) => ErrorCode::SyncFailed,
        _ => ErrorCode::SyncNotDelegated,
    }
}

const fn service_code(error: &ServiceError) -> ErrorCode {
    match error {
        ServiceError::Config(error) => config_code(error),
        ServiceError::Store(_) | ServiceError::Unmigrated(_) => ErrorCode::StoreFailed,
        ServiceError::Busy(_) => ErrorCode::StoreBusy,
        ServiceError::Lost(_) => ErrorCode::StoreLost,
        ServiceError::Engine(error) => engine_code(error),
        ServiceError::NoAccount(_) => ErrorCode::AccountRequired,
        ServiceError::UnknownRun(_) | ServiceError::UnknownEvents(_) | ServiceError::Named(_) => {
            ErrorCode::NotFound
        }
        ServiceError::Listen(_) => ErrorCode::ListenFailed,
        ServiceError::Delegation(error) => delegation_code(error),
        ServiceError::Export(_) => ErrorCode::ExportFailed,
        ServiceError::Vault(_) => ErrorCode::SecretsUnavailable,
        ServiceError::Saved { .. } | ServiceError::Unavailable { .. } => ErrorCode::ConnectionUnavailable,
        ServiceError::NoConnection(_) => ErrorCode::NoConnection,
        ServiceError::AnotherLeader(_) => ErrorCode::AnotherLeader,
        _ => ErrorCode::InternalError,
    }
}

impl From<ServiceError> for Failure {
    fn from(error: ServiceError) -> Self {
        Self {
            code: service_code(&error),
            message: error_chain(&error),
            hint: error.remedy().as_ref().map(remedy),
            exit: exit(error.is_usage()),
        }
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        ServiceError::from(error).into()
    }
}

impl From<SaveError> for Failure {
    fn from(error: SaveError) -> Self {
        let failure = Self::new(ErrorCode::ConnectionUnavailable, error_chain(&error));
        Self { hint: error.remedy().as_ref().map(remedy), ..failure }
    }
}

/// The code that the same problem has without a daemon.
fn refused_code(error: &RemoteError) -> ErrorCode {
    match error.problem() {
        Some(ProblemType::ConnectionPaused) => ErrorCode::ConnectionPaused,
        Some(ProblemType::ConnectionUnavailable) => ErrorCode::ConnectionUnavailable,
        Some(ProblemType::NotFound) => ErrorCode::NotFound,
        _ => ErrorCode::RequestRejected,
    }
}

impl From<RemoteError> for Failure {
    fn from(error: RemoteError) -> Self {
        let code = match &error {
            RemoteError::Address(_) => ErrorCode::InvalidArguments,
            RemoteError::Unreachable { .. }
            | RemoteError::Socket { .. }
            | RemoteError::OtherVersion { .. }
            | RemoteError::NotADaemon { .. }
            | RemoteError::TimedOut { .. } => ErrorCode::ServerUnreachable,
            RemoteError::Refused(_) => refused_code(&error),
            RemoteError::Failed { .. } => ErrorCode::SyncFailed,
            RemoteError::Handover(error) => delegation_code(error),
            _ => ErrorCode::InternalError,
        };
        let hint = error.remedy().as_ref().map(remedy);
        let hint = hint.or_else(|| error.advice().map(str::to_owned));
        Self { code, message: error_chain(&error), hint, exit: exit(error.is_usage()) }
    }
}

impl From<ConsoleError> for Failure {
    fn from(error: ConsoleError) -> Self {
        let code = match &error {
            ConsoleError::Listen(_) => ErrorCode::ListenFailed,
            ConsoleError::OpenId(_) => ErrorCode::InvalidConfiguration,
            ConsoleError::Store(_) => ErrorCode::StoreFailed,
            _ => ErrorCode::InternalError,
        };
        let hint = error.remedy().as_ref().map(remedy);
        Self { code, message: error_chain(&error), hint, exit: exit(error.is_usage()) }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        let code = match &error {
            ConfigError::Read { source, .. } if source.kind() == ErrorKind::NotFound => {
                ErrorCode::ConfigurationNotFound
            }
            error => config_code(error),
        };
        let failure = Self::usage(error_chain(&error)).with_code(code);
        Self { hint: error.remedy().as_ref().map(remedy), ..failure }
    }
}

impl From<sandbox::SandboxError> for Failure {
    fn from(error: sandbox::SandboxError) -> Self {
        use sandbox::SandboxError::{OrgData, PublicUrl, Tls};
        let is_usage = matches!(error, OrgData { .. } | PublicUrl(_) | Tls { .. });
        let failure = Self::new(ErrorCode::SandboxFailed, error_chain(&error));
        Self { exit: exit(is_usage), ..failure }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        let exit = if error.kind() == ErrorKind::BrokenPipe { OUTPUT_CLOSED } else { 1 };
        Self { exit, ..Self::new(ErrorCode::FileFailed, error.to_string()) }
    }
}
