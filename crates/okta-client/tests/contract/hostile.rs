//! A table of hostile answers, each with the outcome of the call: the client ends by itself, takes a bounded part of the
//! answer, sends its credential to no other place, and says in one line what happened.

use futures::TryStreamExt;
use std::time::Duration;

use fuzz::assert_shown;
use fuzz::hostile::{Answer, Hostile};
use okta_client::{Error, OktaClient, UserQuery};

use super::support::hurried;

const CREDENTIAL: &str = "00AbSecretTokenValue1234567890";
const USERS: &str = "/api/v1/users";

fn user(id: &str) -> String {
    format!(r#"{{"id":"{id}","status":"ACTIVE","profile":{{"login":"a"}}}}"#)
}

fn list(items: &[&str]) -> Answer {
    Answer::json(format!("[{}]", items.join(",")))
}

/// A page with links.
fn linked(links: &[&str]) -> Answer {
    let links: Vec<String> = links.iter().map(|link| format!("link: {link}")).collect();
    let links: Vec<&str> = links.iter().map(String::as_str).collect();
    Answer::http("200 OK", &links, format!("[{}]", user("00u1")))
}

/// The end of the call, in a word.
fn outcome(result: Result<usize, Error>) -> String {
    let error = match result {
        Ok(count) => return format!("{count} read"),
        Err(error) => error,
    };
    let told = format!("{error} {}", error.remedy().map(|remedy| remedy.to_string()).unwrap_or_default());
    assert_shown(&told, 1500);
    assert!(!format!("{told}{error:?}").contains(CREDENTIAL), "{told}");
    match error {
        Error::Transport { .. } => "broken",
        Error::TimedOut { .. } => "late",
        Error::TooLarge { .. } => "too large",
        Error::Decode { .. } => "undecodable",
        Error::Redirect { .. } => "redirect",
        Error::CircularPages { .. } => "circle",
        Error::OtherListing { .. } => "other listing",
        Error::BrokenLink { .. } => "broken link",
        Error::Item { .. } => "unreadable item",
        Error::Blocked { .. } => "blocked",
        Error::Misrouted { .. } => "misrouted",
        Error::Unavailable { .. } => "unavailable",
        Error::RateLimited { .. } => "rate limited",
        Error::Credentials { .. } => "credentials",
        Error::Api { .. } => "refused",
        other => return format!("{other:?}"),
    }
    .to_owned()
}

fn client(server: &Hostile) -> OktaClient {
    OktaClient::builder(server.url()).api_token(CREDENTIAL.into()).build().unwrap()
}

async fn listed(okta: &OktaClient) -> Result<usize, Error> {
    let users = okta.users().list(&UserQuery::default());
    users.try_fold(0, |count, _| async move { Ok(count + 1) }).await
}

/// Listing users of a server that answers so, with waits that go by at once.
async fn play(answer: impl Fn(usize, &str) -> Answer + Send + Sync + 'static) -> (String, usize) {
    let server = Hostile::start(answer);
    let okta = client(&server);
    let told = outcome(hurried(listed(&okta)).await);
    (told, server.requests())
}

/// Listing users of a server that always answers so.
async fn users(answer: Answer) -> String {
    play(move |_, _| answer.clone()).await.0
}

/// The same of a client with little time for a request.
async fn stuck(answer: Answer) -> String {
    let server = Hostile::start(move |_, _| answer.clone());
    let okta = OktaClient::builder(server.url()).api_token(CREDENTIAL.into()).timeout(Duration::from_secs(5));
    let okta = okta.build().unwrap();
    outcome(hurried(listed(&okta)).await)
}

/// Call; then of each row the name, the answer to every request, and the outcome.
macro_rules! hostile {
    ($call:ident; $($name:ident: $answer:expr => $outcome:literal;)*) => {
        $(#[tokio::test]
        async fn $name() {
            assert_eq!($call($answer).await, $outcome);
        })*
    };
}

hostile! {
    users;
    // No HTTP, or too much of it.
    closed_connection_is_told: Answer::raw("") => "broken";
    noise_is_no_answer: Answer::raw((0..=255).collect::<Vec<u8>>()) => "broken";
    tls_alert_is_no_answer: Answer::raw(b"\x15\x03\x03\x00\x02\x02\x28".to_vec()) => "broken";
    http2_preface_is_no_answer: Answer::raw("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") => "broken";
    http_0_9_is_no_answer: Answer::raw("[]") => "broken";
    head_without_end_is_refused: Answer::raw("HTTP/1.1 200 OK\r\nx: ").without_end() => "broken";
    two_hundred_headers_are_refused: Answer::http("200 OK", &["x: y"; 200], "[]") => "broken";
    header_with_nul_is_refused: Answer::http("200 OK", &["x: a\0b"], "[]") => "broken";
    two_lengths_are_refused: Answer::raw("HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n[]x") => "broken";
    negative_length_is_refused: Answer::raw("HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n[]") => "broken";
    odd_chunk_size_is_refused: Answer::raw("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n[]\r\n") => "broken";
    overflowing_chunk_size_is_refused:
        Answer::raw("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\n") => "broken";
    broken_off_body_is_told: Answer::raw("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n[") => "broken";
    // Odd statuses.
    unknown_status_is_told: Answer::http("799 Odd", &[], "<p>\u{1b}[2Jodd") => "refused";
    status_without_words_is_told: Answer::raw("HTTP/1.1 403\r\ncontent-length: 0\r\n\r\n") => "blocked";
    redirect_to_a_file_is_refused: Answer::http("302 Found", &["location: file:///etc/passwd"], "") => "redirect";
    forged_line_in_error_is_hidden:
        Answer::http("403 No", &[], "{\"errorCode\":\"E\\n2026 ERROR forged\",\"errorSummary\":\"\\u001b[2J\\u202e\"}") => "refused";
    echoed_credential_is_hidden:
        Answer::http("403 No", &["www-authenticate: SSWS 00AbSecretTokenValue1234567890"],
            "\u{feff}{\"errorCode\":\"E1\",\"errorSummary\":\"00\\u0041bSecretTokenValue1234567890\"}") => "refused";
    refusal_of_one_megabyte_is_short: Answer::http("400 No", &[], "word ".repeat(200_000)) => "blocked";
    // Bodies.
    empty_body_is_no_page: Answer::json("") => "undecodable";
    nul_bytes_are_no_page: Answer::json([0; 64]) => "undecodable";
    invalid_utf8_is_no_page: Answer::json(b"[{\"id\":\"\xff\xfe\"}]") => "undecodable";
    gzip_is_not_taken_for_json:
        Answer::http("200 OK", &["content-encoding: gzip"], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]) => "undecodable";
    html_is_no_page: Answer::http("200 OK", &["content-type: text/html"], "<h1>Sign in</h1>") => "undecodable";
    object_is_no_page: Answer::json("{}") => "undecodable";
    deep_nesting_is_refused: Answer::json("[".repeat(100_000)) => "undecodable";
    lone_surrogate_makes_one_unreadable:
        Answer::json("[{\"id\":\"00u1\",\"status\":\"ACTIVE\",\"profile\":{\"login\":\"\\ud800\"}}]") => "unreadable item";
    number_beyond_range_makes_one_unreadable:
        Answer::json("[{\"id\":\"00u1\",\"status\":\"ACTIVE\",\"profile\":{\"n\":1e400}}]") => "unreadable item";
    two_pages_in_one_are_refused: Answer::json("[][]") => "undecodable";
    wrong_media_type_is_read: Answer::http("200 OK", &["content-type: image/png"], "[]") => "0 read";
    byte_order_mark_is_read: Answer::json("\u{feff}[]") => "0 read";
    huge_integer_is_read:
        Answer::json("[{\"id\":\"00u1\",\"status\":\"ACTIVE\",\"profile\":{\"n\":99999999999999999999999}}]") => "1 read";
    control_characters_in_names_are_read:
        Answer::json("[{\"id\":\"00u1\",\"status\":\"A\\u0000\\u202e\",\"profile\":{\"login\":\"\\u001b[2J\\u0000\"}}]") => "1 read";
    doubled_key_reads_as_the_last: list(&["{\"id\":\"00u1\",\"id\":\"00u2\",\"status\":\"ACTIVE\",\"profile\":{}}"]) => "1 read";
    path_in_an_id_is_named: list(&[&user("00u1"), &user("../../00u2"), &user("00u3")]) => "unreadable item";
    direction_mark_in_id_is_reported: list(&[&user("00u1\u{202e}")]) => "unreadable item";
    null_item_is_named: list(&[&user("00u1"), "null"]) => "unreadable item";
    // Odd headers of a good answer.
    odd_rate_headers_are_ignored:
        Answer::http("200 OK", &["x-rate-limit-limit: -1", "x-rate-limit-remaining: 1e9",
            "x-rate-limit-reset: 18446744073709551616", "date: Fri, 31 Dec 9999 23:59:59 GMT"], "[]") => "0 read";
    header_of_100_kilobytes_is_read: Answer::http("200 OK", &[&format!("x: {}", "y".repeat(100_000))], "[]") => "0 read";
    link_that_is_cut_is_told: linked(&["</api/v1/users?after=a"]) => "broken link";
    link_of_other_bytes_is_told: linked(&["</api/v1/users?after=\u{fc}>; rel=\"next\""]) => "broken link";
    link_to_another_listing_is_refused: linked(&["</api/v1/groups>; rel=\"next\""]) => "other listing";
    link_upwards_is_refused: linked(&["</api/v1/users/../apps>; rel=\"next\""]) => "other listing";
    link_to_a_script_is_refused: linked(&["<javascript:alert(1)>; rel=\"next\""]) => "other listing";
    link_to_itself_is_a_circle: linked(&["</api/v1/users?limit=200>; rel=\"next\""]) => "circle";
    repeated_next_link_is_circular: linked(&["</api/v1/users?after=1>; rel=\"next\""]) => "circle";
}

hostile! {
    stuck;
    silence_ends_the_call: Answer::raw("").and_silence() => "broken";
    half_a_head_ends_the_call: Answer::raw("HTTP/1.1 200 OK\r\nx: y\r\n").and_silence() => "broken";
    dripping_head_ends_the_call: Answer::raw("HTTP/1.1 200 OK\r\nx: ").slowly() => "broken";
    stopped_body_ends_the_call: Answer::raw("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n[").and_silence() => "broken";
    dripping_body_ends_the_call: Answer::raw("HTTP/1.1 200 OK\r\ncontent-length: 99999\r\n\r\n[").slowly() => "broken";
}

#[tokio::test]
async fn circular_links_of_three_end() {
    let next = |number| linked(&[&format!("<{USERS}?after={}>; rel=\"next\"", number % 3)]);
    let (told, requests) = play(move |number, _| next(number)).await;
    assert_eq!(told, "circle");
    assert!(requests < 12, "{requests}");
}

#[tokio::test]
async fn empty_pages_without_end_end() {
    let next =
        |number| Answer::http("200 OK", &[&format!("link: <{USERS}?after={number}>; rel=\"next\"")], "[]");
    let (told, requests) = play(move |number, _| next(number)).await;
    assert_eq!(told, "circle");
    assert!(requests < 60, "{requests}");
}

#[tokio::test]
async fn redirects_without_end_are_not_followed() {
    let (told, requests) =
        play(|number, _| Answer::http("307 Again", &[&format!("location: {USERS}?after={number}")], ""))
            .await;
    assert_eq!((told.as_str(), requests), ("redirect", 1));
}

#[tokio::test]
async fn throttling_for_centuries_ends() {
    let (told, _) = play(|_, _| Answer::http("429 Later", &["retry-after: 18446744073709551615"], "")).await;
    assert_eq!(told, "rate limited");
}

/// As fast as they come: they are long.
async fn unhurried(answer: Answer) -> String {
    let server = Hostile::start(move |_, _| answer.clone());
    outcome(listed(&client(&server)).await)
}

#[tokio::test]
async fn body_without_end_is_refused() {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n[";
    assert_eq!(unhurried(Answer::raw(head).without_end()).await, "too large");
}

#[tokio::test]
async fn body_of_absurd_length_is_refused() {
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 9223372036854775807\r\n\r\n[";
    assert_eq!(unhurried(Answer::raw(head).without_end()).await, "too large");
}

#[tokio::test]
async fn refusal_without_end_is_refused() {
    assert_eq!(unhurried(Answer::raw("HTTP/1.1 400 No\r\n\r\n<p>").without_end()).await, "too large");
}
