//! Records of test objects, which show how a site treats the records of this mapping.

use std::collections::BTreeMap;

use insight_import_client::document::AttributeType;
use serde_json::{Value, json};
use sync_model::{GroupId, ObjectKind, Record, RecordKey, UserId};

use crate::attribute::{MappedAttribute, Source};
use crate::mapping::Mapping;
use crate::status;

/// The time when all test objects were created.
const CREATED: &str = "2026-01-02T03:04:05.000Z";
/// The number of characters of a long text.
const LONG: usize = 2_000;

impl Mapping {
    /// The record of a test group: its ID, its label, its status, and a time.
    pub fn test_group(&self, group: &GroupId) -> Record {
        self.test_object(RecordKey::group(group), |_| None)
    }

    /// The record of a test user in no group. It also has a long text, and a text, which may be empty.
    pub fn test_user(&self, user: &UserId, text: &str) -> Record {
        let is = |of: Option<&MappedAttribute>, attribute: &MappedAttribute| {
            of.is_some_and(|of| of.external_id == attribute.external_id)
        };
        let (short, long) =
            (self.test_attribute(&AttributeType::Text), self.test_attribute(&AttributeType::Textarea));
        self.test_object(RecordKey::user(user), |attribute| {
            if is(short, attribute) {
                Some(text.into())
            } else if is(long, attribute) {
                Some("long text ".repeat(LONG / 10).trim_end().into())
            } else {
                None
            }
        })
    }

    /// The first profile attribute of users with a type, one value, and no other purpose.
    pub fn test_attribute(&self, kind: &AttributeType) -> Option<&MappedAttribute> {
        let label = self.label(ObjectKind::User).map(|label| label.external_id.as_str());
        let mut attributes = self.attributes(ObjectKind::User).iter();
        attributes.find(|a| {
            a.kind == *kind
                && !a.many
                && matches!(a.source, Source::Profile(_))
                && label != Some(a.external_id.as_str())
        })
    }

    fn test_object(&self, key: RecordKey, value: impl Fn(&MappedAttribute) -> Option<Value>) -> Record {
        let label = self.label(key.kind).map(|label| label.external_id.as_str());
        let fields: BTreeMap<String, Value> = self
            .attributes(key.kind)
            .iter()
            .filter_map(|attribute| {
                let value = match attribute.source {
                    Source::Id => json!(key.id),
                    Source::Status => status::ACTIVE.into(),
                    Source::Created => CREATED.into(),
                    _ if label == Some(attribute.external_id.as_str()) => {
                        format!("Okta self-test: {}", key.id).into()
                    }
                    _ => value(attribute)?,
                };
                Some((attribute.locator.clone(), value))
            })
            .collect();
        Record {
            reference_key: key.id.clone(),
            key,
            fields,
            references: Vec::new(),
            alias: None,
            alias_reference: None,
        }
    }
}
