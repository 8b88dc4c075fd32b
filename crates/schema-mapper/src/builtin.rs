//! The attributes that the mapping adds to those of the profile. Their names begin with "Okta" to avoid collisions.

use insight_import_client::document::AttributeType;

use crate::attribute::{Own, Source};
use crate::options::{ManagerMatch, MappingOptions, MembershipStrategy};

const fn own(
    source: Source,
    end: &'static str,
    name: &'static str,
    kind: AttributeType,
    description: &'static str,
) -> Own {
    Own { source, end, name, kind, description }
}

pub(crate) fn of_users(options: &MappingOptions) -> Vec<Own> {
    use AttributeType::{DateTime, ReferencedObject, Status, Text};
    let mut all = vec![
        own(Source::Id, "id", "Okta User ID", Text, "The user's immutable Okta ID"),
        own(Source::Status, "status", "Okta Status", Status, "The user's lifecycle status in Okta"),
        own(Source::UserType, "type", "Okta User Type", Text, "The Okta user type"),
        own(
            Source::Created,
            "created",
            "Okta Created",
            DateTime,
            "The time when the user was created in Okta",
        ),
        own(
            Source::LastUpdated,
            "lastUpdated",
            "Okta Last Updated",
            DateTime,
            "The time of the last change to the profile or status in Okta",
        ),
    ];
    if options.membership_strategy == MembershipStrategy::OnUsers {
        let description = "The user's groups";
        all.push(own(Source::Groups, "groups", "Okta Groups", ReferencedObject, description));
    }
    if options.include_last_login {
        let description = "The time of the user's last sign-in";
        all.push(own(Source::LastLogin, "lastLogin", "Okta Last Login", DateTime, description));
    }
    if options.manager.match_by != ManagerMatch::Off {
        let description = "The user's manager";
        all.push(own(Source::Manager, "manager", "Okta Manager", ReferencedObject, description));
    }
    all
}

pub(crate) fn of_groups(options: &MappingOptions) -> Vec<Own> {
    use AttributeType::{DateTime, ReferencedObject, Status, Text};
    let mut all = vec![
        own(Source::Id, "id", "Okta Group ID", Text, "The group's immutable Okta ID"),
        own(Source::Status, "status", "Okta Group Status", Status, "The group's status in Okta"),
        own(
            Source::GroupType,
            "type",
            "Okta Group Type",
            Text,
            "The type of the group: Okta, app, or built-in",
        ),
        own(
            Source::SourceApp,
            "sourceApp",
            "Okta Source App",
            Text,
            "The app that the group was imported from",
        ),
        own(
            Source::Created,
            "created",
            "Okta Created",
            DateTime,
            "The time when the group was created in Okta",
        ),
        own(
            Source::LastUpdated,
            "lastUpdated",
            "Okta Last Updated",
            DateTime,
            "The time of the last change to the profile in Okta",
        ),
    ];
    if options.membership_strategy == MembershipStrategy::OnGroups {
        let description = "The users that are members of the group";
        all.push(own(Source::Members, "members", "Okta Members", ReferencedObject, description));
    }
    all
}

pub(crate) fn of_memberships(options: &MappingOptions) -> Vec<Own> {
    use AttributeType::{ReferencedObject, Status, Text};
    if options.membership_strategy != MembershipStrategy::Objects {
        return Vec::new();
    }
    vec![
        own(Source::Id, "id", "Okta Membership ID", Text, "The IDs of the group and the user"),
        own(Source::MembershipName, "name", "Okta Membership", Text, "The names of the user and the group"),
        own(Source::Status, "status", "Okta Membership Status", Status, "The status of the membership"),
        own(Source::MembershipGroup, "group", "Okta Group", ReferencedObject, "The group"),
        own(Source::MembershipUser, "user", "Okta User", ReferencedObject, "The member"),
    ]
}
