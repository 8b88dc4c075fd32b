//! The Atlassian account of an Okta user: REST needs it to set an attribute of type User after an import.

use okta_client::model::User;
use sync_model::{ObjectKind, RecordKey};

use crate::mapping::Mapping;
use crate::value::is_email;

/// The reference from a user's object to the Atlassian account with an email address.
///
/// The import format has no attributes of type User, so this is for an account's credential: find the account by its
/// address, find the object by its id, and set the attribute to the account's id.
#[derive(Clone, PartialEq, Eq)]
pub struct AccountLink {
    /// The user whose object it is.
    pub user: RecordKey,
    /// The account's email address. Personal data: not for logs.
    pub email: String,
    /// The name of the attribute of type User in Assets. An administrator creates it manually.
    pub attribute: String,
}

impl std::fmt::Debug for AccountLink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccountLink")
            .field("user", &self.user)
            .field("attribute", &self.attribute)
            .finish_non_exhaustive()
    }
}

impl Mapping {
    /// The link of a user to an Atlassian account; `None` if links are disabled or if the user has no email address.
    pub fn account_link(&self, user: &User) -> Option<AccountLink> {
        let account = self.options().account.as_ref()?;
        let email = user.profile.text(&account.email)?.trim();
        is_email(email).then(|| AccountLink {
            user: RecordKey { kind: ObjectKind::User, id: user.id.clone() },
            email: email.to_owned(),
            attribute: account.attribute.clone(),
        })
    }
}
