//! Confirmations are valid for one place: the decisions, and their effect on the store.

use std::collections::BTreeMap;

use sync_model::ObjectKind;

use crate::domain::error::EngineError;
use crate::domain::finding::Finding;
use crate::domain::finding::fact::Fact;
use crate::domain::import::Outcome;
use crate::domain::inbox::Subject;
use crate::domain::place::{FieldState, LostValues, Place, Unidentified, WithheldReason};
use crate::domain::report::RunReport;
use crate::domain::schema_report::SchemaState;
use crate::engine::active::ActiveRun;
use crate::import::confirmations::Confirmations;
use crate::ports::target_schema::Comparison;
use crate::ports::view::MappingView;

/// The confirmations that may no longer be valid, given the place of the last comparison and the current one.
///
/// Another import source, workspace, or object schema contains none of the confirmed objects; nor does an object type
/// that was created again. Values of a field that could not be stored, or that is now stored differently, may be lost.
/// Values that can't be stored yet are resent once they can.
pub(crate) fn lost_values(before: &Place, now: &Place) -> Option<LostValues> {
    let is_other = |before: &Option<String>, now: &Option<String>| matches!((before, now), (Some(before), Some(now)) if before != now);
    let is_elsewhere = is_other(&before.origin, &now.origin)
        || is_other(&before.import_source, &now.import_source)
        || is_other(&before.workspace, &now.workspace)
        || is_other(&before.object_schema, &now.object_schema)
        || is_other(&before.filled_schema, &now.filled_schema)
        || now
            .filled_types
            .iter()
            .any(|(kind, id)| before.filled_types.get(kind).is_some_and(|known| known != id));
    let known = |kind, field: &String| before.fields.get(kind).and_then(|fields| fields.get(field));
    let mut values: BTreeMap<_, Vec<String>> = BTreeMap::new();
    for (kind, fields) in &now.fields {
        for (field, state) in fields.iter().filter(|(_, state)| state.withheld.is_none()) {
            let holds = |before: &FieldState| before.withheld.is_none() && before.shape == state.shape;
            if known(kind, field).is_some_and(holds) {
                continue;
            }
            if state.is_identity && known(kind, field).is_some() {
                return Some(LostValues::Everything);
            }
            values.entry(*kind).or_default().push(field.clone());
        }
    }
    match (is_elsewhere, values.is_empty()) {
        (true, _) => Some(LostValues::Everything),
        (false, false) => Some(LostValues::Values(values)),
        (false, true) => None,
    }
}

/// The current place, completed with the last known values of its unreadable parts.
fn completed(now: &Place, before: &Place) -> Place {
    let known = |now: &Option<String>, before: &Option<String>| now.clone().or_else(|| before.clone());
    Place {
        origin: known(&now.origin, &before.origin),
        import_source: known(&now.import_source, &before.import_source),
        workspace: known(&now.workspace, &before.workspace),
        object_schema: known(&now.object_schema, &before.object_schema),
        filled_schema: known(&now.filled_schema, &before.filled_schema),
        filled_types: before
            .filled_types
            .iter()
            .chain(&now.filled_types)
            .map(|(k, id)| (*k, id.clone()))
            .collect(),
        fields: now.fields.clone(),
        doubts: before.doubts,
        unidentified: before.unidentified.clone(),
    }
}

/// The identifying attributes that were deleted from their object types and created again, by kind. An object type that
/// was created again is empty.
fn remade_identities(before: &Place, now: &Place) -> Vec<(ObjectKind, String)> {
    let is_missing = |state: &FieldState| state.withheld == Some(WithheldReason::Missing);
    let mut remade = Vec::new();
    for (kind, fields) in &now.fields {
        let Some(known) = before.fields.get(kind) else { continue };
        let identity = fields.iter().find(|(_, state)| state.is_identity && !is_missing(state));
        if let Some((field, state)) = identity
            && known.get(field).is_some_and(is_missing)
            && !known.values().all(is_missing)
        {
            remade.push((*kind, state.attribute.clone()));
        }
    }
    remade
}

impl Place {
    /// The part of it that another place has as well.
    fn part_in(&self, other: &Self) -> Self {
        let mut part = self.clone();
        for (kind, fields) in &mut part.fields {
            fields.retain(|field, _| other.fields.get(kind).is_some_and(|known| known.contains_key(field)));
        }
        part
    }
}

impl Confirmations {
    /// Compares the place with that of the last comparison, and marks possibly lost records. With `enqueue`, they are
    /// read and resent automatically; otherwise the caller reads everything.
    pub(crate) async fn adopt_place(&self, compared: &Comparison, enqueue: bool) -> Result<(), EngineError> {
        let Comparison { view, report } = compared;
        let before = self.context.store().place().await?;
        let (mut now, lost) = match &before {
            Some(before) => {
                let now = completed(&view.place, before);
                let lost = lost_values(before, &now);
                (now, lost)
            }
            // An earlier version confirmed records without storing the place.
            None => (view.place.clone(), Some(LostValues::Everything)),
        };
        if before.as_ref() == Some(&now) {
            return Ok(());
        }
        let subject = match &lost {
            Some(LostValues::Everything) => Some(Subject::EntireDirectory),
            Some(LostValues::Values(_)) => Some(Subject::Schema),
            None => None,
        };
        now.doubts += u64::from(lost.is_some());
        for (kind, attribute) in
            before.iter().flat_map(|before| remade_identities(before, &now)).collect::<Vec<_>>()
        {
            let counts = self.context.store().object_counts().await?;
            let count = counts.get(&kind).map_or(0, |counts| counts.current + counts.retired);
            if count > 0 {
                tracing::warn!(
                    attribute,
                    count,
                    "an identifying attribute was added again; objects may be duplicates"
                );
                now.unidentified.insert(kind, Unidentified { attribute, count });
            }
        }
        if let (Some(lost), Some(_)) = (&lost, &before) {
            tracing::info!(?lost, "confirmed values may be lost; resending them");
        }
        let has_started = self.context.has_started_sync().await?;
        // The store never compared a mapping, but Assets has one: another store filled Assets. Otherwise, nothing is
        // resent before the first full sync.
        let is_new_store = !has_started && before.is_none() && report.state != SchemaState::Missing;
        if enqueue && is_new_store {
            tracing::warn!("the state store is empty although Assets is set up; starting a full sync");
        }
        let subject = subject.filter(|_| enqueue && (has_started || is_new_store));
        Ok(self.context.store().save_place(&now, lost.as_ref(), subject.as_ref(), self.context.now()).await?)
    }

    /// Reports objects that lost their identity.
    pub(crate) async fn report_unidentified(&self, report: &mut RunReport) -> Result<(), EngineError> {
        let place = self.context.store().place().await?;
        for Unidentified { attribute, count: objects } in
            place.into_iter().flat_map(|place| place.unidentified.into_values())
        {
            report.add(Finding::warning(Fact::DuplicatesPossible { attribute, objects }));
        }
        Ok(())
    }

    /// Removes objects that lost their identity, once a full sync has reported them.
    pub(crate) async fn drop_unidentified(&self) -> Result<(), EngineError> {
        match self.context.store().place().await? {
            Some(place) if !place.unidentified.is_empty() => {
                let place = Place { unidentified: BTreeMap::new(), ..place };
                Ok(self.context.store().save_place(&place, None, None, self.context.now()).await?)
            }
            _ => Ok(()),
        }
    }

    /// Marks records for resend that a run confirmed after its target schema changed.
    pub(crate) async fn check_place_after(&self, run: &ActiveRun) -> Result<(), EngineError> {
        let Some(now) = self.context.store().place().await? else { return Ok(()) };
        let Some(lost) = lost_values(&run.view.place, &now.part_in(&run.view.place)) else { return Ok(()) };
        let subject = match lost {
            LostValues::Everything => Subject::EntireDirectory,
            LostValues::Values(_) => Subject::Schema,
        };
        let now = Place { doubts: now.doubts + 1, ..now };
        Ok(self.context.store().save_place(&now, Some(&lost), Some(&subject), self.context.now()).await?)
    }

    /// Compares the object schema and types of an execution with the known ones. If they were created again, no
    /// confirmed object is left: everything is read and resent automatically.
    pub(crate) async fn notice_filled(&self, outcome: &Outcome) -> Result<(), EngineError> {
        let Some(before) = self.context.store().place().await? else { return Ok(()) };
        let types = outcome.types.iter().filter_map(|t| Some((t.kind?, t.id.clone()?))).collect();
        let filled =
            Place { filled_schema: outcome.object_schema.clone(), filled_types: types, ..before.clone() };
        let now = completed(&filled, &before);
        if now == before {
            return Ok(());
        }
        let lost = lost_values(&before, &now);
        if lost.is_some() {
            tracing::warn!("the object schema or an object type was replaced; resending all objects");
        }
        let subject = lost.as_ref().map(|_| Subject::EntireDirectory);
        let now = Place { doubts: now.doubts + u64::from(lost.is_some()), ..now };
        Ok(self.context.store().save_place(&now, lost.as_ref(), subject.as_ref(), self.context.now()).await?)
    }

    /// Detects that an execution created objects that had been confirmed: the target lost them, and possibly others.
    /// Everything is read and resent automatically. `new` is the number of records that it may have lacked.
    pub(crate) async fn notice_lost(
        &self,
        new: &BTreeMap<ObjectKind, u64>,
        outcome: &Outcome,
        report: &mut RunReport,
    ) -> Result<(), EngineError> {
        let mut lost = false;
        for (kind, made) in outcome.types.iter().filter_map(|t| Some((t.kind?, t.created))) {
            let count = made.saturating_sub(new.get(&kind).copied().unwrap_or_default());
            if count > 0 {
                lost = true;
                tracing::warn!(%kind, count, "Assets lost confirmed objects; resending all objects");
                report.add(Finding::warning(Fact::ConfirmedObjectsLost { kind, objects: count }));
            }
        }
        let (true, Some(place)) = (lost, self.context.store().place().await?) else { return Ok(()) };
        let place = Place { doubts: place.doubts + 1, ..place };
        let (values, subject) = (LostValues::Everything, Subject::EntireDirectory);
        Ok(self.context.store().save_place(&place, Some(&values), Some(&subject), self.context.now()).await?)
    }

    /// The number of objects whose confirmation may be invalid: those marked for resend, and all of them while the
    /// current place isn't the place of their confirmations.
    pub(crate) async fn count_possibly_lost(&self, view: &MappingView) -> Result<u64, EngineError> {
        let known = self.context.store().place().await?;
        let moved = known.is_some_and(|known| lost_values(&known, &completed(&view.place, &known)).is_some());
        if moved {
            let counts = self.context.store().object_counts().await?;
            return Ok(counts.values().map(|counts| counts.current).sum());
        }
        Ok(self.context.store().event_queue_counts().await?.doubted)
    }

    /// The version of the rules of a sync; it changes with each lost confirmation.
    pub(crate) async fn rules_version(&self, view: &MappingView) -> Result<String, EngineError> {
        let doubts = self.context.store().place().await?.map_or(0, |place| place.doubts);
        Ok(format!("{} {doubts}", view.rules_version()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITED: WithheldReason = WithheldReason::Cardinality { present: 1, wanted: -1 };

    fn state(shape: &str, withheld: Option<WithheldReason>) -> FieldState {
        FieldState { attribute: String::new(), is_identity: false, shape: shape.into(), withheld }
    }

    fn place(source: &str, groups: FieldState) -> Place {
        let identity = FieldState { is_identity: true, ..state("text", None) };
        let fields = BTreeMap::from([("id".to_owned(), identity), ("groups".to_owned(), groups)]);
        Place {
            import_source: Some(source.into()),
            workspace: Some("w".into()),
            fields: BTreeMap::from([(ObjectKind::User, fields)]),
            ..Place::default()
        }
    }

    fn groups() -> LostValues {
        LostValues::Values(BTreeMap::from([(ObjectKind::User, vec!["groups".to_owned()])]))
    }

    #[test]
    fn doubts_follow_from_two_places() {
        let good = place("a", state("ref", None));
        let limited = place("a", state("ref", Some(LIMITED)));
        let unmapped = place("a", state("ref", Some(WithheldReason::Unmapped)));
        let retyped = place("a", state("text", None));
        let elsewhere = place("b", state("ref", None));
        let schema = |id: &str| Place { object_schema: Some(id.into()), ..good.clone() };
        let filled = |schema: &str, users: &str| Place {
            filled_schema: Some(schema.into()),
            filled_types: BTreeMap::from([(ObjectKind::User, users.into())]),
            ..good.clone()
        };
        let mut ungrouped = good.clone();
        ungrouped.fields.get_mut(&ObjectKind::User).unwrap().remove("groups");
        let mut untyped = limited.clone();
        for state in untyped.fields.get_mut(&ObjectKind::User).unwrap().values_mut() {
            state.withheld = Some(WithheldReason::Missing);
        }
        for (name, before, now, expected) in [
            ("nothing changed", &good, &good, None),
            ("lowered: nothing can be sent again yet", &good, &limited, None),
            ("still too low", &limited, &limited, None),
            ("raised", &limited, &good, Some(groups())),
            ("lost in one way and then in another", &limited, &unmapped, None),
            ("renamed and mended", &unmapped, &good, Some(groups())),
            ("retyped to something that values fit", &good, &retyped, Some(groups())),
            ("and back", &retyped, &good, Some(groups())),
            ("a field that is new", &ungrouped, &good, Some(groups())),
            ("a field that is not wanted any more", &good, &ungrouped, None),
            ("another import source", &good, &elsewhere, Some(LostValues::Everything)),
            ("and back to the first", &elsewhere, &good, Some(LostValues::Everything)),
            ("an object schema made anew", &schema("1"), &schema("2"), Some(LostValues::Everything)),
            ("an object schema that is known now", &good, &schema("1"), None),
            ("an execution names what it filled", &good, &filled("1", "101"), None),
            ("the same again", &filled("1", "101"), &filled("1", "101"), None),
            (
                "an object schema made anew, by its execution",
                &filled("1", "101"),
                &filled("2", "101"),
                Some(LostValues::Everything),
            ),
            (
                "an object type made anew, by its execution",
                &filled("1", "101"),
                &filled("1", "102"),
                Some(LostValues::Everything),
            ),
            ("an object type made anew", &untyped, &good, Some(LostValues::Everything)),
            ("an object type that is gone", &good, &untyped, None),
        ] {
            assert_eq!(lost_values(before, now), expected, "{name}");
        }
    }

    #[test]
    fn unreadable_ids_stay_known() {
        let known = Place { object_schema: Some("1".into()), ..place("a", state("ref", None)) };
        let now = Place { object_schema: None, ..known.clone() };
        assert_eq!(completed(&now, &known), known);
    }

    #[test]
    fn identity_is_remade_within_its_type() {
        let good = place("a", state("ref", None));
        let without = |missing: &[&str]| {
            let mut place = good.clone();
            for (field, state) in place.fields.get_mut(&ObjectKind::User).unwrap() {
                if missing.contains(&field.as_str()) {
                    state.withheld = Some(WithheldReason::Missing);
                }
            }
            place
        };
        let remade = |before: &Place, now: &Place| !remade_identities(before, now).is_empty();
        assert!(remade(&without(&["id"]), &good));
        assert!(!remade(&without(&["id", "groups"]), &good), "a type made anew");
        assert!(!remade(&without(&["groups"]), &good), "another attribute");
        assert!(!remade(&good, &without(&["id"])), "not there yet");
        assert!(!remade(&without(&["id"]), &without(&["id"])));
        assert!(!remade(&Place::default(), &good), "the first comparison");
    }

    #[test]
    fn identity_is_never_withheld() {
        let mut place = place("a", state("ref", Some(LIMITED)));
        place.fields.get_mut(&ObjectKind::User).unwrap().get_mut("id").unwrap().withheld = Some(LIMITED);
        let withheld: Vec<String> = place.withheld().into_iter().map(|field| field.field).collect();
        assert_eq!(withheld, ["groups"]);
    }
}
