//! A forward proxy between a client and the services, for tests of the way to them.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

/// Far above the size of any request head.
const LARGEST_HEAD: usize = 16 << 10;

/// The behavior of a proxy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProxyManner {
    /// Connects to this address, regardless of the requested name.
    Tunnel(SocketAddr),
    /// Rejects with this status, such as 403 or 407.
    Refuse(u16),
    /// Closes the connection without a response.
    HangUp,
}

/// A forward proxy on this machine that supports CONNECT. It ends when dropped.
#[derive(Debug)]
pub struct ForwardProxy {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
    accepting: AbortHandle,
}

impl ForwardProxy {
    /// Starts a proxy on a port that the system chooses.
    ///
    /// # Errors
    /// When there is no port to be had.
    pub async fn start(manner: ProxyManner) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (manner, seen) = (manner.clone(), Arc::clone(&seen));
                // A client that breaks off is no concern of the others.
                tokio::spawn(async move { serve(client, &manner, &seen).await });
            }
        });
        Ok(Self { address, requests, accepting: accepting.abort_handle() })
    }

    /// The URL that it listens at.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The first line of each request so far.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for ForwardProxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn serve(mut client: TcpStream, manner: &ProxyManner, seen: &Mutex<Vec<String>>) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") && head.len() < LARGEST_HEAD {
        head.push(client.read_u8().await?);
    }
    let line = String::from_utf8_lossy(&head).lines().next().unwrap_or_default().to_owned();
    let tunnels = line.starts_with("CONNECT ");
    seen.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    match manner {
        ProxyManner::Tunnel(to) if tunnels => {
            let mut server = TcpStream::connect(to).await?;
            client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?;
            copy_bidirectional(&mut client, &mut server).await.map(drop)
        }
        ProxyManner::Tunnel(_) => answer(&mut client, 405).await,
        ProxyManner::Refuse(status) => answer(&mut client, *status).await,
        ProxyManner::HangUp => Ok(()),
    }
}

async fn answer(client: &mut TcpStream, status: u16) -> io::Result<()> {
    let answer = format!("HTTP/1.1 {status} of the proxy\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    client.write_all(answer.as_bytes()).await?;
    client.shutdown().await
}
