//! The place and scope of confirmations in memory.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::domain::inbox::Subject;
use crate::domain::place::{LostValues, Place};
use crate::domain::store_error::StoreError;
use crate::ports::state::place::PlaceState;
use crate::testing::memory_store::MemoryStore;
use crate::testing::memory_store::tables::{Confirmed, Tables};

#[async_trait]
impl PlaceState for MemoryStore {
    async fn place(&self) -> Result<Option<Place>, StoreError> {
        Ok(self.tables("place")?.place.clone())
    }

    async fn save_place(
        &self,
        place: &Place,
        lost: Option<&LostValues>,
        enqueue: Option<&Subject>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tables = self.tables("save_place")?;
        tables.place = Some(place.clone());
        match lost {
            Some(LostValues::Everything) => {
                tables.mark_for_resend(None);
                tables.resend_retired(now, |_, _| true, true);
            }
            Some(LostValues::Values(values)) => {
                for (kind, fields) in values {
                    let has_field = |confirmed: &Confirmed| {
                        confirmed.record.key.kind == *kind
                            && fields.iter().any(|field| confirmed.record.fields.contains_key(field))
                    };
                    tables.resend_fields(now, has_field);
                }
            }
            None => {}
        }
        if let Some(subject) = enqueue {
            tables.enqueue(subject, None, false, now);
        }
        Ok(())
    }

    async fn scope_version(&self) -> Result<String, StoreError> {
        Ok(self.tables("scope_version")?.scope_version.clone())
    }

    async fn set_scope_version(&self, version: &str) -> Result<(), StoreError> {
        version.clone_into(&mut self.tables("set_scope_version")?.scope_version);
        Ok(())
    }
}

impl Tables {
    /// Resends every object with one of some fields, even an empty one.
    fn resend_fields(&mut self, now: Timestamp, has_field: impl Fn(&Confirmed) -> bool) {
        for confirmed in self.confirmed.values_mut().filter(|confirmed| !confirmed.retired) {
            confirmed.resend_pending |= has_field(confirmed);
        }
        self.resend_retired(now, |_, confirmed| has_field(confirmed), false);
    }
}
