//! The order of a listing.

/// The sort order of a listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SortOrder {
    /// The smallest or oldest first.
    #[default]
    Ascending,
    /// The largest or newest first.
    Descending,
}

impl SortOrder {
    /// The System Log's word.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Ascending => "ASCENDING",
            Self::Descending => "DESCENDING",
        }
    }

    /// The word of users and groups.
    pub(super) const fn short(self) -> &'static str {
        match self {
            Self::Ascending => "asc",
            Self::Descending => "desc",
        }
    }
}

/// A listing sorted by an attribute.
pub(super) fn sort(
    pairs: &mut url::form_urlencoded::Serializer<'_, url::UrlQuery<'_>>,
    by: Option<&(String, SortOrder)>,
) {
    if let Some((attribute, order)) = by {
        pairs.append_pair("sortBy", attribute).append_pair("sortOrder", order.short());
    }
}
