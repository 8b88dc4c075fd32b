//! The attributes that we add beside those of the profile. Their names begin with "Okta", so that they do not meet those.

use insight_import_client::document::AttributeType;

use crate::attribute::{Own, Source};
use crate::{ManagerMatch, MappingOptions, MembershipStrategy};

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
        own(Source::Id, "id", "Okta User ID", Text, "The immutable id of the user in Okta"),
        own(Source::Status, "status", "Okta Status", Status, "Where the user is in its life cycle"),
        own(Source::UserType, "type", "Okta User Type", Text, "The Okta user type"),
        own(Source::Created, "created", "Okta Created", DateTime, "When the user was created in Okta"),
        own(
            Source::LastUpdated,
            "lastUpdated",
            "Okta Last Updated",
            DateTime,
            "When profile or status changed last in Okta",
        ),
    ];
    if options.membership_strategy == MembershipStrategy::OnUsers {
        let description = "The groups that the user is a member of";
        all.push(own(Source::Groups, "groups", "Okta Groups", ReferencedObject, description));
    }
    if options.include_last_login {
        let description = "When the user signed in last";
        all.push(own(Source::LastLogin, "lastLogin", "Okta Last Login", DateTime, description));
    }
    if options.manager.match_by != ManagerMatch::Off {
        let description = "The manager, as another Okta user";
        all.push(own(Source::Manager, "manager", "Okta Manager", ReferencedObject, description));
    }
    all
}

pub(crate) fn of_groups(options: &MappingOptions) -> Vec<Own> {
    use AttributeType::{DateTime, ReferencedObject, Status, Text};
    let mut all = vec![
        own(Source::Id, "id", "Okta Group ID", Text, "The immutable id of the group in Okta"),
        own(Source::Status, "status", "Okta Group Status", Status, "Whether the group exists in Okta"),
        own(Source::GroupType, "type", "Okta Group Type", Text, "Who manages the group"),
        own(Source::SourceApp, "sourceApp", "Okta Source App", Text, "The application it comes from"),
        own(Source::Created, "created", "Okta Created", DateTime, "When the group was created in Okta"),
        own(
            Source::LastUpdated,
            "lastUpdated",
            "Okta Last Updated",
            DateTime,
            "When the profile changed last in Okta",
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
        own(Source::Id, "id", "Okta Membership ID", Text, "The ids of the group and of the user"),
        own(Source::MembershipName, "name", "Okta Membership", Text, "Who is a member of what"),
        own(Source::Status, "status", "Okta Membership Status", Status, "Whether the user is still a member"),
        own(Source::MembershipGroup, "group", "Okta Group", ReferencedObject, "The group"),
        own(Source::MembershipUser, "user", "Okta User", ReferencedObject, "The member"),
    ]
}
