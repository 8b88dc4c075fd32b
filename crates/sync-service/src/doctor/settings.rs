//! The administrator's settings of the import source, the site's object limit, and the account.

use insight_import_client::account::{ImportSource, Usage};
use insight_import_client::document::AttributeType;
use insight_import_client::{AssetsClient, ImportClient};
use schema_mapper::Mapping;
use sync_engine::{EngineError, SafeguardViolation};

use super::assets::{IMPORT_TAB, TOKEN, failed};
use super::check::{Check, CheckArea, Item};
use crate::adapters::SourceSettings;
use crate::{ConnectionConfig, account_keys};

const EMPTY: Item = Item::new("assets.empty_values", CheckArea::Assets, "Empty values");
const UNKNOWN: Item = Item::new("assets.unknown_values", CheckArea::Assets, "Unknown values");
const MISSING: Item = Item::new("assets.missing_objects", CheckArea::Assets, "Missing objects");
const QUOTA: Item = Item::new("assets.quota", CheckArea::Assets, "Site object limit");
pub(super) const ACCOUNT: Item = Item::new("assets.account", CheckArea::Assets, "Atlassian account");

/// The objects that Premium includes. Atlassian's API doesn't report this site's limit.
const INCLUDED: u64 = 50_000;
/// Nearer than this, in percent, is worth a word.
const NEAR: u64 = 90;

/// The account, where the configuration has one.
pub(super) type Account<'a> = Option<Result<&'a AssetsClient, Item>>;

/// Checks settings, quota, and account, and returns the account if it can be used. `lacks` is the missing prerequisite
/// of reading the import source.
pub(super) async fn look<'a>(
    connection: &ConnectionConfig,
    import: Option<&ImportClient>,
    lacks: Option<Item>,
    mapping: Option<&Mapping>,
    account: Account<'a>,
) -> (Vec<Check>, Account<'a>) {
    let (account_check, usage) = match account {
        None => (no_account(connection), None),
        Some(Err(needed)) => (ACCOUNT.needs(needed), None),
        Some(Ok(client)) => match ACCOUNT.timed(sign_in(client, import.filter(|_| lacks.is_none()))).await {
            Ok((check, usage)) => (check, usage),
            Err(late) => (late, None),
        },
    };
    let account = account.map(|client| if account_check.holds() { client } else { Err(ACCOUNT) });
    let usable = account.and_then(Result::ok);
    let mut checks = match (lacks, import) {
        (None, Some(import)) => {
            // Asked with the account where there is one, and otherwise with the token.
            let settings = SourceSettings::new(import.clone(), usable.cloned());
            match EMPTY.timed(settings.get()).await {
                Ok(source) => judge(source.as_deref(), mapping, usable.is_some()),
                Err(late) => vec![late, UNKNOWN.needs(EMPTY), MISSING.needs(EMPTY)],
            }
        }
        (needed, _) => {
            let needed = needed.unwrap_or(TOKEN);
            [EMPTY, UNKNOWN, MISSING].map(|item| item.needs(needed)).to_vec()
        }
    };
    checks.push(quota(usage.as_ref(), account.is_some(), connection));
    checks.push(account_check);
    (checks, account)
}

fn no_account(connection: &ConnectionConfig) -> Check {
    ACCOUNT.without(format!(
        "none: what the import token may not do is left to a person ({})",
        account_keys(&connection.name)
    ))
}

/// Checks that the account can sign in and sees the workspace of the import source, and counts the site's objects.
async fn sign_in(client: &AssetsClient, import: Option<&ImportClient>) -> (Check, Option<Usage>) {
    let workspace = match client.workspace_id().await {
        Ok(workspace) => workspace,
        Err(error) => return (failed(ACCOUNT, &error), None),
    };
    if let Some(import) = import {
        let own = match import.workspace_id().await {
            Ok(own) => own,
            Err(error) => return (failed(ACCOUNT, &error), None),
        };
        if own != workspace {
            let check = ACCOUNT.problem(
                "its site has another Assets workspace than the import token",
                "set assets.site_url to the site that the import source is on",
            );
            return (check, None);
        }
        let seen = match import.source_id().await {
            Ok(id) => client.import_source(&id).await,
            Err(error) => Err(error),
        };
        if let Err(error) = seen {
            return (failed(ACCOUNT, &error), None);
        }
    }
    // How full the site is does not decide whether the account is of use.
    let usage = client.usage().await.ok();
    (ACCOUNT.ok("Atlassian lets it in, and it sees the import source"), usage)
}

/// The settings of the import source, `None` if they can't be read.
fn judge(source: Option<&ImportSource>, mapping: Option<&Mapping>, has_account: bool) -> Vec<Check> {
    let unseen = |item: Item, name: &str| {
        let look = format!("{}: see that {name}", mapping_dialog());
        match source {
            Some(_) => item.unknown("Assets does not tell it, as before the first setup", look),
            None if has_account => item.unknown("Assets does not tell it to this account", look),
            None => {
                item.unknown("cannot be seen without an account", format!("{look}; or configure an account"))
            }
        }
    };
    let empty = match source.and_then(ImportSource::ignores_empty_values) {
        Some(false) => EMPTY.ok("a value that arrives empty is removed"),
        Some(true) if has_account => EMPTY.ok("ignored by the import; the account clears them"),
        Some(true) => EMPTY.problem(
            "a value that is cleared in Okta stays in Assets",
            format!(
                "{}: set Empty values to Remove; or configure an account, which clears them",
                mapping_dialog()
            ),
        ),
        None => unseen(EMPTY, "Empty values is Remove"),
    };
    let missing = match source.and_then(ImportSource::removes_missing_objects) {
        Some(false) => MISSING.ok("an object that an import does not hold is left alone"),
        Some(true) => {
            let refused = EngineError::SafeguardTriggered(SafeguardViolation::MissingObjectsRemoved);
            MISSING.problem(
                "an import of some objects removes all others; the sync refuses to send",
                refused.remedy().as_ref().map(crate::words::remedy).unwrap_or_default(),
            )
        }
        None => unseen(MISSING, "Missing objects is Ignore"),
    };
    vec![empty, unknown_values(source, mapping, unseen), missing]
}

fn unknown_values(
    source: Option<&ImportSource>,
    mapping: Option<&Mapping>,
    unseen: impl Fn(Item, &str) -> Check,
) -> Check {
    let Some(source) = source else { return unseen(UNKNOWN, "Unknown values is Add") };
    let ignored = source.ignores_unknown_values();
    let selects = mapping.is_some_and(|mapping| {
        let types = &mapping.document().schema.object_schema.object_types;
        types.iter().flat_map(|t| &t.attributes).any(|attribute| attribute.kind == AttributeType::Select)
    });
    match ignored {
        Some(false) => UNKNOWN.ok("an option that Assets does not know is added"),
        Some(true) if !selects => UNKNOWN.ok("ignored, and no attribute of the mapping is a select"),
        Some(true) => UNKNOWN.problem(
            "an option that Assets does not know is dropped, and the mapping has select attributes",
            format!("{}: set Unknown values to Add; or map them to text", mapping_dialog()),
        ),
        None => unseen(UNKNOWN, "Unknown values is Add"),
    }
}

fn mapping_dialog() -> String {
    format!("{IMPORT_TAB}, Edit mapping, and at each object type Edit object type mapping")
}

fn quota(usage: Option<&Usage>, has_account: bool, connection: &ConnectionConfig) -> Check {
    let look = "in Jira: Settings, Products, Assets, Usage shows objects and limit";
    match usage {
        Some(usage) => {
            let total = usage.total_objects_count;
            let seen = format!(
                "{total} objects; Premium includes {INCLUDED}, and the API does not tell this site's limit"
            );
            if total >= INCLUDED / 100 * NEAR { QUOTA.warning(seen, look) } else { QUOTA.ok(seen) }
        }
        None if has_account => QUOTA.unknown("Atlassian does not tell it to this account", look),
        None => QUOTA.unknown(
            "cannot be seen without an account",
            format!("{look}; or configure an account ({})", account_keys(&connection.name)),
        ),
    }
}
