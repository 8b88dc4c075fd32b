//! A server that answers with whatever bytes it is given.

use std::io::{self, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

/// The pause between bytes of a slow answer. Waits of the clients under test go by many times faster.
const DRIP: Duration = Duration::from_millis(20);
/// The part of an endless answer that is written at once.
const PART: usize = 64 << 10;

/// The bytes of an answer, and how it goes on.
#[derive(Debug, Clone)]
pub struct Answer {
    bytes: Vec<u8>,
    end: End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Close,
    Silence,
    Endless,
    Slow,
}

impl Answer {
    /// These bytes; then the connection ends.
    pub fn raw(bytes: impl Into<Vec<u8>>) -> Self {
        Self { bytes: bytes.into(), end: End::Close }
    }

    /// A head with these lines beside the length of the body; then the connection ends.
    pub fn http(status: &str, lines: &[&str], body: impl AsRef<[u8]>) -> Self {
        let body = body.as_ref();
        let lines = lines.iter().fold(String::new(), |all, line| all + line + "\r\n");
        let head = format!(
            "HTTP/1.1 {status}\r\n{lines}content-length: {}\r\nconnection: close\r\n\r\n",
            body.len()
        );
        Self::raw([head.as_bytes(), body].concat())
    }

    /// 200 with JSON.
    pub fn json(body: impl AsRef<[u8]>) -> Self {
        Self::http("200 OK", &["content-type: application/json"], body)
    }

    /// Nothing follows, and the connection stays open.
    #[must_use]
    pub fn and_silence(self) -> Self {
        Self { end: End::Silence, ..self }
    }

    /// Filler follows without end.
    #[must_use]
    pub fn without_end(self) -> Self {
        Self { end: End::Endless, ..self }
    }

    /// The bytes come one by one, and filler after them.
    #[must_use]
    pub fn slowly(self) -> Self {
        Self { end: End::Slow, ..self }
    }

    fn write(&self, to: &mut TcpStream) -> io::Result<()> {
        if self.end == End::Slow {
            for byte in self.bytes.iter().chain(std::iter::repeat(&b' ')) {
                to.write_all(&[*byte])?;
                thread::sleep(DRIP);
            }
        }
        to.write_all(&self.bytes)?;
        match self.end {
            End::Endless => {
                let part = vec![b' '; PART];
                loop {
                    to.write_all(&part)?;
                }
            }
            End::Silence => to.read(&mut [0]).map(drop),
            End::Close | End::Slow => Ok(()),
        }
    }
}

/// A server on this machine, for as long as the test runs.
#[derive(Debug)]
pub struct Hostile {
    url: String,
    requests: Arc<AtomicUsize>,
}

impl Hostile {
    /// Answers each request by its number, from 0, and its first line.
    ///
    /// # Panics
    /// When no port is free.
    pub fn start(answer: impl Fn(usize, &str) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (requests, answer) = (Arc::<AtomicUsize>::default(), Arc::new(answer));
        let counted = Arc::clone(&requests);
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let (counted, answer) = (Arc::clone(&counted), Arc::clone(&answer));
                thread::spawn(move || {
                    let Ok(request) = request(&mut stream) else { return };
                    let number = counted.fetch_add(1, Ordering::SeqCst);
                    // The client may end the connection before it has taken everything.
                    let _ = answer(number, request.lines().next().unwrap_or_default()).write(&mut stream);
                });
            }
        });
        Self { url, requests }
    }

    /// Its address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The number of requests so far.
    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

/// The head of a request; its body is read as well.
fn request(stream: &mut TcpStream) -> io::Result<String> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let lower = head.to_ascii_lowercase();
    let length = lower.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
    io::copy(&mut io::Read::take(&mut *stream, length.unwrap_or_default()), &mut io::sink())?;
    Ok(head)
}
