//! Limits of a listener: all connections, unauthenticated connections, and time for readers.

use std::collections::{BTreeMap, HashSet};
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::Extension;
use axum::middleware::AddExtension;
use axum_server::accept::Accept;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Sleep;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tower::Layer;

use super::client_address::network;

/// Connections that have not shown a secret yet, altogether.
const MAX_UNAUTHENTICATED: usize = 256;
/// The same of one address. A proxy may hold all of them.
const OF_ONE: usize = 128;
/// Connections that presented a secret. Above this number, connections stay unauthenticated.
const KNOWN: usize = 512;
/// The time after which a client that reads nothing is disconnected.
const STALLED: Duration = Duration::from_secs(20);

/// The connections of a listener. If too many are unauthenticated, the oldest of them ends: new connections are always
/// accepted, no matter how many one client opens, and no client is locked out by the connections of others.
#[derive(Debug, Clone)]
pub(super) struct Gate {
    open: Arc<Mutex<Open>>,
    of_one: usize,
}

#[derive(Debug, Default)]
struct Open {
    next: u64,
    unauthenticated: BTreeMap<u64, Unauthenticated>,
    known: HashSet<u64>,
}

#[derive(Debug)]
struct Unauthenticated {
    from: IpAddr,
    cut: CancellationToken,
}

impl Gate {
    /// The limiter of a listener; `behind_proxy` if all connections come from a proxy.
    pub(super) fn new(behind_proxy: bool) -> Self {
        Self { open: Arc::default(), of_one: if behind_proxy { MAX_UNAUTHENTICATED } else { OF_ONE } }
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Accepts a connection, and ends the oldest unauthenticated one if there would be too many.
    fn admit(&self, from: IpAddr) -> (Admitted, CancellationToken) {
        let (from, cut) = (network(from), CancellationToken::new());
        let mut open = self.open();
        let own = open.unauthenticated.values().filter(|client| client.from == from).count();
        let oldest = if own >= self.of_one {
            open.unauthenticated.iter().find(|(_, client)| client.from == from).map(|(id, _)| *id)
        } else {
            open.unauthenticated
                .keys()
                .next()
                .copied()
                .filter(|_| open.unauthenticated.len() >= MAX_UNAUTHENTICATED)
        };
        if let Some(client) = oldest.and_then(|id| open.unauthenticated.remove(&id)) {
            client.cut.cancel();
        }
        let id = open.next;
        open.next += 1;
        open.unauthenticated.insert(id, Unauthenticated { from, cut: cut.clone() });
        drop(open);
        (Admitted { gate: self.clone(), id }, cut)
    }
}

/// A connection that counts as long as this exists.
#[derive(Debug)]
struct Admitted {
    gate: Gate,
    id: u64,
}

impl Drop for Admitted {
    fn drop(&mut self) {
        let mut open = self.gate.open();
        open.unauthenticated.remove(&self.id);
        open.known.remove(&self.id);
    }
}

/// The connection of a request, which distinguishes it from those of other clients.
#[derive(Debug, Clone)]
pub struct Visitor {
    gate: Gate,
    id: u64,
}

impl Visitor {
    /// Exempts the connection from the limits for unauthenticated clients: it has presented a secret.
    pub fn mark_authenticated(&self) {
        let mut open = self.gate.open();
        // A closed or known connection isn't in the set.
        if open.known.len() < KNOWN && open.unauthenticated.remove(&self.id).is_some() {
            open.known.insert(self.id);
        }
    }
}

impl<S: Send + 'static> Accept<TcpStream, S> for Gate {
    type Stream = Watched;
    type Service = AddExtension<S, Visitor>;
    type Future = std::future::Ready<io::Result<(Self::Stream, Self::Service)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        std::future::ready(stream.peer_addr().map(|peer| {
            let (admitted, cut) = self.admit(peer.ip());
            let visitor = Visitor { gate: self.clone(), id: admitted.id };
            let cut = Box::pin(cut.cancelled_owned());
            let stream = Watched { stream, cut, stalled: None, _admitted: admitted };
            (stream, Extension(visitor).layer(service))
        }))
    }
}

/// A connection that ends when it is cut, or its reader stalls.
pub(super) struct Watched {
    stream: TcpStream,
    cut: Pin<Box<WaitForCancellationFutureOwned>>,
    /// Set while the client reads nothing.
    stalled: Option<Pin<Box<Sleep>>>,
    _admitted: Admitted,
}

impl Watched {
    /// An error once the connection is cut.
    fn poll_cut(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        match self.cut.as_mut().poll(context) {
            Poll::Ready(()) => Err(io::ErrorKind::ConnectionAborted.into()),
            Poll::Pending => Ok(()),
        }
    }

    /// The result of a write, unless the client has read nothing for too long.
    fn in_time<T>(&mut self, written: Poll<io::Result<T>>, context: &mut Context<'_>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(tokio::time::sleep(STALLED)));
        ready!(stalled.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.poll_cut(context)?;
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_cut(context)?;
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.in_time(written, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_cut(context)?;
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, bytes);
        self.in_time(written, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(n: usize) -> IpAddr {
        std::net::Ipv4Addr::from(u32::try_from(n).unwrap()).into()
    }

    fn counts(gate: &Gate) -> (usize, usize) {
        let open = gate.open();
        (open.known.len(), open.unauthenticated.len())
    }

    fn visitor(admitted: &Admitted) -> Visitor {
        Visitor { gate: admitted.gate.clone(), id: admitted.id }
    }

    #[test]
    fn oldest_stranger_makes_room() {
        let gate = Gate::new(false);
        let open: Vec<_> = (0..MAX_UNAUTHENTICATED + 3).map(|n| gate.admit(address(n))).collect();
        let cut: Vec<_> = open.iter().map(|(_, cut)| cut.is_cancelled()).collect();
        assert_eq!(cut, [vec![true; 3], vec![false; MAX_UNAUTHENTICATED]].concat());
        assert_eq!(gate.open().unauthenticated.len(), MAX_UNAUTHENTICATED);
    }

    #[test]
    fn one_address_ends_its_own() {
        let gate = Gate::new(false);
        let other = gate.admit(address(1));
        let own: Vec<_> = (0..=OF_ONE).map(|_| gate.admit(address(2))).collect();
        assert!(!other.1.is_cancelled());
        assert_eq!(own.iter().filter(|(_, cut)| cut.is_cancelled()).count(), 1);
        assert!(own[0].1.is_cancelled());
    }

    #[test]
    fn proxy_is_no_single_stranger() {
        let gate = Gate::new(true);
        let open: Vec<_> = (0..MAX_UNAUTHENTICATED).map(|_| gate.admit(address(1))).collect();
        assert!(open.iter().all(|(_, cut)| !cut.is_cancelled()));
    }

    #[test]
    fn known_connection_makes_no_room() {
        let gate = Gate::new(false);
        let (known, cut) = gate.admit(address(1));
        visitor(&known).mark_authenticated();
        visitor(&known).mark_authenticated();
        let unauthenticated: Vec<_> = (0..=MAX_UNAUTHENTICATED).map(|n| gate.admit(address(n))).collect();
        assert!(!cut.is_cancelled() && unauthenticated[0].1.is_cancelled());
        assert_eq!(gate.open().known.len(), 1);
        drop((known, unauthenticated));
        assert_eq!(counts(&gate), (0, 0));
    }

    #[test]
    fn too_many_known_stay_strangers() {
        let gate = Gate::new(true);
        let open: Vec<_> = (0..KNOWN + 2)
            .map(|n| {
                let (admitted, _) = gate.admit(address(n));
                visitor(&admitted).mark_authenticated();
                admitted
            })
            .collect();
        assert_eq!(counts(&gate), (KNOWN, 2));
        drop(open);
    }
}
