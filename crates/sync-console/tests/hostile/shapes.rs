//! Shapes: no HTTP, or too much of it.

use super::{Row, To, raw, request};

/// Rows of bytes that are no HTTP, or too much of it.
pub(super) fn shapes(token: &str) -> Vec<Row> {
    let mut rows = Vec::new();
    let many = "x-many: y\r\n".repeat(200);
    let smuggled = "0\r\n\r\nGET /api/v1/connections HTTP/1.1\r\nhost: h\r\n\r\n";
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    let names = |hook, console| [(To::Hook, hook), (To::Console, console)];
    let mut both = |[hook, console]: [(To, &'static str); 2], bytes: Vec<u8>, expected| {
        for (to, name) in [hook, console] {
            rows.push(raw(to, name, bytes.clone(), expected));
        }
    };
    both(names("receiver: nothing", "console: nothing"), Vec::new(), "closed");
    both(names("receiver: noise", "console: noise"), (0_u8..=255).collect(), "400|closed");
    both(
        names("receiver: TLS", "console: TLS"),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(),
        "400|closed",
    );
    both(names("receiver: HTTP/0.9", "console: HTTP/0.9"), b"GET /\r\n\r\n".to_vec(), "400|closed");
    both(
        names("receiver: HTTP/3.0", "console: HTTP/3.0"),
        b"GET / HTTP/3.0\r\n\r\n".to_vec(),
        "400|505|closed",
    );
    both(
        names("receiver: half a head", "console: half a head"),
        b"GET / HTTP/1.1\r\nhost: h\r\n".to_vec(),
        "408|closed",
    );
    both(
        names("receiver: head of 100 KB", "console: head of 100 KB"),
        format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "x".repeat(100_000)).into(),
        "431|closed",
    );
    both(
        names("receiver: 200 headers", "console: 200 headers"),
        format!("GET / HTTP/1.1\r\n{many}\r\n").into(),
        "431",
    );
    both(
        names("receiver: header without a name", "console: header without a name"),
        b"GET / HTTP/1.1\r\n: x\r\n\r\n".to_vec(),
        "400",
    );
    both(
        names(
            "receiver: header with a blank before the colon",
            "console: header with a blank before the colon",
        ),
        b"GET / HTTP/1.1\r\nhost : h\r\n\r\n".to_vec(),
        "400",
    );
    both(
        names("receiver: NUL in a header", "console: NUL in a header"),
        b"GET / HTTP/1.1\r\nx: a\0b\r\n\r\n".to_vec(),
        "400",
    );
    both(
        names("receiver: preface of HTTP/2 alone", "console: preface of HTTP/2 alone"),
        preface.to_vec(),
        "no HTTP/1",
    );
    both(
        names("receiver: preface of HTTP/2 and noise", "console: preface of HTTP/2 and noise"),
        [preface.as_slice(), &[0xff; 64]].concat(),
        "no HTTP/1",
    );
    both(
        names("receiver: length and chunks", "console: length and chunks"),
        format!("POST / HTTP/1.1\r\nhost: h\r\ncontent-length: {}\r\ntransfer-encoding: chunked\r\n\r\n{smuggled}", smuggled.len()).into(),
        "400|404|303",
    );
    both(
        names("receiver: chunks that are not last", "console: chunks that are not last"),
        format!("POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked, identity\r\n\r\n{smuggled}")
            .into(),
        "400|404|303",
    );
    // The second request belongs to the body of the first and is not answered with what the token may see.
    let body = format!("GET /api/v1/tokens HTTP/1.1\r\nhost: h\r\nauthorization: Bearer {token}\r\n\r\n");
    rows.push(
        raw(
            To::Console,
            "console: request in a body",
            request("POST /sign-in", &["connection: close"], body.as_bytes()),
            "403",
        )
        .whole(),
    );
    rows
}
