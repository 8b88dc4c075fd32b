//! The facts that the last self-test found about the site.

use insight_import_client::ImportClient;
use sync_config::ConnectionConfig;
use sync_engine::{Remedy, SiteFact, SiteFactId, SiteFactState, SiteFacts};
use sync_model::ReferenceForm;
use sync_store::{DatabaseState, Store};

use crate::area::CheckArea;
use crate::assets::{TOKEN, failed};
use crate::check::{Check, Item};
use crate::host::{Machine, STORE};
use crate::observation::Observation;
use crate::store_failure::StoreFailure;

const SELF_TEST: Item = Item::new("assets.self_test", CheckArea::Assets, "Self-test");

/// Facts without which objects or values can't be synced as they are.
const NECESSARY: [SiteFactId; 5] = [
    SiteFactId::EarlierReferences,
    SiteFactId::StatusStored,
    SiteFactId::LongTextStored,
    SiteFactId::DateStored,
    SiteFactId::ChunkAccepted,
];

/// Reads the facts of the import source from the store. `import` is there if its token is accepted.
pub(super) async fn check(
    machine: &Machine<'_>,
    connection: &ConnectionConfig,
    import: Option<&ImportClient>,
    lacks: Option<Item>,
) -> Check {
    let Some(import) = import else { return SELF_TEST.needs(lacks.unwrap_or(TOKEN)) };
    match machine.condition {
        DatabaseState::Missing => return missing(),
        DatabaseState::Current { .. } => {}
        _ => return SELF_TEST.needs(STORE),
    }
    SELF_TEST.within(read(machine, connection, import)).await
}

fn missing() -> Check {
    SELF_TEST.unknown(Observation::SelfTestMissing, [Remedy::RunSelfTest])
}

async fn read(machine: &Machine<'_>, connection: &ConnectionConfig, import: &ImportClient) -> Check {
    let source = match import.source_id().await {
        Ok(source) => source,
        Err(error) => return failed(SELF_TEST, &error),
    };
    match facts(machine, connection).await {
        Ok(facts) => judge(&facts, &source, connection.mapping.reference_form.form()),
        Err(error) => {
            let remedy = error.remedy().unwrap_or(Remedy::RepeatChecks);
            SELF_TEST.unknown(Observation::error(&error), [remedy])
        }
    }
}

async fn facts(machine: &Machine<'_>, connection: &ConnectionConfig) -> Result<Vec<SiteFact>, StoreFailure> {
    let store = Store::open(&machine.config.store).await?;
    let facts = store.connection(&connection.name).await?.site_facts().await;
    store.close().await;
    Ok(facts?)
}

fn judge(facts: &[SiteFact], source: &str, chosen: Option<ReferenceForm>) -> Check {
    let facts: Vec<&SiteFact> = facts.iter().filter(|fact| fact.import_source == source).collect();
    let Some(tested_at) = facts.iter().map(|fact| fact.tested_at).max() else { return missing() };
    let with = |ids: &[SiteFactId], state| -> Vec<Observation> {
        let found = facts.iter().filter(|fact| ids.contains(&fact.id) && fact.state == state);
        found.map(|fact| Observation::SiteFact { fact: (*fact).clone() }).collect()
    };
    let forms = chosen.map_or(ReferenceForm::ALL.to_vec(), |form| vec![form]);
    let proves = |form: &&ReferenceForm| {
        let id = SiteFactId::of_form(**form);
        facts.iter().any(|fact| fact.id == id && fact.state == SiteFactState::Holds)
    };
    let Some(form) = forms.iter().find(proves).copied() else {
        let ids: Vec<SiteFactId> = forms.iter().map(|form| SiteFactId::of_form(*form)).collect();
        return match with(&ids, SiteFactState::Unknown).into_iter().next() {
            Some(unknown) => SELF_TEST.unknown(unknown, [Remedy::RunSelfTest]),
            None => SELF_TEST.problem(with(&ids, SiteFactState::DoesNotHold), [Remedy::ReportSelfTest]),
        };
    };
    let tested = Observation::SelfTested { form, tested_at };
    let refuted = with(&NECESSARY, SiteFactState::DoesNotHold);
    if refuted.is_empty() {
        return SELF_TEST.ok(tested);
    }
    SELF_TEST.warning(refuted.into_iter().chain([tested]), [Remedy::ReportSelfTest])
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use sync_engine::SiteFactReason;

    use super::*;
    use crate::check::CheckStatus;

    fn fact(id: SiteFactId, state: SiteFactState) -> SiteFact {
        let reason = SiteFactReason::ReadBack;
        SiteFact { id, state, reason, import_source: "a".to_owned(), tested_at: Timestamp::UNIX_EPOCH }
    }

    #[test]
    fn status_follows_the_facts() {
        use CheckStatus::{Failed, Passed, Unknown, Warning};
        use SiteFactId::{
            EachValueReferences as Each, IdentityCaseSensitive, JoinedValuesReferences as Joined,
        };
        use SiteFactId::{RowPerReferenceReferences as Rows, StatusStored};
        use SiteFactState::{DoesNotHold as No, Holds as Yes, Unknown as Open};
        let each = Some(ReferenceForm::EachValue);
        for (facts, source, chosen, expected) in [
            (vec![], "a", None, Unknown),
            (vec![(Each, Yes)], "a", None, Passed),
            (vec![(Each, Yes)], "b", None, Unknown),
            (vec![(Each, No), (Joined, Yes)], "a", None, Passed),
            (vec![(Each, No), (Joined, Yes)], "a", each, Failed),
            (vec![(Each, No), (Joined, No), (Rows, No)], "a", None, Failed),
            (vec![(Each, No), (Joined, Open), (Rows, No)], "a", None, Unknown),
            (vec![(Each, Yes), (StatusStored, No)], "a", None, Warning),
            (vec![(Each, Yes), (IdentityCaseSensitive, No)], "a", None, Passed),
        ] {
            let facts: Vec<SiteFact> = facts.into_iter().map(|(id, state)| fact(id, state)).collect();
            let check = judge(&facts, source, chosen);
            assert_eq!(check.status, expected, "{facts:?} {source} {chosen:?}");
            assert!(check.status == Passed || check.remedy.is_some());
        }
    }
}
