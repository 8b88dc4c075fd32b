//! Facts of the site.

use crate::domain::site_fact::{SiteFact, SiteFactId, SiteFactReason, SiteFactState};
use crate::ports::state_store::StateStore;
use crate::testing::samples::at;

pub async fn later_test_replaces_all_facts(store: &dyn StateStore) {
    let fact = |id, source: &str, second| SiteFact {
        id,
        state: SiteFactState::Holds,
        reason: SiteFactReason::ReadBack,
        import_source: source.to_owned(),
        tested_at: at(second),
    };
    assert_eq!(store.site_facts().await.unwrap(), []);
    let first: Vec<SiteFact> = SiteFactId::ALL.into_iter().map(|id| fact(id, "a", 1)).collect();
    store.replace_site_facts(&first).await.unwrap();
    assert_eq!(store.site_facts().await.unwrap(), first);
    let second = [fact(SiteFactId::DateStored, "b", 2), fact(SiteFactId::ChunkAccepted, "b", 2)];
    store.replace_site_facts(&second).await.unwrap();
    assert_eq!(store.site_facts().await.unwrap(), second);
}
