//! A table of hostile answers, each with the outcome of the call: the client ends by itself, takes a bounded part of the
//! answer, sends its credential to no other place, and says in one line what happened.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use fuzz::assert_shown;
use fuzz::hostile::{Answer, Hostile};
use insight_import_client::{Error, ImportClient, OutcomeLimits};

use super::support::hurried;

const CREDENTIAL: &str = "ATCTT3xSecretTokenValue1234567890";
const SOURCE: &str = "/jsm/assets/workspace/w/v1/importsource/i";

/// The end of the call, in a word.
fn outcome(result: Result<String, Error>) -> String {
    let error = match result {
        Ok(told) => return told,
        Err(error) => error,
    };
    let told = format!("{error} {}", error.remedy().map(|remedy| remedy.to_string()).unwrap_or_default());
    assert_shown(&told, 12_000);
    assert!(!format!("{told}{error:?}").contains(CREDENTIAL), "{told}");
    match error {
        Error::Transport { .. } => "broken",
        Error::TimedOut { .. } => "late",
        Error::ResponseTooLarge { .. } => "too large",
        Error::Decode { .. } => "undecodable",
        Error::CrossOriginLink { .. } => "wrong link",
        Error::NotFound { .. } => "not found",
        Error::Unavailable { .. } => "unavailable",
        Error::Forbidden { .. } => "forbidden",
        Error::InvalidImportToken => "dead token",
        Error::InvalidMapping(_) => "invalid mapping",
        Error::QuotaExceeded { .. } => "limit",
        Error::Api { .. } => "refused",
        Error::MappingFailed { .. } => "mapping failed",
        other => return format!("{other:?}"),
    }
    .to_owned()
}

fn client(server: &Hostile, timeout: Duration) -> ImportClient {
    ImportClient::builder(CREDENTIAL.into()).api_url(server.url()).timeout(timeout).build().unwrap()
}

/// The usual time for a request.
const USUAL: Duration = Duration::from_mins(1);
/// The time for requests that are to run out of it.
const SHORT: Duration = Duration::from_secs(5);

/// The links of the import source.
fn info() -> Answer {
    let link = |end: &str| format!("{SOURCE}/{end}");
    Answer::json(format!(
        r#"{{"links":{{"getStatus":"{}","start":"{}","mapping":"{}"}}}}"#,
        link("configstatus"),
        link("executions"),
        link("mapping"),
    ))
}

/// A client of a server that answers everything but the links so.
fn answering(
    timeout: Duration,
    answer: impl Fn(usize) -> Answer + Send + Sync + 'static,
) -> (Hostile, ImportClient) {
    let server = Hostile::start(
        move |number, line| {
            if line.contains("/imports/info") { info() } else { answer(number) }
        },
    );
    let client = client(&server, timeout);
    (server, client)
}

/// The status of the import source, of a server that answers so, with waits that go by at once.
async fn status(answer: Answer) -> String {
    let (_server, client) = answering(USUAL, move |_| answer.clone());
    outcome(hurried(client.config_status()).await.map(|status| format!("{:?}", status.status)))
}

/// The same of a client with little time.
async fn stuck(answer: Answer) -> String {
    let (_server, client) = answering(SHORT, move |_| answer.clone());
    outcome(hurried(client.config_status()).await.map(|status| format!("{:?}", status.status)))
}

/// The start of an execution.
async fn start(answer: Answer) -> String {
    let (_server, client) = answering(USUAL, move |_| answer.clone());
    outcome(hurried(client.start()).await.map(|execution| execution.id().to_owned()))
}

/// The end of an execution.
async fn end(answer: Answer) -> String {
    let (_server, client) = answering(USUAL, move |_| answer.clone());
    let ended = hurried(client.await_outcome("e1", &OutcomeLimits::default())).await;
    outcome(ended.map(|outcome| {
        outcome.messages.iter().for_each(|message| assert_shown(message, 400));
        outcome.types.iter().flat_map(|told| &told.messages).for_each(|message| assert_shown(message, 400));
        format!("{} dropped", outcome.rejected())
    }))
}

/// The links of the import source themselves.
async fn discovery(answer: Answer) -> String {
    let server = Hostile::start(move |_, _| answer.clone());
    let client = client(&server, USUAL);
    outcome(hurried(client.source_id()).await)
}

fn started(links: &str) -> Answer {
    Answer::json(format!("{{\"result\":\"success\",\"links\":{{{links}}}}}"))
}

fn done(progress: &str) -> Answer {
    Answer::json(format!("{{\"status\":\"DONE\",\"progressResult\":{progress}}}"))
}

/// Name, call, answer, outcome.
macro_rules! hostile {
    ($($name:ident: $call:ident($answer:expr) => $outcome:literal;)*) => {
        $(#[tokio::test]
        async fn $name() {
            assert_eq!($call($answer).await, $outcome);
        })*
    };
}

hostile! {
    // No HTTP, or too much of it.
    closed_connection_is_told: status(Answer::raw("")) => "broken";
    noise_is_no_answer: status(Answer::raw((0..=255).collect::<Vec<u8>>())) => "broken";
    http_0_9_is_no_answer: status(Answer::raw("{}")) => "broken";
    silence_ends_the_call: stuck(Answer::raw("").and_silence()) => "broken";
    dripping_head_ends_the_call: stuck(Answer::raw("HTTP/1.1 200 OK\r\nx: ").slowly()) => "broken";
    head_without_end_is_refused: status(Answer::raw("HTTP/1.1 200 OK\r\nx: ").without_end()) => "broken";
    two_hundred_headers_are_refused: status(Answer::http("200 OK", &["x: y"; 200], "{}")) => "broken";
    two_lengths_are_refused:
        status(Answer::raw("HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}x")) => "broken";
    overflowing_chunk_size_is_refused:
        status(Answer::raw("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\n")) => "broken";
    broken_off_body_is_told: status(Answer::raw("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{")) => "broken";
    stopped_body_ends_the_call:
        stuck(Answer::raw("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{").and_silence()) => "broken";
    dripping_body_ends_the_call:
        stuck(Answer::raw("HTTP/1.1 200 OK\r\ncontent-length: 99999\r\n\r\n{").slowly()) => "broken";
    // Refusals.
    redirect_to_a_file_is_refused: status(Answer::http("302 Found", &["location: file:///etc/passwd"], "")) => "refused";
    page_with_404_says_nothing: status(Answer::http("404 No", &["content-type: text/html"], "<p>")) => "unavailable";
    proxy_refusal_is_told: status(Answer::http("407 Proxy", &[], "\u{1b}[2J\u{202e}")) => "forbidden";
    forged_line_in_error_is_hidden:
        status(Answer::http("400 No", &[], "{\"errorMessages\":[\"a\\n2026 ERROR forged\\u001b[2J\\u202e\"]}")) => "refused";
    ten_thousand_messages_are_short:
        status(Answer::http("400 No", &[], format!("{{\"errorMessages\":[{}\"\"]}}", "\"word\",".repeat(10_000)))) => "refused";
    ten_thousand_findings_are_short:
        status(Answer::http("400 No", &[],
            format!("{{\"dataValidationErrors\":[{}null]}}", "{\"code\":\"\\u001b[2J\",\"path\":\"x\"},".repeat(10_000)))) => "invalid mapping";
    echoed_credential_is_hidden:
        status(Answer::http("403 No", &[], "{\"errors\":{\"ATCTT3xSecretTokenValue1234567890\":[\"\\u0041TCTT3xSecretTokenValue1234567890\"]}}")) => "forbidden";
    // Bodies.
    empty_body_is_no_status: status(Answer::json("")) => "undecodable";
    nul_bytes_are_no_status: status(Answer::json([0; 64])) => "undecodable";
    invalid_utf8_is_no_status: status(Answer::json(b"{\"status\":\"\xff\xfe\"}")) => "undecodable";
    gzip_is_not_taken_for_json:
        status(Answer::http("200 OK", &["content-encoding: gzip"], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3])) => "undecodable";
    html_is_no_status: status(Answer::http("200 OK", &["content-type: text/html"], "<h1>Sign in</h1>")) => "undecodable";
    list_is_no_status: status(Answer::json("[]")) => "undecodable";
    deep_nesting_is_refused: status(Answer::json("{\"a\":".repeat(100_000))) => "undecodable";
    lone_surrogate_is_refused: status(Answer::json("{\"status\":\"\\ud800\"}")) => "undecodable";
    doubled_key_is_refused: status(Answer::json("{\"status\":\"IDLE\",\"status\":\"RUNNING\"}")) => "undecodable";
    two_documents_in_one_are_refused: status(Answer::json("{\"status\":\"IDLE\"}{}")) => "undecodable";
    wrong_media_type_is_read: status(Answer::http("200 OK", &["content-type: image/png"], "{\"status\":\"IDLE\"}")) => "Idle";
    header_of_100_kilobytes_is_read:
        status(Answer::http("200 OK", &[&format!("x: {}", "y".repeat(100_000))], "{\"status\":\"IDLE\"}")) => "Idle";
    odd_limit_headers_are_ignored:
        status(Answer::http("200 OK", &["x-ratelimit-remaining: 1e9", "x-ratelimit-reset: Z", "date: never"], "{\"status\":\"IDLE\"}")) => "Idle";
    // Links.
    source_elsewhere_is_refused:
        discovery(Answer::json("{\"links\":{\"getStatus\":\"//evil.example/a\",\"start\":\"/b\",\"mapping\":\"/i/mapping\"}}")) => "wrong link";
    source_of_another_scheme_is_refused:
        discovery(Answer::json("{\"links\":{\"getStatus\":\"/a\",\"start\":\"/b\",\"mapping\":\"file:///i/mapping\"}}")) => "wrong link";
    source_without_links_is_refused: discovery(Answer::json("{\"links\":{}}")) => "wrong link";
    source_of_numbers_is_refused: discovery(Answer::json("{\"links\":{\"mapping\":7}}")) => "undecodable";
    execution_elsewhere_is_refused:
        start(started("\"submitResults\":\"https://evil.example/e1/data\",\"getExecutionStatus\":\"/e1/status\",\"cancel\":\"/e1\"")) => "wrong link";
    execution_without_status_is_refused: start(started("\"submitResults\":\"/e1/data\",\"cancel\":\"/e1\"")) => "wrong link";
    relative_links_stay_at_home:
        start(started("\"submitResults\":\"/x/../e1/data\",\"getExecutionStatus\":\"/e1/status\",\"cancel\":\"/e1\"")) => "e1";
    conflict_of_control_characters_is_hidden:
        start(Answer::http("409 Conflict", &[], "{\"errorCode\":\"\\u001b[2J\\u202e\\nERROR\"}")) => "refused";
    // Outcomes.
    absurd_counters_do_not_overflow:
        end(done("{\"objectTypeResultMap\":{\"1\":{\"entriesInSource\":18446744073709551615,\"objectsCreated\":18446744073709551615,\"objectsUpdated\":1}}}")) => "0 dropped";
    counters_beyond_range_are_refused: end(done("{\"objectTypeResultMap\":{\"1\":{\"entriesInSource\":1e400}}}")) => "undecodable";
    control_characters_in_messages_are_hidden:
        end(done("{\"errorMessages\":{\"\\u001b[2J\":[\"\\u202e\\u0000\",[[\"a\\nb\"]]]}}")) => "0 dropped";
    outcome_of_another_shape_is_empty: end(done("[{\"result\":7}]")) => "0 dropped";
}

/// A user name would be sent in the place of the token.
#[tokio::test]
async fn link_with_a_user_is_refused() {
    let own = Arc::<OnceLock<String>>::default();
    let known = Arc::clone(&own);
    let server = Hostile::start(move |_, line| {
        if line.contains("/imports/info") {
            return info();
        }
        let at = known.get().unwrap().replace("http://", "http://user:password@");
        started(&format!(
            "\"submitResults\":\"{at}/e1/data\",\"getExecutionStatus\":\"{at}/e1/status\",\"cancel\":\"{at}/e1\""
        ))
    });
    own.set(server.url().to_owned()).unwrap();
    let error = client(&server, USUAL).start().await.unwrap_err();
    assert!(error.to_string().contains("username or password"), "{error}");
}

#[tokio::test]
async fn throttling_for_centuries_is_cut() {
    let (server, client) = answering(USUAL, |number| match number {
        0..3 => Answer::http("503 Busy", &["retry-after: 18446744073709551615"], "<p>"),
        _ => Answer::json("{\"status\":\"IDLE\"}"),
    });
    let told = outcome(hurried(client.config_status()).await.map(|status| format!("{:?}", status.status)));
    assert_eq!((told.as_str(), server.requests()), ("Idle", 4));
}

#[tokio::test]
async fn redirects_without_end_are_not_followed() {
    let (server, client) = answering(USUAL, |n| {
        Answer::http("307 Again", &[&format!("location: {SOURCE}/configstatus?n={n}")], "")
    });
    let told = outcome(client.config_status().await.map(|status| format!("{:?}", status.status)));
    assert_eq!((told.as_str(), server.requests()), ("refused", 2));
}

/// As fast as they come: they are long.
async fn unhurried(answer: Answer) -> String {
    let (_server, client) = answering(USUAL, move |_| answer.clone());
    outcome(client.config_status().await.map(|status| format!("{:?}", status.status)))
}

#[tokio::test]
async fn body_without_end_is_refused() {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{";
    assert_eq!(unhurried(Answer::raw(head).without_end()).await, "too large");
}

#[tokio::test]
async fn body_of_absurd_length_is_refused() {
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 9223372036854775807\r\n\r\n{";
    assert_eq!(unhurried(Answer::raw(head).without_end()).await, "too large");
}

#[tokio::test]
async fn refusal_without_end_is_refused() {
    assert_eq!(unhurried(Answer::raw("HTTP/1.1 400 No\r\n\r\n<p>").without_end()).await, "too large");
}
