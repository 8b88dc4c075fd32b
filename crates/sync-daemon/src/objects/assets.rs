//! The side of Assets.

use admin_api::AssetsLookup;
use connectors::SeenObject;
use sync_engine::Remedy;
use sync_model::RecordKey;

use crate::objects::lookup::{Lookup, PATIENCE, Through};
use crate::objects::okta::late;

/// The object in Assets, with its values.
pub(super) enum Seen {
    Objects(Vec<SeenObject>),
    Unknown { reason: String, remedy: Option<Remedy> },
}

impl Seen {
    pub(super) fn object(&self) -> Option<&SeenObject> {
        match self {
            Self::Objects(objects) => objects.first(),
            Self::Unknown { .. } => None,
        }
    }

    pub(super) fn side(&self) -> AssetsLookup {
        match self {
            Self::Unknown { reason, remedy } => {
                AssetsLookup::Unknown { reason: reason.clone(), remedy: remedy.clone() }
            }
            Self::Objects(objects) => match objects.split_first() {
                None => AssetsLookup::NotFound,
                Some((object, duplicates)) => AssetsLookup::Found {
                    key: object.key.clone(),
                    id: object.id.clone(),
                    label: object.label.clone(),
                    duplicates: duplicates.iter().map(|twin| twin.key.clone()).collect(),
                },
            },
        }
    }
}

impl Lookup {
    pub(super) async fn assets_side(&self, key: &RecordKey, through: Option<&Through>) -> Seen {
        if self.sides.account.is_none() {
            return Seen::Unknown {
                reason: "objects aren't readable without an Atlassian account".into(),
                remedy: Some(Remedy::SetAtlassianAccount),
            };
        }
        let Some(assets) = through.and_then(|through| through.assets.as_ref()) else {
            return Seen::Unknown { reason: "could not compare the schemas".into(), remedy: None };
        };
        match tokio::time::timeout(PATIENCE, assets.see(key)).await {
            Ok(Ok(objects)) => Seen::Objects(objects),
            Ok(Err(error)) => {
                Seen::Unknown { reason: sync_engine::error_chain(&error), remedy: error.remedy().cloned() }
            }
            Err(_) => Seen::Unknown { reason: late(PATIENCE), remedy: None },
        }
    }
}
