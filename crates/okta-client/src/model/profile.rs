//! The open part of users and groups.

use std::ops::Deref;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The attributes of a user or group, base and custom ones alike, by name.
#[derive(Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Profile(Map<String, Value>);

impl std::fmt::Debug for Profile {
    /// Names only: the values are personal data.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Profile {
    /// The value of an attribute; `null` is none.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// The value of a text attribute.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_str()
    }

    /// The attributes that have a value.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| (name.as_str(), value))
    }
}

/// A profile of a kind with base attributes in Okta: typed ones by method, all others by name.
macro_rules! profile {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $method:ident = $attribute:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Profile);

        impl Deref for $name {
            type Target = Profile;

            fn deref(&self) -> &Profile {
                &self.0
            }
        }

        impl From<Map<String, Value>> for $name {
            fn from(attributes: Map<String, Value>) -> Self {
                Self(attributes.into())
            }
        }

        impl $name {
            $(
                $(#[$vmeta])*
                pub fn $method(&self) -> Option<&str> {
                    self.text($attribute)
                }
            )+
        }
    };
}

profile!(
    /// The attributes of a user: the 31 base attributes that every org has, all of them text, and any custom ones.
    /// <https://developer.okta.com/docs/api/openapi/okta-management/management/tag/User/>
    UserProfile {
        /// The name to sign in with, unique in the org.
        login = "login",
        /// The given name.
        first_name = "firstName",
        /// The family name.
        last_name = "lastName",
        /// The middle name or names.
        middle_name = "middleName",
        /// The prefix of the name.
        honorific_prefix = "honorificPrefix",
        /// The suffix of the name.
        honorific_suffix = "honorificSuffix",
        /// The primary email address.
        email = "email",
        /// The job title.
        title = "title",
        /// The name to show.
        display_name = "displayName",
        /// The nickname.
        nick_name = "nickName",
        /// The address of a page about the user.
        profile_url = "profileUrl",
        /// The address for recovery.
        second_email = "secondEmail",
        /// The mobile phone's number.
        mobile_phone = "mobilePhone",
        /// The main phone's number.
        primary_phone = "primaryPhone",
        /// The street and number.
        street_address = "streetAddress",
        /// The city.
        city = "city",
        /// The state or region.
        state = "state",
        /// The postal code.
        zip_code = "zipCode",
        /// The country, by ISO 3166-1 alpha-2.
        country_code = "countryCode",
        /// The address to write to.
        postal_address = "postalAddress",
        /// The languages, by RFC 2616.
        preferred_language = "preferredLanguage",
        /// The locale, by ISO 639-1 and ISO 3166-1.
        locale = "locale",
        /// The time zone's name.
        timezone = "timezone",
        /// Employee, contractor and the like; not the user type that has a schema.
        user_type = "userType",
        /// The number in the company.
        employee_number = "employeeNumber",
        /// The cost centre.
        cost_center = "costCenter",
        /// The organization.
        organization = "organization",
        /// The division.
        division = "division",
        /// The department.
        department = "department",
        /// The manager's ID in the form that the org uses.
        manager_id = "managerId",
        /// The manager's name.
        manager = "manager",
    }
);

profile!(
    /// The attributes of a group: the base attributes, and any custom ones.
    GroupProfile {
        /// The name, which may not be unique.
        name = "name",
        /// The description.
        description = "description",
        /// The name before Windows 2000, of a group from Active Directory.
        sam_account_name = "samAccountName",
        /// The distinguished name, of a group from Active Directory.
        dn = "dn",
        /// The name with its domain, of a group from Active Directory.
        windows_domain_qualified_name = "windowsDomainQualifiedName",
        /// The base-64 form of the object's GUID, of a group from Active Directory.
        external_id = "externalId",
    }
);

impl From<Map<String, Value>> for Profile {
    fn from(attributes: Map<String, Value>) -> Self {
        Self(attributes)
    }
}
