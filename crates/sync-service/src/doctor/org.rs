//! The org before anybody signs in: its address, who answers there, and its clock.

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use reqwest::header::{DATE, HeaderMap};
use reqwest::{StatusCode, Url};
use serde_json::Value;
use sync_engine::Service;

use super::check::{Check, CheckArea, Item};
use super::probe::{self, Answered, Silence};
use crate::{ConfigError, ConnectionConfig};

/// The reported offset from the clock of Assets, in seconds.
const FAR_FROM_ASSETS: u64 = 30;

const CLOCK: Item = Item::new("clock", CheckArea::Host, "Clock");
pub(super) const URL: Item = Item::new("okta.url", CheckArea::Okta, "Org URL");
pub(super) const REACHABLE: Item = Item::new("okta.reachable", CheckArea::Okta, "Reachable");

/// Below, the whole seconds of `Date` and the way of the answer explain it.
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
pub(super) async fn look(connection: &ConnectionConfig, wrong: Option<&ConfigError>) -> Org {
    let key = format!("connections.{}.okta.org_url", connection.name);
    let given = &connection.okta.org_url;
    let url = match (wrong, Url::parse(given.trim())) {
        (None, Ok(url)) => url,
        (wrong, _) => {
            let told = wrong.map_or_else(|| "it is not a URL".to_owned(), |error| crate::error_chain(error));
            let remedy = format!(
                "set {key} to the org's own address, https://example.okta.com, without -admin and path"
            );
            return Org {
                clock: CLOCK.needs(REACHABLE),
                url: URL.problem(told, remedy),
                reachable: REACHABLE.needs(URL),
            };
        }
    };
    let mut about = url.clone();
    about.set_path("/.well-known/okta-organization");
    match REACHABLE.timed(probe::ask(&about, connection.allow_private_addresses)).await {
        Ok(Ok(answer)) => answered(&url, &key, answer).await,
        Ok(Err(silence)) => silent(&key, &silence),
        Err(late) => Org { clock: CLOCK.needs(REACHABLE), url: URL.needs(REACHABLE), reachable: late },
    }
}

fn silent(key: &str, silence: &Silence) -> Org {
    let reachable = REACHABLE.problem(silence.tell(), silence.remedy(Service::Okta, key));
    Org { clock: CLOCK.needs(REACHABLE), url: URL.needs(REACHABLE), reachable }
}

async fn answered(url: &Url, key: &str, answer: Answered) -> Org {
    let Answered { response, through } = answer;
    let host = probe::host(url);
    let clock = clock(response.headers());
    let status = response.status();
    if status.is_redirection() {
        let problem = URL.problem(
            format!("{host} answers with a redirect{through}, as the address of the admin console does"),
            format!(
                "set {key} to the org's own address: in the Admin Console, the menu under your name shows it"
            ),
        );
        return Org { clock, url: problem, reachable: REACHABLE.ok(format!("{host} answers{through}")) };
    }
    // Every answer of Okta's API has it; the page about the org is also known by what it says.
    let marked = response.headers().contains_key("x-okta-request-id");
    let told = probe::json(response).await.unwrap_or_default();
    let org = told["id"].as_str().filter(|id| id.starts_with("00o"));
    if !marked && org.is_none() && told["errorCode"].as_str().is_none_or(|code| !code.starts_with("E0")) {
        let problem = REACHABLE.problem(
            format!("{host} answers with status {}{through}, and not as an Okta org does", status.as_u16()),
            format!("check {key}; it looks like https://example.okta.com, or is the org's custom domain"),
        );
        return Org { clock: CLOCK.needs(REACHABLE), url: URL.needs(REACHABLE), reachable: problem };
    }
    if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
        let problem = REACHABLE.problem(
            format!("{host} is an Okta org and answers with status {}{through}", status.as_u16()),
            "see status.okta.com, and look again in a few minutes",
        );
        return Org { clock, url: URL.needs(REACHABLE), reachable: problem };
    }
    let tls =
        if url.scheme() == "https" { "over TLS with a certificate that is trusted" } else { "without TLS" };
    Org {
        clock,
        url: named(url, &told, org),
        reachable: REACHABLE.ok(format!("{host} answers {tls}{through}")),
    }
}

/// The org at the URL, and if it is the expected one.
fn named(url: &Url, told: &Value, org: Option<&str>) -> Check {
    let Some(org) = org else { return URL.ok(format!("{} is an Okta org", probe::host(url))) };
    let own = told.pointer("/_links/organization/href").and_then(Value::as_str).unwrap_or_default();
    match Url::parse(own) {
        Ok(own) if own.host_str() != url.host_str() => {
            URL.ok(format!("a custom domain of the org {org}, whose own address is {}", probe::host(&own)))
        }
        _ => URL.ok(format!("the own address of the org {org}")),
    }
}

fn clock(headers: &HeaderMap) -> Check {
    static PARSER: DateTimeParser = DateTimeParser::new();
    let date = headers.get(DATE).and_then(|value| PARSER.parse_timestamp(value.to_str().ok()?).ok());
    let Some(date) = date else {
        return CLOCK.unknown("the org's answer has no date", "keep this machine's clock right with NTP");
    };
    let skew = date.duration_since(Timestamp::now());
    let (off, remedy) =
        (skew.unsigned_abs().as_secs(), "set this machine's clock, and keep it right with NTP");
    let way = if skew.is_negative() { "ahead of" } else { "behind" };
    match off {
        0..=NOISE => CLOCK.ok("as the org's, to a few seconds"),
        _ if off <= FAR => CLOCK.warning(format!("{off} s {way} the org's"), remedy),
        _ => CLOCK.problem(format!("{off} s {way} the org's"), remedy),
    }
}

/// The same check with the clock of Assets, if it has responded: the worse of the two counts.
pub(super) fn with_assets(clock: Check, skew_seconds: Option<i64>) -> Check {
    match skew_seconds {
        Some(skew) if clock.holds() && skew.unsigned_abs() > FAR_FROM_ASSETS => {
            let way = if skew < 0 { "ahead of" } else { "behind" };
            CLOCK.warning(
                format!("{} s {way} that of Assets", skew.unsigned_abs()),
                "set this machine's clock, and keep it right with NTP; if it is right, a proxy on the way dates answers",
            )
        }
        _ => clock,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_custom_domain_is_told_with_the_address_of_its_org() {
        let about = json!({ "_links": { "organization": { "href": "https://acme.okta.com" } } });
        let told = |url: &str| named(&Url::parse(url).unwrap(), &about, Some("00o1")).details;
        assert_eq!(told("https://acme.okta.com"), "the own address of the org 00o1");
        let custom = told("https://id.acme.example");
        assert_eq!(custom, "a custom domain of the org 00o1, whose own address is acme.okta.com");
    }
}
