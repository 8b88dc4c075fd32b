//! What REST can put right with an account's credential.

use std::fmt;

/// A change of an attribute that the mapping cannot make and the attribute update of REST can. Without a credential, its
/// text is the clicks.
///
/// <https://developer.atlassian.com/cloud/assets/rest/api-group-objecttypeattribute/>
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Correction {
    /// The name of the object type in Assets.
    pub object_type: String,
    /// The external id of the object type.
    pub object_type_external_id: String,
    /// The name of the attribute in Assets, as it is now.
    pub attribute: String,
    /// The external id of the attribute.
    pub external_id: String,
    /// The name that it should have.
    pub rename_to: Option<String>,
    /// How many values it should take; -1 for any number.
    pub maximum_cardinality: Option<i32>,
}

/// The exact clicks.
impl fmt::Display for Correction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "in Assets, open the object type \"{}\", its Attributes, and the menu (…) of \"{}\"",
            self.object_type, self.attribute
        )?;
        if let Some(name) = &self.rename_to {
            write!(f, "; choose Rename and call it \"{name}\"")?;
        }
        match self.maximum_cardinality {
            Some(-1) => write!(f, "; choose Configure and set Cardinality to Unlimited"),
            Some(maximum) => write!(f, "; choose Configure and set the maximum of Cardinality to {maximum}"),
            None => Ok(()),
        }
    }
}
