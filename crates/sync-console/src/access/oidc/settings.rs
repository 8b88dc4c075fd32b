//! The org, the app, and the roles of groups.

use secrecy::SecretString;
use sync_store::access::Role;
use url::{Host, Url};

use super::error::{OidcError, shown};
use super::id_token::Claims;
use super::person::Person;

/// The path that Okta sends the browser back to: the app's sign-in redirect URI is the console's address and this.
pub const CALLBACK: &str = "/sign-in/okta/callback";

/// The settings of signing in with an Okta org. Its web app sends a groups claim and has the console's URL and
/// [`CALLBACK`] as a sign-in redirect URI.
#[derive(Debug, Clone)]
pub struct OidcSettings {
    /// The issuer: the address of the org.
    pub issuer: Url,
    /// The client id of the web app.
    pub client_id: String,
    /// Its secret.
    pub client_secret: SecretString,
    /// Members of these groups, by name, may do everything.
    pub admin_groups: Vec<String>,
    /// The groups with read-only access.
    pub read_only_groups: Vec<String>,
    /// The public URL of the console.
    pub redirect_base: Url,
    /// True if the org may have a private address.
    pub allow_private_addresses: bool,
}

impl OidcSettings {
    pub(super) fn check(&self) -> Result<(), OidcError> {
        let wrong = |key, problem| Err(OidcError::Setting { key, problem });
        if !is_private(&self.issuer) || self.issuer.query().is_some() {
            return wrong("issuer", "must be the HTTPS URL of the org");
        }
        if !is_private(&self.redirect_base) || self.redirect_base.path() != "/" {
            return wrong("redirect_base", "must be the HTTPS URL of the console, without a path");
        }
        if self.client_id.is_empty() {
            return wrong("client_id", "must not be empty");
        }
        if self.admin_groups.is_empty() && self.read_only_groups.is_empty() {
            return wrong("admin_groups", "must name a group, here or in read_only_groups");
        }
        Ok(())
    }

    /// As in tokens: without a trailing slash.
    pub(super) fn issuer(&self) -> &str {
        self.issuer.as_str().trim_end_matches('/')
    }

    pub(super) fn redirect_uri(&self) -> String {
        format!("{}{CALLBACK}", self.redirect_base.as_str().trim_end_matches('/'))
    }

    /// The role of a person by their groups.
    pub(super) fn admit(&self, claims: Claims) -> Result<Person, OidcError> {
        let principal = shown(&claims.preferred_username.unwrap_or(claims.sub));
        let groups = claims.groups.unwrap_or_default();
        let is_in = |allowed: &[String]| allowed.iter().any(|group| groups.contains(group));
        if is_in(&self.admin_groups) {
            return Ok(Person { principal, role: Role::Admin });
        }
        if is_in(&self.read_only_groups) {
            return Ok(Person { principal, role: Role::ReadOnly });
        }
        let named = |groups: &[String], what: &str| {
            let named: Vec<String> = groups.iter().map(|group| format!("\"{group}\" ({what})")).collect();
            named
        };
        let mut needed = named(&self.admin_groups, "Administrator");
        needed.extend(named(&self.read_only_groups, "Read-only"));
        Err(OidcError::NotAllowed { principal, needed: needed.join(", ") })
    }
}

/// True if requests to the URL can't be read on the way.
pub(super) fn is_private(url: &Url) -> bool {
    let loopback = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    plain && (url.scheme() == "https" || (url.scheme() == "http" && loopback))
}
