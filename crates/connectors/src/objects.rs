//! Objects in Assets one by one, with the account, as the engine's objects.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use futures::{StreamExt, TryStreamExt, stream};
use insight_import_client::account::{Object, ObjectValue, ObjectValues, aql_text};
use insight_import_client::{AssetsClient, ImportClient};
use schema_mapper::{Mapping, Source};
use sync_engine::{ClearRequest, ClearResult, PortError, TargetObjects};
use sync_model::{ObjectKind, Record, RecordKey};

use crate::errors::assets_error;
use crate::settings::SourceSettings;
use crate::{sent, stored};

/// The number of objects in one search.
const SEARCHED: usize = 50;
/// The number of objects that are changed concurrently.
const CONCURRENCY: usize = 4;

/// The names of object types and attributes in Assets.
pub(super) type KnownNames = Arc<RwLock<HashMap<ObjectKind, Arc<Names>>>>;

/// Objects in Assets, named by a mapping.
#[derive(Debug, Clone)]
pub struct AssetsObjects {
    account: AssetsClient,
    settings: SourceSettings,
    mapping: Arc<Mapping>,
    known: KnownNames,
}

/// The names of an object type and its attributes in Assets.
#[derive(Debug)]
pub(super) struct Names {
    type_name: String,
    type_id: String,
    /// Ids of attributes by name.
    attributes: HashMap<String, String>,
}

/// An object as Assets shows it.
pub struct SeenObject {
    /// The key, such as `OKTA-12`.
    pub key: String,
    /// The ID.
    pub id: String,
    /// The value of its label.
    pub label: String,
    /// By the name of the attribute; attributes without a value among them.
    pub values: HashMap<String, Vec<ObjectValue>>,
}

impl SeenObject {
    fn new(object: Object, names: &Names) -> Self {
        let mut values: HashMap<String, Vec<ObjectValue>> = object
            .attributes
            .into_iter()
            .map(|a| (a.object_type_attribute_id, a.object_attribute_values))
            .collect();
        let named = |(name, id): (&String, &String)| (name.clone(), values.remove(id).unwrap_or_default());
        Self {
            key: object.object_key,
            id: object.id,
            label: object.label,
            values: names.attributes.iter().map(named).collect(),
        }
    }
}

/// The data for finding and changing the objects of a kind.
struct Place {
    names: Arc<Names>,
    /// The name and the ID of the attribute that identifies objects.
    identity: (String, String),
    /// IDs of attributes by the record's field; unmapped fields are absent.
    attributes: HashMap<String, String>,
}

impl Place {
    /// The ID of an object's owner; `None` for an unrelated object. Searches ignore case, and Okta's IDs don't.
    fn owner<'o>(&self, object: &'o Object) -> Option<&'o str> {
        let of_type = object.object_type.as_ref().is_none_or(|t| t.id == self.names.type_id);
        let mut values = object.values(&self.identity.1).into_iter();
        values.next().filter(|_| of_type && values.next().is_none())
    }

    fn query(&self, keys: &[&RecordKey]) -> String {
        let ids: Vec<String> = keys.iter().map(|key| aql_text(&key.id)).collect();
        let (object_type, identity) = (aql_text(&self.names.type_name), aql_text(&self.identity.0));
        format!("objectType = {object_type} AND {identity} IN ({})", ids.join(", "))
    }
}

impl AssetsObjects {
    pub(super) const fn new(
        account: AssetsClient,
        settings: SourceSettings,
        mapping: Arc<Mapping>,
        known: KnownNames,
    ) -> Self {
        Self { account, settings, mapping, known }
    }

    /// The objects of an import source, for one reading.
    pub fn of(account: AssetsClient, import: ImportClient, mapping: Mapping) -> Self {
        let settings = SourceSettings::new(import, Some(account.clone()));
        Self::new(account, settings, Arc::new(mapping), Arc::default())
    }

    /// The place of a kind's objects, with the attributes that these fields fill. The names are read again if one is
    /// unknown.
    async fn place(&self, kind: ObjectKind, fields: &BTreeSet<&str>) -> Result<Place, PortError> {
        let mapping = &*self.mapping;
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner).get(&kind).cloned();
        if let Some(names) = known.filter(|names| names.type_name == mapping.type_name(kind))
            && let Ok(place) = place(mapping, kind, fields, names)
        {
            return Ok(place);
        }
        let names = Arc::new(self.read_names(mapping, kind).await?);
        self.known.write().unwrap_or_else(PoisonError::into_inner).insert(kind, Arc::clone(&names));
        place(mapping, kind, fields, names)
    }

    async fn read_names(&self, mapping: &Mapping, kind: ObjectKind) -> Result<Names, PortError> {
        let failed = |e| assets_error("could not read the object types with the Atlassian account", e);
        // Read first: its error explains why the account is rejected.
        self.account.workspace_id().await.map_err(failed)?;
        let source = self.settings.get().await.ok_or_else(|| {
            PortError::new(
                "could not read the import source, which contains the ID of the object \
            schema",
            )
            .transient(true)
        })?;
        let type_name = mapping.type_name(kind).to_owned();
        let types = self.account.object_types(&source.object_schema_id).await.map_err(failed)?;
        let found = types.into_iter().find(|t| t.name == type_name);
        let type_id = found.ok_or_else(|| hidden(&type_name))?.id;
        let attributes = self.account.attributes(&type_id).await.map_err(failed)?;
        let attributes = attributes.into_iter().map(|a| (a.name, a.id)).collect();
        Ok(Names { type_name, type_id, attributes })
    }

    /// Clears the cached attribute names of a kind: one of them is wrong.
    fn clear_names(&self, kind: ObjectKind) {
        self.known.write().unwrap_or_else(PoisonError::into_inner).remove(&kind);
    }

    /// The objects with these IDs, without unrelated ones. An ID may have several.
    async fn search(&self, place: &Place, keys: &[&RecordKey]) -> Result<Vec<Object>, PortError> {
        let wanted: BTreeSet<&str> = keys.iter().map(|key| key.id.as_str()).collect();
        let mut found: Vec<Object> = Vec::new();
        for part in keys.chunks(SEARCHED) {
            let objects: Vec<Object> =
                self.account.search(&place.query(part)).try_collect().await.map_err(|e| {
                    assets_error("could not search for objects with the Atlassian account", e)
                })?;
            found.extend(objects);
        }
        found.retain(|object| place.owner(object).is_some_and(|owner| wanted.contains(owner)));
        // A page may repeat objects of an earlier page.
        found.sort_by(|a, b| a.id.cmp(&b.id));
        found.dedup_by(|a, b| a.id == b.id);
        Ok(found)
    }

    /// The number of current objects of a kind, including unrelated ones.
    ///
    /// # Errors
    /// When Assets fails.
    pub async fn count_current(&self, kind: ObjectKind) -> Result<u64, PortError> {
        let mapping = &self.mapping;
        let mut query = format!("objectType = {}", aql_text(mapping.type_name(kind)));
        if let Some((attribute, marks)) = mapping.retired_status(kind) {
            let marks = marks.map(aql_text).join(", ");
            query = format!("{query} AND {} NOT IN ({marks})", aql_text(&attribute.name));
        }
        let counted = self.account.count(&query).await;
        counted.map_err(|e| assets_error("could not count objects with the Atlassian account", e))
    }

    /// The objects of an id with their values: none, or one, or twins.
    ///
    /// # Errors
    /// When Assets fails.
    pub async fn see(&self, key: &RecordKey) -> Result<Vec<SeenObject>, PortError> {
        // Attribute names are read again if one is unknown; a hidden attribute is left out.
        let mapped = self.mapping.attributes(key.kind).iter();
        let place = match self.place(key.kind, &mapped.map(|a| a.locator.as_str()).collect()).await {
            Ok(place) => place,
            Err(_) => self.place(key.kind, &BTreeSet::new()).await?,
        };
        let found = self.search(&place, &[key]).await?;
        Ok(found.into_iter().map(|object| SeenObject::new(object, &place.names)).collect())
    }

    async fn clear_one(&self, place: &Place, found: &[Object], wanted: &ClearRequest) -> ClearResult {
        let own: Vec<&Object> =
            found.iter().filter(|object| place.owner(object) == Some(&wanted.key.id)).collect();
        if own.is_empty() {
            return ClearResult::NoObject;
        }
        for object in own {
            let values = wanted
                .fields
                .iter()
                .filter_map(|field| place.attributes.get(field))
                .filter(|id| !object.values(id).is_empty())
                .fold(ObjectValues::new(), |values, id| values.with(id, Vec::<String>::new()));
            if values == ObjectValues::new() {
                continue;
            }
            let changed = self.account.update_object(&object.id, &place.names.type_id, &values).await;
            match changed {
                // Deleted since it was found.
                Ok(_) | Err(insight_import_client::Error::NotFound { .. }) => {}
                Err(error) => {
                    self.clear_names(wanted.key.kind);
                    return ClearResult::Failed(sync_engine::error_chain(&error));
                }
            }
        }
        ClearResult::Cleared
    }

    async fn clear_kind(
        &self,
        kind: ObjectKind,
        objects: &[(usize, &ClearRequest)],
    ) -> Result<Vec<(usize, ClearResult)>, PortError> {
        let fields = objects.iter().flat_map(|(_, object)| object.fields.iter().map(String::as_str));
        let place = self.place(kind, &fields.collect()).await?;
        let keys: Vec<&RecordKey> = objects.iter().map(|(_, object)| &object.key).collect();
        let found = self.search(&place, &keys).await?;
        let (place, found) = (&place, &found);
        let cleared = stream::iter(objects.to_vec())
            .map(|(n, object)| async move { (n, self.clear_one(place, found, object).await) })
            .buffer_unordered(CONCURRENCY)
            .boxed();
        Ok(cleared.collect().await)
    }
}

fn hidden(what: &str) -> PortError {
    PortError::new(format!("the Atlassian account can't read {what}"))
}

fn place(
    mapping: &Mapping,
    kind: ObjectKind,
    fields: &BTreeSet<&str>,
    names: Arc<Names>,
) -> Result<Place, PortError> {
    let id_of = |name: &str| {
        let id = names.attributes.get(name).cloned();
        id.ok_or_else(|| hidden(&format!("{}: {name}", names.type_name)))
    };
    let mapped = mapping.attributes(kind);
    let identity = mapped.iter().find(|a| a.source == Source::Id).map(|a| a.name.clone());
    let identity = identity.ok_or_else(|| PortError::new(format!("the mapping doesn't include {kind}s")))?;
    let attributes = mapped
        .iter()
        .filter(|a| fields.contains(a.locator.as_str()))
        .map(|a| Ok((a.locator.clone(), id_of(&a.name)?)))
        .collect::<Result<_, PortError>>()?;
    Ok(Place { identity: (identity.clone(), id_of(&identity)?), attributes, names })
}

/// Positions by kind.
fn by_kind<T>(items: &[T], kind: impl Fn(&T) -> ObjectKind) -> HashMap<ObjectKind, Vec<(usize, &T)>> {
    let mut kinds: HashMap<ObjectKind, Vec<(usize, &T)>> = HashMap::new();
    for (n, item) in items.iter().enumerate() {
        kinds.entry(kind(item)).or_default().push((n, item));
    }
    kinds
}

#[async_trait]
impl TargetObjects for AssetsObjects {
    async fn clear(&self, objects: &[ClearRequest]) -> Result<Vec<ClearResult>, PortError> {
        let mut results = vec![ClearResult::NoObject; objects.len()];
        for (kind, of_kind) in by_kind(objects, |object| object.key.kind) {
            for (n, result) in self.clear_kind(kind, &of_kind).await? {
                results[n] = result;
            }
        }
        Ok(results)
    }

    async fn find(&self, keys: &[RecordKey]) -> Result<HashMap<RecordKey, Vec<String>>, PortError> {
        let mut found: HashMap<RecordKey, Vec<String>> = HashMap::new();
        for (kind, of_kind) in by_kind(keys, |key| key.kind) {
            let place = self.place(kind, &BTreeSet::new()).await?;
            let keys: Vec<&RecordKey> = of_kind.into_iter().map(|(_, key)| key).collect();
            for object in self.search(&place, &keys).await? {
                let Some(id) = place.owner(&object).map(str::to_owned) else { continue };
                found.entry(RecordKey { kind, id }).or_default().push(object.object_key);
            }
        }
        Ok(found)
    }

    async fn stored(&self, records: &[Record]) -> Result<HashMap<RecordKey, Vec<RecordKey>>, PortError> {
        let mut stored = HashMap::new();
        for (kind, of_kind) in by_kind(records, |record| record.key.kind) {
            let mapped = self.mapping.attributes(kind);
            let records: HashMap<&str, &Record> =
                of_kind.iter().map(|(_, record)| (record.key.id.as_str(), *record)).collect();
            let place = self.place(kind, &mapped.iter().map(|a| a.locator.as_str()).collect()).await?;
            let referred: Vec<RecordKey> =
                sent::referred(records.values().copied(), mapped).into_iter().collect();
            let known = self.find(&referred).await?;
            let keys: Vec<&RecordKey> = records.values().map(|record| &record.key).collect();
            let mut seen = HashSet::new();
            for object in self.search(&place, &keys).await? {
                let Some(record) = place.owner(&object).and_then(|owner| records.get(owner)) else {
                    continue;
                };
                // If two objects have one identity, the import may have changed either.
                if !seen.insert(&record.key) {
                    stored.remove(&record.key);
                    continue;
                }
                let values = SeenObject::new(object, &place.names).values;
                if let Some(absent) = stored::holds(record, mapped, &values, &known) {
                    stored.insert(record.key.clone(), absent);
                }
            }
        }
        Ok(stored)
    }

    async fn delete(&self, key: &RecordKey) -> Result<Vec<String>, PortError> {
        let place = self.place(key.kind, &BTreeSet::new()).await?;
        let mut deleted = Vec::new();
        for object in self.search(&place, &[key]).await? {
            let existed = self.account.delete_object(&object.id).await;
            if existed
                .map_err(|e| assets_error("could not delete an object with the Atlassian account", e))?
            {
                deleted.push(object.object_key);
            }
        }
        Ok(deleted)
    }
}
