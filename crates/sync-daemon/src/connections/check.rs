//! Validates the settings of a connection with requests to both services, and reports problems by field.

use admin_api::ValidationReport;
use diagnostics::{Manner, check_account, check_app, check_import_token, check_org};
use sync_config::ConnectionConfig;

/// Checks both services.
pub(super) async fn check(config: &ConnectionConfig) -> ValidationReport {
    let (okta, assets) = (&config.okta, &config.assets);
    let api_url = Some(assets.api_url.as_str());
    let allow_private_addresses = config.allow_private_addresses;
    let manner = Manner { ask: true, allow_private_addresses };
    let app = async {
        let org = check_org(&okta.org_url, manner).await;
        let app = match &org {
            Ok(_) => Some(check_app(okta, config.event_hook.is_some(), allow_private_addresses).await),
            Err(_) => None,
        };
        (org, app)
    };
    let account = async {
        match &assets.account {
            Some(account) => Some(check_account(account, api_url, manner).await),
            None => None,
        }
    };
    let ((org, app), token, account) =
        tokio::join!(app, check_import_token(&assets.import_token, api_url, manner), account);
    let mut checked = ValidationReport::default();
    checked.book("org_url", "org_url", org);
    if let Some(app) = app {
        checked.book("client_id", "org_url", app);
    }
    checked.book("import_token", "api_url", token);
    if let Some(account) = account {
        checked.book("api_token", "site_url", account);
    }
    checked
}
