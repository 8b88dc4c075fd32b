//! The remote daemon that a command uses instead of this host.

use admin_api::RemoteClient;
use secrecy::SecretString;
use sync_config::{read_small_text, trimmed};
use sync_model::ConnectionName;

use super::there::There;
use crate::args::Common;
use crate::failure::Failure;
use crate::words::commands::TOKENS_CREATE;

/// The variable of the access token, without `--token-file`.
const TOKEN: &str = "OKTA_INSIGHT_TOKEN";

/// The selected connections of a remote daemon; `None` when the command works on this host.
pub(super) async fn remote(common: &Common) -> Result<Option<Vec<There>>, Failure> {
    let Some(server) = common.remote.server() else { return Ok(None) };
    let client = RemoteClient::new(server.clone(), token(common)?)?;
    let names = match &common.local.connection {
        Some(name) => {
            let name = ConnectionName::try_from(name.clone());
            vec![name.map_err(|error| Failure::usage(format!("--connection: {error}")))?]
        }
        None => client.connections().await?.into_iter().map(|connection| connection.name).collect(),
    };
    Ok(Some(names.into_iter().map(|name| There { client: client.clone(), name }).collect()))
}

fn token(common: &Common) -> Result<Option<SecretString>, Failure> {
    let Some(file) = &common.remote.token_file else {
        let given = std::env::var(TOKEN).ok();
        return given.map(|text| one_line(&text, TOKEN)).transpose();
    };
    let text = read_small_text(file).map_err(|error| {
        Failure::usage(format!("could not read the access token from {}: {error}", file.display()))
            .with_hint(format!("set `--token-file` to the file of the access token, or {TOKEN} to the token"))
    })?;
    one_line(&text, &format!("token file {}", file.display())).map(Some)
}

/// The token in a text. A wrong text is never shown.
fn one_line(text: &str, place: &str) -> Result<SecretString, Failure> {
    let problem = match trimmed(text) {
        "" => "is empty",
        token if token.contains(['\n', '\r']) => "has more than one line",
        token => return Ok(token.into()),
    };
    Err(Failure::usage(format!("{place} {problem}"))
        .with_hint(format!("it must contain one access token, as `{TOKENS_CREATE}` or the console shows it")))
}

/// Rejects an operation that works only on the daemon's host.
pub(crate) fn only_here(common: &Common, what: &str) -> Result<(), Failure> {
    if common.remote.server().is_none() {
        return Ok(());
    }
    Err(Failure::usage(format!("`{what}` works only on the daemon's host"))
        .with_hint("run it on the daemon's host without `--server` and OKTA_INSIGHT_SERVER"))
}
