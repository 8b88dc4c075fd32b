//! The import source: reached, let in, ready, with the wanted schema and mapping.

use insight_import_client::{Error, ImportClient, SourceStatus};
use reqwest::Url;
use schema_mapper::evolution::{Drift, DriftKind, Evolution};
use schema_mapper::{Mapping, OrgSchemas};

use super::check::{Check, CheckArea, Item, Repair};
use super::okta::SCHEMAS;
use super::probe::{self, Answered};
use crate::ConnectionConfig;
use crate::adapters::{AssetsStructure, Examined};

const REACHABLE: Item = Item::new("assets.reachable", CheckArea::Assets, "Reachable");
pub(super) const TOKEN: Item = Item::new("assets.token", CheckArea::Assets, "Import token");
const SOURCE: Item = Item::new("assets.import_source", CheckArea::Assets, "Import source");
pub(super) const MAPPING: Item = Item::new("assets.mapping", CheckArea::Assets, "Schema and mapping");
const CARDINALITY: Item = Item::new("assets.cardinality", CheckArea::Assets, "Cardinality");

/// Where the import tab of an object schema is.
pub(super) const IMPORT_TAB: &str = "in Assets: open the object schema, Schema configuration, Import tab";

/// Differences that a line names.
const NAMED: usize = 5;

/// What was found of the way to the import source.
pub(super) struct Access {
    pub(super) checks: Vec<Check>,
    /// What others need and lack.
    pub(super) lacks: Option<Item>,
}

/// Looks whether the import source can be used. `client` is what the configuration makes, or what it lacks.
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
        Ok(Ok(status)) => (TOKEN.ok("Assets accepts it"), source(&status.status)),
        Ok(Err(error)) => (failed(TOKEN, &error), SOURCE.needs(TOKEN)),
        Err(late) => (late, SOURCE.needs(TOKEN)),
    };
    let lacks = (!token.holds()).then_some(TOKEN);
    Access { checks: vec![reachable, token, source], lacks }
}

async fn reachable(connection: &ConnectionConfig) -> Check {
    let key = format!("connections.{}.assets.api_url", connection.name);
    let Ok(mut url) = Url::parse(connection.assets.api_url.trim()) else {
        return REACHABLE.problem("it is not a URL", format!("correct {key}"));
    };
    url.set_path("/jsm/assets/v1/imports/info");
    let host = probe::host(&url);
    match probe::ask(&url, connection.allow_private_addresses).await {
        // Without a token there is no other answer.
        Ok(Answered { response, through }) if matches!(response.status().as_u16(), 401 | 403) => {
            REACHABLE.ok(format!("{host} answers as Assets does{through}"))
        }
        Ok(Answered { response, through }) => REACHABLE.problem(
            format!(
                "{host} answers with status {}{through}, and not as Assets does",
                response.status().as_u16()
            ),
            format!("leave {key} out, or set it to https://api.atlassian.com"),
        ),
        Err(silence) => REACHABLE.problem(silence.tell(), silence.remedy(&key)),
    }
}

/// A refusal with its remedy.
pub(super) fn failed(item: Item, error: &Error) -> Check {
    let remedy = error.hint().unwrap_or("look again in a few minutes; see status.atlassian.com".into());
    item.problem(crate::error_chain(error), remedy)
}

fn source(status: &SourceStatus) -> Check {
    match status {
        SourceStatus::Idle => SOURCE.ok("idle: ready for an import"),
        SourceStatus::Running => SOURCE.ok("an import is under way"),
        SourceStatus::MissingMapping => SOURCE.ok("enabled, and without a schema and mapping so far"),
        SourceStatus::Disabled => SOURCE.problem(
            "an administrator has disabled it: nothing is imported",
            format!("{IMPORT_TAB}, the source's menu (…), Enable"),
        ),
        SourceStatus::Other(word) => {
            SOURCE.unknown(format!("Assets calls it {word}"), format!("look at it {IMPORT_TAB}"))
        }
    }
}

/// Schema and mapping beside what Okta's schemas call for, and the mapping that they do.
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
            let remedy = error.hint().unwrap_or("correct what it names, and look again").to_owned();
            return (
                vec![MAPPING.problem(crate::error_chain(&error), remedy), CARDINALITY.needs(MAPPING)],
                None,
            );
        }
        Err(late) => return (vec![late, CARDINALITY.needs(MAPPING)], None),
    };
    let Examined { wanted, evolution, .. } = examined;
    let checks = match evolution {
        None => {
            let missing = MAPPING
                .problem("the import source has none yet", "run `okta-insight setup`")
                .repaired_by(Repair::Structure);
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
        let added = [evolution.added_types.as_slice(), &evolution.added_attributes].concat();
        let evidence = match added.as_slice() {
            [] => "it lacks a part of the mapping".to_owned(),
            added => format!("it lacks {}", some(added.iter().cloned(), added.len())),
        };
        return MAPPING
            .problem(evidence, "run `okta-insight setup`; the daemon adds it by itself at its next look")
            .repaired_by(Repair::Structure);
    }
    let (stops, others): (Vec<&Drift>, Vec<&Drift>) =
        evolution.drift.iter().filter(|drift| !is_cardinality(drift)).partition(|drift| stops(drift));
    let described = |drift: &[&Drift]| some(drift.iter().map(|d| described(d)), drift.len());
    let remedies = |drift: &[&Drift]| {
        let mut told: Vec<&str> = Vec::new();
        for remedy in drift.iter().map(|d| d.kind.remedy()) {
            if !told.contains(&remedy) {
                told.push(remedy);
            }
        }
        told.join("; ")
    };
    if !stops.is_empty() {
        return MAPPING.problem(described(&stops), remedies(&stops));
    }
    if !others.is_empty() {
        return MAPPING.warning(described(&others), remedies(&others));
    }
    MAPPING
        .ok(format!("{} object types with {attributes} attributes, as Okta's schemas call for", types.len()))
}

/// How many values a reference takes; the last word of the drift that is not its own check.
const fn is_cardinality(drift: &Drift) -> bool {
    matches!(drift.kind, DriftKind::Cardinality { .. })
}

/// Whether records are refused because of it.
const fn stops(drift: &Drift) -> bool {
    matches!(
        drift.kind,
        DriftKind::Required
            | DriftKind::Unique { wanted: false }
            | DriftKind::Statuses { .. }
            | DriftKind::Retargeted { .. }
    )
}

fn described(drift: &Drift) -> String {
    match &drift.attribute {
        Some(attribute) => format!("{}: {attribute} {}", drift.object_type, drift.kind),
        None => format!("{} {}", drift.object_type, drift.kind),
    }
}

fn some(all: impl Iterator<Item = String>, count: usize) -> String {
    let mut told: Vec<String> = all.take(NAMED).collect();
    if count > NAMED {
        told.push(format!("and {} more", count - NAMED));
    }
    told.join("; ")
}

fn cardinality(evolution: &Evolution, has_account: bool) -> Check {
    let limited: Vec<&Drift> = evolution.drift.iter().filter(|drift| is_cardinality(drift)).collect();
    if limited.is_empty() {
        return CARDINALITY.ok("attributes with several values take any number of them");
    }
    let evidence = some(limited.iter().map(|drift| described(drift)), limited.len());
    let clicks: Vec<String> = evolution
        .corrections
        .iter()
        .filter(|c| c.maximum_cardinality.is_some())
        .map(|c| schema_mapper::evolution::Correction { rename_to: None, ..c.clone() }.to_string())
        .collect();
    if has_account {
        let remedy = "run `okta-insight setup`, which lifts it with the account";
        CARDINALITY.problem(evidence, remedy).repaired_by(Repair::Structure)
    } else {
        CARDINALITY.problem(evidence, clicks.join("; "))
    }
}
