//! The org before sign-in: its URL, the server at that URL, and its clock.

use jiff::fmt::rfc2822::DateTimeParser;
use reqwest::header::{DATE, HeaderMap};
use reqwest::{StatusCode, Url};
use serde_json::Value;
use sync_config::{ConfigError, ConnectionConfig};
use sync_engine::{Clock, Fact, Finding, Remedy, Service, SystemClock};

use crate::area::CheckArea;
use crate::check::{Check, Item};
use crate::observation::Observation;
use crate::probe::{self, ProbeResponse, Silence};

/// The reported offset from the clock of Assets, in seconds.
const FAR_FROM_ASSETS: u64 = 30;

const CLOCK: Item = Item::new("clock", CheckArea::Host, "Clock");
pub(super) const URL: Item = Item::new("okta.url", CheckArea::Okta, "Org URL");
pub(super) const REACHABLE: Item = Item::new("okta.reachable", CheckArea::Okta, "Reachable");

/// Below this, the whole seconds of `Date` and the transport explain it.
const NOISE: u64 = 5;
/// Above, times in Assets, in the log and in every figure are wrong beyond use.
const FAR: u64 = 300;

/// The results, and the possibility to sign in.
pub(super) struct Org {
    pub(super) clock: Check,
    pub(super) url: Check,
    pub(super) reachable: Check,
}

/// Checks the org's URL. `wrong` is the configuration error of an invalid URL.
pub(super) async fn check(connection: &ConnectionConfig, wrong: Option<&ConfigError>) -> Org {
    let given = &connection.okta.org_url;
    let url = match (wrong, Url::parse(given.trim())) {
        (None, Ok(url)) => url,
        (wrong, _) => {
            let seen = wrong.map_or(Observation::InvalidUrl, |error| Observation::error(error));
            return Org {
                clock: CLOCK.needs(REACHABLE),
                url: URL.problem([seen], [Remedy::CorrectOrgUrl]),
                reachable: REACHABLE.needs(URL),
            };
        }
    };
    let mut about = url.clone();
    about.set_path("/.well-known/okta-organization");
    match REACHABLE.timed(probe::request(&about, connection.allow_private_addresses)).await {
        Ok(Ok(answer)) => answered(&url, answer).await,
        Ok(Err(silence)) => silent(&silence),
        Err(late) => Org { clock: CLOCK.needs(REACHABLE), url: URL.needs(REACHABLE), reachable: late },
    }
}

fn silent(silence: &Silence) -> Org {
    let remedies = silence.remedies(Service::Okta, "okta.org_url");
    let reachable = REACHABLE.problem([silence.observation()], remedies);
    Org { clock: CLOCK.needs(REACHABLE), url: URL.needs(REACHABLE), reachable }
}

async fn answered(url: &Url, answer: ProbeResponse) -> Org {
    let ProbeResponse { response, proxy } = answer;
    let (host, is_encrypted) = (probe::host(url), url.scheme() == "https");
    let clock = clock(response.headers());
    let status = response.status();
    if status.is_redirection() {
        let redirects = Observation::Redirects { host: host.clone(), proxy: proxy.clone() };
        let url = URL.problem([redirects], [Remedy::CorrectOrgUrl]);
        let reachable = REACHABLE.ok(Observation::Responds { host, is_encrypted, proxy });
        return Org { clock, url, reachable };
    }
    // Every Okta API response has the header; the content identifies the org's own page.
    let marked = response.headers().contains_key("x-okta-request-id");
    let document = probe::json(response).await.unwrap_or_default();
    let org = document["id"].as_str().filter(|id| id.starts_with("00o"));
    if !marked && org.is_none() && document["errorCode"].as_str().is_none_or(|code| !code.starts_with("E0")) {
        let (service, status) = (Service::Okta, status.as_u16());
        let other = Observation::UnexpectedResponse { service, host, status, proxy };
        let problem = REACHABLE.problem([other], [Remedy::CorrectOrgUrl]);
        return Org { clock: CLOCK.needs(REACHABLE), url: URL.needs(REACHABLE), reachable: problem };
    }
    if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
        let unavailable = Observation::OrgUnavailable { host, status: status.as_u16(), proxy };
        let later = Remedy::CheckServiceStatus { service: Service::Okta };
        let problem = REACHABLE.problem([unavailable], [later]);
        return Org { clock, url: URL.needs(REACHABLE), reachable: problem };
    }
    let reachable = REACHABLE.ok(Observation::Responds { host, is_encrypted, proxy });
    Org { clock, url: URL.ok(named(url, &document, org)), reachable }
}

/// The org at the URL, and if it is the expected one.
fn named(url: &Url, document: &Value, org: Option<&str>) -> Observation {
    let Some(org) = org.map(str::to_owned) else { return Observation::Org { host: probe::host(url) } };
    let own = document.pointer("/_links/organization/href").and_then(Value::as_str).unwrap_or_default();
    match Url::parse(own) {
        Ok(own) if own.host_str() != url.host_str() => {
            Observation::CustomDomain { org, own: probe::host(&own) }
        }
        _ => Observation::OwnDomain { org },
    }
}

fn clock(headers: &HeaderMap) -> Check {
    static PARSER: DateTimeParser = DateTimeParser::new();
    let date = headers.get(DATE).and_then(|value| PARSER.parse_timestamp(value.to_str().ok()?).ok());
    let Some(date) = date else { return CLOCK.unknown(Observation::ClockUnknown, [Remedy::SetClock]) };
    let seconds = date.duration_since(SystemClock.now()).as_secs();
    let skewed = Fact::ClockSkewed { service: Service::Okta, seconds };
    match seconds.unsigned_abs() {
        0..=NOISE => CLOCK.ok(Observation::ClockCorrect),
        off if off <= FAR => CLOCK.warned(vec![Finding::warning(skewed)]),
        _ => CLOCK.failed(vec![Finding::error(skewed)]),
    }
}

/// The same check with the clock of Assets, if it has responded: the worse of the two counts.
pub(super) fn with_assets(clock: Check, skew_seconds: Option<i64>) -> Check {
    match skew_seconds {
        Some(seconds) if clock.holds() && seconds.unsigned_abs() > FAR_FROM_ASSETS => {
            CLOCK.warned(vec![Finding::warning(Fact::ClockSkewed { service: Service::Assets, seconds })])
        }
        _ => clock,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn custom_domain_names_own_domain() {
        let about = json!({ "_links": { "organization": { "href": "https://acme.okta.com" } } });
        let seen = |url: &str| named(&Url::parse(url).unwrap(), &about, Some("00o1"));
        let org = "00o1".to_owned();
        assert_eq!(seen("https://acme.okta.com"), Observation::OwnDomain { org: org.clone() });
        let own = "acme.okta.com".to_owned();
        assert_eq!(seen("https://id.acme.example"), Observation::CustomDomain { org, own });
    }
}
