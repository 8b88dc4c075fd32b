//! The daemon elsewhere that a command is about, in the place of this machine.

use sync_service::model::ConnectionName;
use sync_service::{RemoteClient, Secret};

use crate::args::Common;
use crate::output::Failure;

/// Where a token is looked for when no file is named.
const TOKEN: &str = "OKTA_INSIGHT_TOKEN";

/// A daemon elsewhere, and the connections that a command is about.
pub(crate) struct Remote {
    pub(crate) client: RemoteClient,
    pub(crate) names: Vec<ConnectionName>,
}

/// The daemon that is named; `None` when the command works here.
pub(crate) async fn remote(common: &Common) -> Result<Option<Remote>, Failure> {
    let Some(server) = common.remote.server() else { return Ok(None) };
    let client = RemoteClient::new(server.clone(), token(common)?)?;
    let names = match &common.local.connection {
        Some(name) => {
            let name = ConnectionName::try_from(name.clone());
            vec![name.map_err(|error| Failure { code: 2, ..Failure::new(error.to_string()) })?]
        }
        None => client.connections().await?.into_iter().map(|connection| connection.name).collect(),
    };
    Ok(Some(Remote { client, names }))
}

fn token(common: &Common) -> Result<Option<Secret>, Failure> {
    let Some(file) = &common.remote.token_file else {
        return Ok(std::env::var(TOKEN).ok().map(|token| token.trim().into()));
    };
    let text = std::fs::read_to_string(file).map_err(|error| Failure {
        hint: Some(format!("name the file with the token, or put the token into {TOKEN}")),
        code: 2,
        ..Failure::new(format!("the token could not be read from {}: {error}", file.display()))
    })?;
    Ok(Some(text.trim().into()))
}

/// Says that something is done on the machine of the daemon only.
pub(crate) fn only_here(common: &Common, what: &str) -> Result<(), Failure> {
    if common.remote.server().is_none() {
        return Ok(());
    }
    Err(Failure {
        hint: Some("leave out --server and OKTA_INSIGHT_SERVER, on the machine of the daemon".into()),
        code: 2,
        ..Failure::new(format!("{what} cannot be asked of a daemon elsewhere"))
    })
}
