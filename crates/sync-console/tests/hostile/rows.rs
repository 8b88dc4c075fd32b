//! The rows: a name, the bytes, and what comes of them.

#[path = "shapes.rs"]
mod shapes;

use serde_json::json;
use shapes::shapes;

/// The listener that a row goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum To {
    Hook,
    Console,
}

/// Hostile input, and what is expected: statuses, `closed`, or `no HTTP/1`, with `|` between them.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) to: To,
    pub(crate) bytes: Vec<u8>,
    pub(crate) expected: &'static str,
    /// The client ends its half of the connection.
    pub(crate) cut: bool,
    /// The answer is read to the end of the connection.
    pub(crate) to_the_end: bool,
}

impl Row {
    fn cut(mut self) -> Self {
        self.cut = true;
        self
    }

    fn whole(mut self) -> Self {
        self.to_the_end = true;
        self
    }
}

fn raw(to: To, name: &'static str, bytes: impl Into<Vec<u8>>, expected: &'static str) -> Row {
    Row { name, to, bytes: bytes.into(), expected, cut: false, to_the_end: false }
}

/// A request of HTTP/1.1 with a host and these lines; a body gets its length.
fn request(first: &str, lines: &[&str], body: &[u8]) -> Vec<u8> {
    let mut head = format!("{first} HTTP/1.1\r\nhost: h\r\n");
    for line in lines {
        head.push_str(line);
        head.push_str("\r\n");
    }
    let measured = lines.iter().any(|line| {
        let line = line.to_lowercase();
        line.starts_with("content-length") || line.starts_with("transfer-encoding")
    });
    if !body.is_empty() && !measured {
        head = format!("{head}content-length: {}\r\n", body.len());
    }
    [format!("{head}\r\n").as_bytes(), body].concat()
}

/// A delivery of one event.
pub(crate) fn delivery(id: &str) -> String {
    json!({"eventId": id, "data": {"events": [{"uuid": id, "published": "2026-03-01T12:30:02.345Z",
        "eventType": "user.account.update_profile", "target": [{"id": "00u1", "type": "User"}]}]}})
    .to_string()
}

const POST: &str = "POST /hooks/okta/main";

pub(crate) fn rows(secret: &str, token: &str) -> Vec<Row> {
    [strangers(secret), deliveries(secret), paths(), console_strangers(), console_api(token), shapes(token)]
        .into_iter()
        .flatten()
        .collect()
}

/// Deliveries with a wrong secret, of every form.
fn strangers(secret: &str) -> Vec<Row> {
    let body = delivery("hostile");
    let with = |line: &str| request(POST, &[line], body.as_bytes());
    let auth = |value: &str| with(&format!("authorization: {value}"));
    let upper = secret.to_uppercase();
    let two = [format!("authorization: {secret}x"), format!("authorization: {secret}")];
    let two: Vec<&str> = two.iter().map(String::as_str).collect();
    let row = |name, bytes: Vec<u8>, expected| raw(To::Hook, name, bytes, expected);
    vec![
        row("no secret", request(POST, &[], body.as_bytes()), "401"),
        row("empty secret", auth(""), "401"),
        row("wrong secret", auth("s3cret"), "401"),
        row("beginning of the secret", auth(&secret[..secret.len() - 1]), "401"),
        row("secret and more", auth(&format!("{secret}x")), "401"),
        row("secret in capitals", auth(&format!("{upper}-")), "401"),
        row("secret as bearer", auth(&format!("Bearer {secret}")), "401"),
        row("secret as basic", auth("Basic czNjcmV0OnMzY3JldA=="), "401"),
        row("secret in quotes", auth(&format!("\"{secret}\"")), "401"),
        row("secret twice in one line", auth(&format!("{secret}, {secret}")), "401"),
        row("wrong secret before the right one", request(POST, &two, body.as_bytes()), "401"),
        row("secret in another header", with(&format!("x-authorization: {secret}")), "401"),
        row("secret in a cookie", with(&format!("cookie: authorization={secret}")), "401"),
        row("secret of 20,000 letters", auth(&"s3cret".repeat(3_500)), "401"),
        row("secret with a NUL", auth("s3cret\0"), "400"),
        row(
            "secret that is no UTF-8",
            [b"POST /hooks/okta/main HTTP/1.1\r\nhost: h\r\nauthorization: \xff\xfe\r\n\r\n".as_slice()]
                .concat(),
            "401",
        ),
        row("secret with a line break", auth("s3cret\r\n folded"), "400|401"),
        row("body of a stranger that never comes", request(POST, &["content-length: 4000000"], b""), "401"),
        row(
            "chunks of a stranger without end",
            request(POST, &["transfer-encoding: chunked"], b"5\r\nhello\r\n"),
            "401",
        ),
        row(
            "stranger that expects to continue",
            request(POST, &["content-length: 100", "expect: 100-continue"], b""),
            "401",
        ),
        row(
            "challenge with a wrong secret",
            request(
                "GET /hooks/okta/main",
                &["x-okta-verification-challenge: s3cret", "authorization: wrong"],
                b"",
            ),
            "401",
        ),
        row("no challenge", request("GET /hooks/okta/main", &[], b""), "400"),
        row(
            "challenge that is no text",
            b"GET /hooks/okta/main HTTP/1.1\r\nhost: h\r\nx-okta-verification-challenge: \xff\r\n\r\n"
                .to_vec(),
            "400",
        ),
    ]
}

/// Deliveries with the right secret that are none.
fn deliveries(secret: &str) -> Vec<Row> {
    let auth = format!("authorization: {secret}");
    let sent = |body: &[u8]| request(POST, &[&auth], body);
    let chunked = |body: &[u8]| request(POST, &[&auth, "transfer-encoding: chunked"], body);
    let long = |length: &str| request(POST, &[&auth, &format!("content-length: {length}")], b"{}");
    let row = |name, bytes: Vec<u8>, expected| raw(To::Hook, name, bytes, expected);
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let whole = delivery("hostile");
    vec![
        row("empty body", sent(b""), "400"),
        row("body that is no JSON", sent(b"s3cret"), "400"),
        row("body that is no UTF-8", sent(b"{\"eventId\":\"\xff\xfe\"}"), "400"),
        row("body of NULs", sent(&[0; 64]), "400"),
        row("JSON that is very deep", sent(deep.as_bytes()), "400"),
        row("list in the place of a delivery", sent(b"[]"), "400"),
        row("number in the place of a delivery", sent(b"1e400"), "400"),
        row("events that are no list", sent(b"{\"eventId\":\"x\",\"data\":{\"events\":7}}"), "400"),
        row("delivery that breaks off", sent(&whole.as_bytes()[..whole.len() / 2]), "400"),
        row("delivery twice in one body", sent(format!("{whole}{whole}").as_bytes()), "400"),
        row(
            "gzip bomb",
            request(POST, &[&auth, "content-encoding: gzip"], &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]),
            "400",
        ),
        row(
            "body that is cut",
            request(POST, &[&auth, "content-length: 1000"], b"{\"eventId\""),
            "400|closed",
        )
        .cut(),
        row("body that stops", request(POST, &[&auth, "content-length: 1000"], b"{\"eventId\""), "400"),
        row("chunks that stop", chunked(b"5\r\nhello\r\n"), "400"),
        row("chunk of a size that is none", chunked(b"zz\r\nhello\r\n0\r\n\r\n"), "400"),
        row("chunk of a size that overflows", chunked(b"ffffffffffffffffff\r\n"), "400"),
        row("chunk extension without end", chunked(&[b"5;".as_slice(), &[b'x'; 40_000]].concat()), "400"),
        row("body of 5 MiB", request(POST, &[&auth, "content-length: 5242880"], b""), "413"),
        row("length of 2^64", long("18446744073709551616"), "400"),
        row("length of 2^63", long("9223372036854775808"), "400|413"),
        row("negative length", long("-1"), "400"),
        row("length in hexadecimal", long("0x2"), "400"),
        row(
            "two lengths that differ",
            request(POST, &[&auth, "content-length: 2", "content-length: 3"], b"{}x"),
            "400",
        ),
        row("event of no known form", sent(b"{\"eventId\":\"\",\"data\":{}}"), "400|200"),
    ]
}

/// Methods and paths of the receiver.
fn paths() -> Vec<Row> {
    let row = |name, first: &str, expected| raw(To::Hook, name, request(first, &[], b""), expected);
    vec![
        row("receiver: PUT", "PUT /hooks/okta/main", "405"),
        row("receiver: DELETE", "DELETE /hooks/okta/main", "405"),
        row("receiver: TRACE", "TRACE /hooks/okta/main", "405"),
        row("receiver: CONNECT", "CONNECT example.com:443", "400|404|405"),
        row("receiver: method of no name", "S3CRET-METHOD /hooks/okta/main", "405"),
        row("receiver: method in small letters", "post /hooks/okta/main", "405"),
        row("receiver: other connection", "POST /hooks/okta/s3cret", "404"),
        row("receiver: no connection", "POST /hooks/okta/", "404"),
        row("receiver: root", "GET /", "404"),
        row("receiver: path upwards", "POST /hooks/okta/../../etc/passwd", "404"),
        row("receiver: path upwards in escapes", "POST /hooks/okta/%2e%2e%2f%2e%2e%2fetc%2fpasswd", "404"),
        row("receiver: NUL in the path", "POST /hooks/okta/main%00", "404"),
        row("receiver: path that is no UTF-8", "POST /hooks/okta/%ff", "400|404"),
        row("receiver: line break in the path", "POST /hooks/okta/main%0d%0ax-evil:1", "404"),
        row("receiver: whole address of another host", "GET http://evil.example/hooks/okta/main", "400"),
        row("receiver: console on its address", "GET /sign-in", "404"),
        row("receiver: metrics on its address", "GET /metrics", "404"),
        raw(
            To::Hook,
            "receiver: path of 60,000 letters",
            format!("GET /{} HTTP/1.1\r\nhost: h\r\n\r\n", "x".repeat(60_000)),
            "414|431|closed",
        ),
    ]
}

/// The console's pages, for strangers.
fn console_strangers() -> Vec<Row> {
    let form = "content-type: application/x-www-form-urlencoded";
    let row = |name, bytes: Vec<u8>, expected| raw(To::Console, name, bytes, expected);
    let sign_in = |lines: &[&str], body: &[u8]| request("POST /sign-in", &[&[form], lines].concat(), body);
    vec![
        row("sign-in without a cookie", sign_in(&[], b"token=s3cret&csrf=x"), "403"),
        row(
            "sign-in with a made-up cookie",
            sign_in(&["cookie: okta_insight_form=x"], b"token=s3cret&csrf=x"),
            "403",
        ),
        row("sign-in of another origin", sign_in(&["origin: https://evil.example"], b"token=s3cret"), "403"),
        row("sign-in of no origin", sign_in(&["origin: null"], b"token=s3cret"), "403"),
        row("sign-in of another site", sign_in(&["sec-fetch-site: cross-site"], b"token=s3cret"), "403"),
        row(
            "sign-in that is no form",
            request("POST /sign-in", &["content-type: application/json"], b"{\"token\":\"s3cret\"}"),
            "403",
        ),
        row("sign-in with a form of 1 MiB", sign_in(&["content-length: 1048576"], &[b'x'; 300_000]), "413"),
        row("sign-in with NULs", sign_in(&[], b"token=%00s3cret&csrf=%00"), "403"),
        row("sign-in that is cut", sign_in(&["content-length: 1000"], b"token="), "403|408|413|closed").cut(),
        row("sign-in that stops", sign_in(&["content-length: 1000"], b"token="), "408"),
        row("sign-in leading elsewhere", request("GET /sign-in?next=//evil.example", &[], b""), "200"),
        row(
            "sign-in leading into a header",
            request("GET /sign-in?next=/%0d%0aset-cookie:x=1", &[], b""),
            "200",
        ),
        row("sign-out of a stranger", request("POST /sign-out", &[form], b"csrf=x"), "303"),
        row("page of a stranger", request("GET /connections/main", &[], b""), "303"),
        row(
            "button pressed by a stranger",
            request("POST /connections/main/pause", &[form], b"csrf=x"),
            "303",
        ),
        row(
            "session that is made up",
            request("GET /", &["cookie: okta_insight_session=s3cret"], b""),
            "303",
        ),
        row(
            "cookie that is none",
            request("GET /", &["cookie: =;;; ,=\"; okta_insight_session"], b""),
            "303",
        ),
        row(
            "cookie of 20,000 letters",
            request("GET /", &[&format!("cookie: okta_insight_session={}", "x".repeat(20_000))], b""),
            "303",
        ),
        row("asset upwards", request("GET /assets/../Cargo.toml", &[], b""), "303|404"),
        row(
            "callback without a sign-in",
            request("GET /sign-in/okta/callback?code=s3cret&state=x", &[], b""),
            "400|404",
        ),
    ]
}

/// The API, with wrong tokens and with the right one.
fn console_api(token: &str) -> Vec<Row> {
    let right = format!("authorization: Bearer {token}");
    let json = "content-type: application/json";
    let row = |name, bytes: Vec<u8>, expected| raw(To::Console, name, bytes, expected);
    let get = |lines: &[&str]| request("GET /api/v1/connections", lines, b"");
    let put = |lines: &[&str], body: &[u8]| {
        request("PUT /api/v1/connections/other", &[&[right.as_str()], lines].concat(), body)
    };
    // Each wrong token counts, and after a few of one client they are answered with 429.
    vec![
        row("API: no token", get(&[]), "401"),
        row("API: wrong token", get(&["authorization: Bearer oia_s3cret"]), "401|429"),
        row("API: empty token", get(&["authorization: Bearer "]), "401|429"),
        row("API: token as basic", get(&["authorization: Basic s3cret"]), "401"),
        row(
            "API: token of 20,000 letters",
            get(&[&format!("authorization: Bearer oia_{}", "x".repeat(20_000))]),
            "401|429",
        ),
        row("API: token with SQL", get(&["authorization: Bearer ' OR 1=1 --"]), "401|429"),
        row("API: token in the address", request("GET /api/v1/connections?token=s3cret", &[], b""), "401"),
        row("API: right token and more", get(&[&format!("{right}x")]), "401|429"),
        row("API: body without a type", put(&[], b"{}"), "415"),
        row("API: body of XML", put(&["content-type: application/xml"], b"<a/>"), "415"),
        row("API: body that is no JSON", put(&[json], b"{s3cret"), "400"),
        row("API: body that is no UTF-8", put(&[json], b"\xff\xfe"), "400"),
        row("API: unknown field", put(&[json], b"{\"settings\":{},\"unknown\":1}"), "422"),
        row("API: field twice", put(&[json], b"{\"new\":true,\"new\":false}"), "422"),
        row("API: body of 300 KB", put(&[json], &[b' '; 300_000]), "413"),
        row("API: body that stops", put(&[json, "content-length: 1000"], b"{"), "408"),
        row("API: body that is cut", put(&[json, "content-length: 1000"], b"{"), "400|closed").cut(),
        row(
            "API: gzip that is not taken",
            put(&[json, "content-encoding: gzip"], &[0x1f, 0x8b, 8, 0]),
            "400|415",
        ),
        row("API: name upwards", request("PUT /api/v1/connections/..%2Fmain", &[&right, json], b"{}"), "404"),
        row("API: unknown method", request("PATCH /api/v1/connections/main", &[&right], b""), "405"),
        row(
            "API: method in a header",
            request("POST /api/v1/connections/main", &[&right, "x-http-method-override: DELETE"], b""),
            "405",
        ),
    ]
}
