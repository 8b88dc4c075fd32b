//! The administrator's settings of the import source, the site's object limit, and the account.

use connectors::SourceSettings;
use insight_import_client::account::{ImportSource, Usage};
use insight_import_client::document::AttributeType;
use insight_import_client::{AssetsClient, ImportClient};
use schema_mapper::Mapping;
use sync_engine::{Fact, Finding, Remedy, SafeguardViolation};

use crate::area::CheckArea;
use crate::assets::{TOKEN, failed};
use crate::check::{Check, Item};
use crate::observation::{HiddenBecause, Observation};

const EMPTY: Item = Item::new("assets.empty_values", CheckArea::Assets, "Empty values");
const UNKNOWN: Item = Item::new("assets.unknown_values", CheckArea::Assets, "Unknown values");
const MISSING: Item = Item::new("assets.missing_objects", CheckArea::Assets, "Missing objects");
const QUOTA: Item = Item::new("assets.quota", CheckArea::Assets, "Site object limit");
pub(super) const ACCOUNT: Item = Item::new("assets.account", CheckArea::Assets, "Atlassian account");

/// The objects that Premium includes. Atlassian's API doesn't report this site's limit.
const INCLUDED: u64 = 50_000;
/// The distance to the quota, in percent, below which a warning appears.
const NEAR: u64 = 90;

/// The account, where the configuration has one.
pub(super) type Account<'a> = Option<Result<&'a AssetsClient, Item>>;

/// Checks settings, quota, and account, and returns the account if it can be used. `lacks` is the missing prerequisite
/// of reading the import source.
pub(super) async fn check<'a>(
    import: Option<&ImportClient>,
    lacks: Option<Item>,
    mapping: Option<&Mapping>,
    account: Account<'a>,
) -> (Vec<Check>, Account<'a>) {
    let (account_check, usage) = match account {
        None => (ACCOUNT.without(Observation::AccountMissing), None),
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
            // Read with the account if there is one, and otherwise with the token.
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
    checks.push(quota(usage.as_ref(), account.is_some()));
    checks.push(account_check);
    (checks, account)
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
            return (ACCOUNT.problem([Observation::WorkspaceDiffers], [Remedy::CorrectSiteUrl]), None);
        }
        let seen = match import.source_id().await {
            Ok(id) => client.import_source(&id).await,
            Err(error) => Err(error),
        };
        if let Err(error) = seen {
            return (failed(ACCOUNT, &error), None);
        }
    }
    // The site's quota doesn't affect the use of the account.
    let usage = client.usage().await.ok();
    (ACCOUNT.ok(Observation::AccountAccepted), usage)
}

/// The settings of the import source, `None` if they can't be read.
fn judge(source: Option<&ImportSource>, mapping: Option<&Mapping>, has_account: bool) -> Vec<Check> {
    let because = match source {
        Some(_) => HiddenBecause::NotReturned,
        None if has_account => HiddenBecause::NotPermitted,
        None => HiddenBecause::NoAccount,
    };
    let hidden = |item: Item, remedy: Remedy| hidden(item, because, remedy);
    let empty = match source.and_then(ImportSource::ignores_empty_values) {
        Some(false) => EMPTY.ok(Observation::EmptyValuesRemoved),
        Some(true) if has_account => EMPTY.ok(Observation::EmptyValuesCleared),
        Some(true) => EMPTY.problem([Observation::EmptyValuesKept], [Remedy::AddAtlassianAccount]),
        None => hidden(EMPTY, Remedy::RemoveEmptyValues),
    };
    let missing = match source.and_then(ImportSource::removes_missing_objects) {
        Some(false) => MISSING.ok(Observation::MissingObjectsKept),
        Some(true) => {
            let violation = SafeguardViolation::MissingObjectsRemoved;
            MISSING.failed(vec![Finding::error(Fact::SafeguardTriggered { violation })])
        }
        None => hidden(MISSING, Remedy::IgnoreMissingObjects),
    };
    let unknown = match source.map(ImportSource::ignores_unknown_values) {
        Some(Some(false)) => UNKNOWN.ok(Observation::UnknownValuesAdded),
        Some(Some(true)) if !has_selects(mapping) => UNKNOWN.ok(Observation::UnknownValuesUnused),
        Some(Some(true)) => UNKNOWN.problem([Observation::UnknownValuesDropped], [Remedy::AddUnknownValues]),
        Some(None) | None => hidden(UNKNOWN, Remedy::AddUnknownValues),
    };
    vec![empty, unknown, missing]
}

/// A value that Assets doesn't show, with the remedy that reads or sets it in Assets.
fn hidden(item: Item, because: HiddenBecause, remedy: Remedy) -> Check {
    let account = (because == HiddenBecause::NoAccount).then_some(Remedy::SetAtlassianAccount);
    item.unknown(Observation::Hidden { because }, [remedy].into_iter().chain(account))
}

fn has_selects(mapping: Option<&Mapping>) -> bool {
    mapping.is_some_and(|mapping| {
        let types = &mapping.document().schema.object_schema.object_types;
        types.iter().flat_map(|t| &t.attributes).any(|attribute| attribute.kind == AttributeType::Select)
    })
}

fn quota(usage: Option<&Usage>, has_account: bool) -> Check {
    match usage {
        Some(usage) => {
            let objects = usage.total_objects_count;
            let seen = Observation::SiteObjects { objects, included: INCLUDED };
            if objects >= INCLUDED / 100 * NEAR {
                QUOTA.warning([seen], [Remedy::RaiseObjectLimit])
            } else {
                QUOTA.ok(seen)
            }
        }
        None if has_account => hidden(QUOTA, HiddenBecause::NotPermitted, Remedy::ReviewObjectLimit),
        None => hidden(QUOTA, HiddenBecause::NoAccount, Remedy::ReviewObjectLimit),
    }
}
