//! Addresses as responses name them.

use url::Url;

/// A URL without its trailing slash.
pub(crate) fn origin(url: &Url) -> String {
    url.as_str().trim_end_matches('/').to_owned()
}
