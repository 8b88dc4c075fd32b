//! The proxy for a URL, and the setting that names it.

use std::fmt;
use std::sync::Arc;

use http::Uri;
use hyper_util::client::proxy::matcher::Matcher;
use url::Url;

/// The variables that reqwest reads, by purpose; the first one that is set counts.
const HTTPS: [&str; 2] = ["HTTPS_PROXY", "https_proxy"];
const HTTP: [&str; 2] = ["HTTP_PROXY", "http_proxy"];
const ALL: [&str; 2] = ["ALL_PROXY", "all_proxy"];

/// A proxy that is in use for an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proxy {
    /// Host and port, without user name and password; `None` if only the program knows it.
    address: Option<String>,
    setting: Setting,
}

/// The source of a proxy's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Setting {
    Variable(&'static str),
    System,
    Program,
}

impl Proxy {
    pub(crate) const OF_PROGRAM: Self = Self { address: None, setting: Setting::Program };

    /// The place where the proxy is set, as a remedy names it.
    pub(crate) const fn setting(&self) -> &'static str {
        match self.setting {
            Setting::Variable(name) => name,
            Setting::System => "the system's proxy settings",
            Setting::Program => "the program",
        }
    }
}

/// The text after "through": the address and its setting.
impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.address {
            Some(address) => write!(f, "the proxy {address}, from {}", self.setting()),
            None => write!(f, "the proxy that {} sets", self.setting()),
        }
    }
}

/// The proxies of the environment, as reqwest uses them.
#[derive(Debug, Clone)]
pub(crate) struct Proxies {
    /// Decides, with `NO_PROXY` and the system's settings.
    in_force: Arc<Matcher>,
    /// The choice of each variable alone.
    named: Arc<[(&'static str, Matcher)]>,
}

impl Proxies {
    /// The variables of this process.
    pub(crate) fn of_environment() -> Self {
        Self::of(Matcher::from_system(), |name| std::env::var(name).ok())
    }

    fn of(in_force: Matcher, variable: impl Fn(&str) -> Option<String>) -> Self {
        let first =
            |names: [&'static str; 2]| names.into_iter().find_map(|name| Some((name, variable(name)?)));
        let matcher = |names, of: fn(String) -> Matcher| first(names).map(|(name, value)| (name, of(value)));
        let named = [
            matcher(HTTPS, |value| Matcher::builder().https(value).build()),
            matcher(HTTP, |value| Matcher::builder().http(value).build()),
            matcher(ALL, |value| Matcher::builder().all(value).build()),
        ];
        Self { in_force: Arc::new(in_force), named: named.into_iter().flatten().collect() }
    }

    /// The proxy for a URL.
    pub(crate) fn for_url(&self, url: &Url) -> Option<Proxy> {
        let uri: Uri = url.as_str().parse().ok()?;
        let chosen = self.in_force.intercept(&uri)?;
        // reqwest stores the user name and password separately.
        let address = chosen.uri().authority()?.to_string();
        let by_variable = self
            .named
            .iter()
            .find(|(_, matcher)| matcher.intercept(&uri).is_some_and(|named| named.uri() == chosen.uri()));
        let setting = by_variable.map_or(Setting::System, |(name, _)| Setting::Variable(name));
        Some(Proxy { address: Some(address), setting })
    }

    /// The names of the proxies.
    pub(crate) fn hosts(&self) -> Arc<[String]> {
        // Any host that is in no list of exceptions.
        let any = [Uri::from_static("https://proxied.invalid"), Uri::from_static("http://proxied.invalid")];
        any.iter().filter_map(|uri| Some(self.in_force.intercept(uri)?.uri().host()?.to_owned())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen_proxy(variables: &'static [(&'static str, &'static str)], url: &str) -> Option<String> {
        let of = |names: [&str; 2]| {
            let find = |name| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
            names.into_iter().find_map(find).unwrap_or_default()
        };
        let in_force = Matcher::builder()
            .https(of(HTTPS))
            .http(of(HTTP))
            .all(of(ALL))
            .no(of(["NO_PROXY", "no_proxy"]))
            .build();
        let variable = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        Proxies::of(in_force, variable).for_url(&Url::parse(url).unwrap()).map(|proxy| proxy.to_string())
    }

    #[test]
    fn variable_of_the_proxy_is_named() {
        const ORG: &str = "https://acme.okta.example";
        let proxy = |text: &str| Some(format!("the proxy {text}"));
        assert_eq!(
            chosen_proxy(&[("HTTPS_PROXY", "http://p.example:3128")], ORG),
            proxy("p.example:3128, from HTTPS_PROXY")
        );
        assert_eq!(
            chosen_proxy(&[("https_proxy", "p.example:3128")], ORG),
            proxy("p.example:3128, from https_proxy")
        );
        assert_eq!(
            chosen_proxy(&[("ALL_PROXY", "http://p.example")], ORG),
            proxy("p.example, from ALL_PROXY")
        );
        assert_eq!(
            chosen_proxy(&[("HTTPS_PROXY", ""), ("https_proxy", "http://a"), ("all_proxy", "http://b")], ORG),
            proxy("b, from all_proxy")
        );
        assert_eq!(chosen_proxy(&[("HTTP_PROXY", "http://p.example")], ORG), None);
        assert_eq!(chosen_proxy(&[("HTTPS_PROXY", "http://p"), ("NO_PROXY", "okta.example")], ORG), None);
        assert_eq!(
            chosen_proxy(&[("HTTPS_PROXY", "http://a"), ("HTTP_PROXY", "http://b")], "http://127.0.0.1:1"),
            proxy("b, from HTTP_PROXY")
        );
    }

    #[test]
    fn proxy_is_shown_without_its_password() {
        let told = chosen_proxy(&[("HTTPS_PROXY", "http://bob:hunter2@p.example:3128")], "https://a.example")
            .unwrap();
        assert_eq!(told, "the proxy p.example:3128, from HTTPS_PROXY");
        let matcher = Matcher::builder().all("http://bob:hunter2@p.example").build();
        let proxies = Proxies::of(matcher, |_| Some("http://bob:hunter2@p.example".into()));
        assert!(!format!("{proxies:?}").contains("hunter2"));
        assert_eq!(&*proxies.hosts(), ["p.example", "p.example"]);
    }
}
