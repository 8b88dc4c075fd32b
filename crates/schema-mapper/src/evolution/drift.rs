//! Schema drift: differences that a mapping can't remove, or that are additional.

use std::fmt;

use insight_import_client::document::AttributeType;

/// One difference between Assets and Okta that no patch removes, or that is additional.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drift {
    /// The name of the object type in Assets.
    pub object_type: String,
    /// The name of the attribute in Assets; `None` if the object type differs.
    pub attribute: Option<String>,
    /// The difference.
    pub kind: DriftKind,
}

/// A difference between Assets and Okta.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DriftKind {
    /// It would have another name by Okta's schema.
    Renamed {
        /// The expected name.
        wanted: String,
    },
    /// An attribute, or an object type, of the same name is there that is not ours; ours has another name.
    NameTaken {
        /// The wanted name.
        wanted: String,
    },
    /// It would have another type.
    Retyped {
        /// The type in Assets.
        present: AttributeType,
        /// The type according to Okta's schema.
        wanted: AttributeType,
        /// True if the type in Assets stores all values, as text if need be.
        compatible: bool,
    },
    /// A reference leads to another object type.
    Retargeted {
        /// The external id or name of the type that it leads to.
        present: String,
        /// The external id of the type that it should lead to.
        wanted: String,
    },
    /// It accepts fewer values than it should.
    Cardinality {
        /// The present maximum cardinality.
        present: i32,
        /// The number that it should accept; -1 for any number.
        wanted: i32,
    },
    /// It must have a value in Assets, and need not have one in Okta.
    Required,
    /// Another attribute names the objects.
    Label,
    /// Its unique option differs.
    Unique {
        /// True if its values should be unique.
        wanted: bool,
    },
    /// It does not allow statuses that are in use.
    Statuses {
        /// The missing statuses.
        missing: Vec<String>,
    },
    /// It is no longer wanted: deleted from Okta's schema, excluded, or of another membership strategy.
    RemovedInOkta,
    /// It was deleted in Assets, is wanted, and is added again by the patch.
    RemovedInAssets,
}

impl fmt::Display for DriftKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Renamed { wanted } => write!(f, "name differs; expected \"{wanted}\""),
            Self::NameTaken { wanted } => write!(f, "name \"{wanted}\" is taken"),
            Self::Retyped { present, wanted, .. } => {
                write!(f, "type differs; expected {}, got {}", wanted.as_str(), present.as_str())
            }
            Self::Retargeted { present, wanted } => {
                write!(f, "reference differs; expected {wanted}, got {present}")
            }
            Self::Cardinality { present, wanted: -1 } => {
                write!(f, "maximum cardinality too low; expected unlimited, got {present}")
            }
            Self::Cardinality { present, wanted } => {
                write!(f, "maximum cardinality too low; expected {wanted}, got {present}")
            }
            Self::Required => f.write_str("value required"),
            Self::Label => f.write_str("not the label"),
            Self::Unique { wanted: true } => f.write_str("not unique"),
            Self::Unique { wanted: false } => f.write_str("unexpectedly unique"),
            Self::Statuses { missing } => write!(f, "statuses not allowed: {}", missing.join(", ")),
            Self::RemovedInOkta => f.write_str("no longer mapped"),
            Self::RemovedInAssets => f.write_str("deleted in Assets"),
        }
    }
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { object_type, attribute, kind } = self;
        match attribute {
            Some(attribute) => write!(f, "attribute \"{attribute}\" of \"{object_type}\": {kind}"),
            None => write!(f, "object type \"{object_type}\": {kind}"),
        }
    }
}
