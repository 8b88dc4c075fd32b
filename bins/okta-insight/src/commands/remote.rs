//! The daemon elsewhere that a command is about, in the place of this machine.

use sync_service::model::ConnectionName;
use sync_service::{RemoteClient, Secret, read_small_text, trimmed};

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
        let given = std::env::var(TOKEN).ok();
        return given.map(|text| one_line(&text, TOKEN)).transpose();
    };
    let text = read_small_text(file).map_err(|error| Failure {
        hint: Some(format!("name the file with the token, or put the token into {TOKEN}")),
        code: 2,
        ..Failure::new(format!("the token could not be read from {}: {error}", file.display()))
    })?;
    one_line(&text, &format!("token file {}", file.display())).map(Some)
}

/// The token of a text. Nothing of a wrong text is shown.
fn one_line(text: &str, place: &str) -> Result<Secret, Failure> {
    let problem = match trimmed(text) {
        "" => "is empty",
        token if token.contains(['\n', '\r']) => "has several lines",
        token => return Ok(token.into()),
    };
    Err(Failure {
        hint: Some("give one token alone, as the console or `okta-insight tokens create` shows it".into()),
        code: 2,
        ..Failure::new(format!("{place} {problem}"))
    })
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
