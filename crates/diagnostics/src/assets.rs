//! The import source: reachable, authorized, ready, with the wanted schema and mapping.

use connectors::remedy::of_assets;
use connectors::{AssetsStructure, Examined, findings};
use insight_import_client::{Error, ImportClient, SourceStatus};
use reqwest::Url;
use schema_mapper::evolution::Evolution;
use schema_mapper::{Mapping, OrgSchemas};
use sync_config::ConnectionConfig;
use sync_engine::{Fact, Finding, FindingCode, Remedy, Service, Severity};

use crate::area::CheckArea;
use crate::check::{Check, Item, Repair};
use crate::observation::Observation;
use crate::okta::SCHEMAS;
use crate::probe::{self, ProbeResponse};

const REACHABLE: Item = Item::new("assets.reachable", CheckArea::Assets, "Reachable");
pub(super) const TOKEN: Item = Item::new("assets.token", CheckArea::Assets, "Import token");
const SOURCE: Item = Item::new("assets.import_source", CheckArea::Assets, "Import source");
pub(super) const MAPPING: Item = Item::new("assets.mapping", CheckArea::Assets, "Schema and mapping");
const CARDINALITY: Item = Item::new("assets.cardinality", CheckArea::Assets, "Cardinality");

/// The result of reaching the import source.
pub(super) struct Access {
    pub(super) checks: Vec<Check>,
    /// The missing prerequisite of other checks.
    pub(super) lacks: Option<Item>,
}

/// Checks that the import source can be used. `client` comes from the configuration, or names a missing prerequisite.
pub(super) async fn access(connection: &ConnectionConfig, client: Result<&ImportClient, Item>) -> Access {
    let client = match client {
        Ok(client) => client,
        Err(needed) => {
            let checks = [REACHABLE, TOKEN, SOURCE].map(|item| item.needs(needed)).to_vec();
            return Access { checks, lacks: Some(needed) };
        }
    };
    let reachable = REACHABLE.within(reachable(connection)).await;
    if !reachable.holds() {
        let checks = vec![reachable, TOKEN.needs(REACHABLE), SOURCE.needs(REACHABLE)];
        return Access { checks, lacks: Some(REACHABLE) };
    }
    let (token, source) = match TOKEN.timed(client.config_status()).await {
        Ok(Ok(status)) => (TOKEN.ok(Observation::TokenAccepted), source(&status.status)),
        Ok(Err(error)) => (failed(TOKEN, &error), SOURCE.needs(TOKEN)),
        Err(late) => (late, SOURCE.needs(TOKEN)),
    };
    let lacks = (!token.holds()).then_some(TOKEN);
    Access { checks: vec![reachable, token, source], lacks }
}

async fn reachable(connection: &ConnectionConfig) -> Check {
    const KEY: &str = "assets.api_url";
    let correct = || Remedy::CorrectSetting { key: KEY.to_owned() };
    let Ok(mut url) = Url::parse(connection.assets.api_url.trim()) else {
        return REACHABLE.problem([Observation::InvalidUrl], [correct()]);
    };
    url.set_path("/jsm/assets/v1/imports/info");
    let (host, is_encrypted) = (probe::host(&url), url.scheme() == "https");
    match probe::request(&url, connection.allow_private_addresses).await {
        // Without a token, no other response is possible.
        Ok(ProbeResponse { response, proxy }) if matches!(response.status().as_u16(), 401 | 403) => {
            REACHABLE.ok(Observation::Responds { host, is_encrypted, proxy })
        }
        Ok(ProbeResponse { response, proxy }) => {
            let (service, status) = (Service::Assets, response.status().as_u16());
            REACHABLE.problem([Observation::UnexpectedResponse { service, host, status, proxy }], [correct()])
        }
        Err(silence) => REACHABLE.problem([silence.observation()], silence.remedies(Service::Assets, KEY)),
    }
}

/// A rejection with its remedy.
pub(super) fn failed(item: Item, error: &Error) -> Check {
    let later = Remedy::CheckServiceStatus { service: Service::Assets };
    let remedy = error.remedy().map_or(later, of_assets);
    item.problem([Observation::error(error)], [remedy])
}

fn source(status: &SourceStatus) -> Check {
    match status {
        SourceStatus::Idle => SOURCE.ok(Observation::ImportSourceIdle),
        SourceStatus::Running => SOURCE.ok(Observation::ImportSourceBusy),
        SourceStatus::MissingMapping => SOURCE.ok(Observation::ImportSourceEmpty),
        SourceStatus::Disabled => {
            SOURCE.problem([Observation::ImportSourceDisabled], [Remedy::EnableImportSource])
        }
        SourceStatus::Other(word) => {
            let state = Observation::ImportSourceState { state: word.clone() };
            SOURCE.unknown(state, [Remedy::ReviewImportSource])
        }
    }
}

/// The schema and mapping, compared with the document that Okta's schemas require, and that mapping.
pub(super) async fn structure(
    access: &Access,
    structure: Option<&AssetsStructure>,
    schemas: Option<&OrgSchemas>,
    has_account: bool,
) -> (Vec<Check>, Option<Mapping>) {
    let lacks = access.lacks.or_else(|| schemas.is_none().then_some(SCHEMAS));
    let (schemas, structure) = match (lacks, schemas, structure) {
        (None, Some(schemas), Some(structure)) => (schemas, structure),
        (lacks, ..) => {
            let needed = lacks.unwrap_or(TOKEN);
            return ([MAPPING, CARDINALITY].map(|item| item.needs(needed)).to_vec(), None);
        }
    };
    let examined = match MAPPING.timed(structure.examine(schemas)).await {
        Ok(Ok(examined)) => examined,
        Ok(Err(error)) => {
            let remedy = error.remedy().cloned().unwrap_or(Remedy::RepeatChecks);
            let failed = MAPPING.problem([Observation::error(&error)], [remedy]);
            return (vec![failed, CARDINALITY.needs(MAPPING)], None);
        }
        Err(late) => return (vec![late, CARDINALITY.needs(MAPPING)], None),
    };
    let Examined { wanted, evolution, .. } = examined;
    let checks = match evolution {
        None => {
            let missing = MAPPING.failed(vec![Finding::error(Fact::SchemaMissing)]);
            let missing = missing.repaired_by(Repair::Structure);
            vec![missing, CARDINALITY.needs(MAPPING)]
        }
        Some(evolution) => vec![mapping(&wanted, &evolution), cardinality(&evolution, has_account)],
    };
    (checks, Some(wanted))
}

fn mapping(wanted: &Mapping, evolution: &Evolution) -> Check {
    let types = &wanted.document().schema.object_schema.object_types;
    let attributes: usize = types.iter().map(|t| t.attributes.len()).sum();
    if evolution.patch.is_some() {
        let (object_types, attributes) = (evolution.added_types.clone(), evolution.added_attributes.clone());
        let outdated = Finding::warning(Fact::SchemaOutdated { object_types, attributes });
        return MAPPING.failed(vec![outdated]).repaired_by(Repair::Structure);
    }
    let drift = evolution.drift.iter().map(findings::of_drift);
    let drift: Vec<Finding> = drift.filter(|finding| !is_cardinality(finding)).collect();
    let errors: Vec<Finding> =
        drift.iter().filter(|finding| finding.severity == Severity::Error).cloned().collect();
    if !errors.is_empty() {
        return MAPPING.failed(errors);
    }
    if !drift.is_empty() {
        return MAPPING.warned(drift);
    }
    MAPPING.ok(Observation::SchemaMatches { object_types: types.len() as u64, attributes: attributes as u64 })
}

/// Cardinality has a separate check.
fn is_cardinality(finding: &Finding) -> bool {
    finding.code() == FindingCode::CardinalityTooLow
}

fn cardinality(evolution: &Evolution, has_account: bool) -> Check {
    let drift = evolution.drift.iter().map(findings::of_drift);
    let limited: Vec<Finding> = drift.filter(is_cardinality).collect();
    if limited.is_empty() {
        CARDINALITY.ok(Observation::CardinalityUnlimited)
    } else if has_account {
        // Setup corrects it with the account.
        let limited = limited.into_iter().map(|finding| finding.with_remedy(Remedy::RunSetup)).collect();
        CARDINALITY.failed(limited).repaired_by(Repair::Structure)
    } else {
        CARDINALITY.failed(limited)
    }
}
