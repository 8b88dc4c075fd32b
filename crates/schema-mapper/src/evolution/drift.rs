//! What cannot be changed with a mapping, or that an operator should know.

use std::fmt;

use insight_import_client::document::AttributeType;

use crate::attribute_type::holds;

/// One difference between Assets and Okta that no patch removes, or that was not asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drift {
    /// The name of the object type in Assets.
    pub object_type: String,
    /// The name of the attribute in Assets; `None` when it is about the object type.
    pub attribute: Option<String>,
    /// What differs.
    pub kind: DriftKind,
}

/// In what way Assets and Okta differ.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DriftKind {
    /// It would have another name by Okta's schema.
    Renamed {
        /// That name.
        wanted: String,
    },
    /// An attribute, or an object type, of the same name is there that is not ours; ours has another name.
    NameTaken {
        /// The name that was wanted.
        wanted: String,
    },
    /// It would have another type.
    Retyped {
        /// The type in Assets.
        present: AttributeType,
        /// The type by Okta's schema.
        wanted: AttributeType,
    },
    /// A reference leads to another object type.
    Retargeted {
        /// The external id or name of the type that it leads to.
        present: String,
        /// The external id of the type that it should lead to.
        wanted: String,
    },
    /// It takes fewer values than it should.
    Cardinality {
        /// How many it takes.
        present: i32,
        /// How many it should; -1 for any number.
        wanted: i32,
    },
    /// It must have a value in Assets, and need not have one in Okta.
    Required,
    /// Another attribute names the objects.
    Label,
    /// Whether values must differ is set the other way.
    Unique {
        /// Whether they should have to.
        wanted: bool,
    },
    /// It does not allow statuses that are in use.
    Statuses {
        /// Those.
        missing: Vec<String>,
    },
    /// It is not wanted any more: gone from Okta's schema, excluded, or of another membership strategy.
    RemovedInOkta,
    /// It was deleted in Assets, is wanted, and is added again by the patch.
    RemovedInAssets,
}

impl DriftKind {
    /// What an operator can do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Renamed { .. } => "rename it in Assets if you like, the mapping follows",
            Self::NameTaken { .. } => {
                "nothing needs to be done; delete the other one and rename ours to change that"
            }
            Self::Retyped { present, wanted } if holds(present, wanted) => {
                "values are made to fit what is there; delete it in Assets to have it made anew, with its values"
            }
            Self::Retyped { .. } => {
                "values are not sent; choose that type in the mapping's options, or delete it in Assets to have it made anew, with its values"
            }
            Self::Retargeted { .. } => {
                "values are not sent; delete it in Assets to have it made anew, with its values"
            }
            Self::Cardinality { present: _, wanted: -1 } => {
                "in Assets, open the object type, its Attributes, the attribute's menu (…), Configure, and set Cardinality to Unlimited"
            }
            Self::Cardinality { .. } => {
                "in Assets, open the object type, its Attributes, the attribute's menu (…), Configure, and raise the maximum of Cardinality"
            }
            Self::Required => {
                "in Assets, open the object type, its Attributes, the attribute's menu (…), Configure, and set the minimum of Cardinality to 0, or objects without a value are refused"
            }
            Self::Label => "in Assets, open the object type, its Attributes, and choose it as the label",
            Self::Unique { wanted: true } => {
                "in Assets, open the object type, its Attributes, the attribute's menu (…), Configure, and switch Unique on"
            }
            Self::Unique { wanted: false } => {
                "in Assets, open the object type, its Attributes, the attribute's menu (…), Configure, and switch Unique off, or objects with the same value are refused"
            }
            Self::Statuses { .. } => {
                "in Assets, open the object type, its Attributes, the attribute's menu (…), Configure, and allow them"
            }
            Self::RemovedInOkta => "it keeps its values until you delete it in Assets",
            Self::RemovedInAssets => "it is added again; exclude it in the mapping's options to keep it away",
        }
    }
}

impl fmt::Display for DriftKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Renamed { wanted } => write!(f, "would be called \"{wanted}\" by Okta's schema"),
            Self::NameTaken { wanted } => {
                write!(f, "cannot be called \"{wanted}\", which something made by hand is called already")
            }
            Self::Retyped { present, wanted } => {
                write!(f, "is of type {} and would be {} by Okta's schema", present.as_str(), wanted.as_str())
            }
            Self::Retargeted { present, wanted } => {
                write!(f, "refers to the object type {present} and should refer to {wanted}")
            }
            Self::Cardinality { present, wanted: -1 } => {
                write!(f, "takes at most {present} and should take any number of values")
            }
            Self::Cardinality { present, wanted } => {
                write!(f, "takes at most {present} and should take {wanted} values")
            }
            Self::Required => f.write_str("must have a value in Assets, and need not have one in Okta"),
            Self::Label => f.write_str("should name the objects, and another attribute does"),
            Self::Unique { wanted: true } => f.write_str("should be unique and is not"),
            Self::Unique { wanted: false } => f.write_str("is unique and should not be"),
            Self::Statuses { missing } => write!(f, "does not allow the statuses {}", missing.join(", ")),
            Self::RemovedInOkta => f.write_str(
                "is not wanted any more (gone from Okta's schema, excluded, or of another membership strategy)",
            ),
            Self::RemovedInAssets => f.write_str("was deleted in Assets and is still mapped"),
        }
    }
}

/// Where, what, and the remedy.
impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { object_type, attribute, kind } = self;
        f.write_str(object_type)?;
        if let Some(attribute) = attribute {
            write!(f, ": {attribute}")?;
        }
        write!(f, " {kind}; {}", kind.remedy())
    }
}
