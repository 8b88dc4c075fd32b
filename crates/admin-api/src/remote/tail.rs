//! Following the events of a daemon, over connections that may break for a while.

use std::collections::{BTreeSet, VecDeque};
use std::ops::ControlFlow;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::future::try_join_all;
use reqwest::Response;
use sync_model::ConnectionName;
use tokio_util::sync::CancellationToken;

use crate::history::ConnectionEvent;
use crate::remote::client::RemoteClient;
use crate::remote::error::RemoteError;
use crate::remote::stream::{Decoder, Message};

/// The time limit of one stream; the daemon ends it sooner.
const LONGEST: Duration = Duration::from_hours(24);
/// The time limit without data: the daemon sends keep-alives more often.
const SILENCE: Duration = Duration::from_secs(45);
/// The pause before a stream that ended is opened again, and the limit to which it grows after failures.
const SOON: Duration = Duration::from_millis(500);
const LATE: Duration = Duration::from_secs(30);

/// A message to the follower.
#[derive(Debug)]
pub enum FollowedEvent {
    /// An event was received or changed.
    Event(Box<ConnectionEvent>),
    /// The daemon can't be followed at the moment; the client retries. Sent once for each interruption.
    Interrupted(RemoteError),
    /// It is followed again, from where it was.
    Resumed,
}

/// Follows the inboxes of some connections of daemons, from their end at the start.
pub struct RemoteEventFollower<'c> {
    streams: Vec<Stream<'c>>,
}

impl<'c> RemoteEventFollower<'c> {
    /// From now on. Each connection has the client of its daemon.
    ///
    /// # Errors
    /// When a daemon can't be reached, or rejects the request.
    pub async fn begin(
        connections: impl IntoIterator<Item = (&'c RemoteClient, &ConnectionName)>,
    ) -> Result<Self, RemoteError> {
        let streams = connections.into_iter().map(|(client, name)| Stream::begin(client, name.clone()));
        Ok(Self { streams: try_join_all(streams).await? })
    }

    /// Passes every new or changed event to `emit`, until interrupted or until `emit` breaks. If the connection breaks,
    /// it reconnects with growing pauses without missing events.
    ///
    /// # Errors
    /// When the daemon rejects the request, for example with a revoked token.
    pub async fn follow(
        self,
        stop: &CancellationToken,
        emit: impl FnMut(FollowedEvent) -> ControlFlow<()>,
    ) -> Result<(), RemoteError> {
        let audience = Audience { emit: Mutex::new(emit), interrupted: Mutex::default() };
        let all = try_join_all(self.streams.into_iter().map(|stream| stream.follow(&audience)));
        tokio::select! {
            () = stop.cancelled() => Ok(()),
            ended = all => match ended {
                Err(End::Refused(error)) => Err(error),
                Ok(_) | Err(End::Enough) => Ok(()),
            },
        }
    }
}

/// The follower, shared by all streams.
struct Audience<F> {
    emit: Mutex<F>,
    /// The connections that cannot be followed at the moment.
    interrupted: Mutex<BTreeSet<ConnectionName>>,
}

impl<F: FnMut(FollowedEvent) -> ControlFlow<()>> Audience<F> {
    fn emit(&self, what: FollowedEvent) -> Result<(), End> {
        let wants_more = lock(&self.emit)(what).is_continue();
        if wants_more { Ok(()) } else { Err(End::Enough) }
    }

    /// Reports an interruption once: several streams have the same daemon.
    fn interrupted(&self, name: &ConnectionName, error: RemoteError) -> Result<(), End> {
        let mut interrupted = lock(&self.interrupted);
        let first = interrupted.is_empty();
        interrupted.insert(name.clone());
        if first { self.emit(FollowedEvent::Interrupted(error)) } else { Ok(()) }
    }

    fn received(&self, name: &ConnectionName) -> Result<(), End> {
        let mut interrupted = lock(&self.interrupted);
        let last = interrupted.remove(name) && interrupted.is_empty();
        if last { self.emit(FollowedEvent::Resumed) } else { Ok(()) }
    }
}

fn lock<T>(what: &Mutex<T>) -> MutexGuard<'_, T> {
    what.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The reason for which following ended.
enum End {
    /// The follower ended it.
    Enough,
    /// The daemon rejects the request.
    Refused(RemoteError),
}

/// The live stream of one connection.
struct Stream<'c> {
    client: &'c RemoteClient,
    name: ConnectionName,
    /// The position to resume from.
    mark: Option<String>,
    open: Option<Open>,
    /// Received events that were not passed on yet.
    ready: VecDeque<ConnectionEvent>,
    /// Events passed on since the position: a stream that resumes there repeats them.
    since: Vec<ConnectionEvent>,
}

/// A stream that is open.
struct Open {
    response: Response,
    decoder: Decoder,
    /// True if data was received.
    received: bool,
}

/// The result of reading for a while.
enum StreamResult {
    /// The stream continues.
    KeepAlive,
    /// The stream ended, as it does now and then.
    End,
}

impl<'c> Stream<'c> {
    /// Opens the stream and waits until its position is known, despite later interruptions.
    async fn begin(client: &'c RemoteClient, name: ConnectionName) -> Result<Self, RemoteError> {
        let mut stream =
            Self { client, name, mark: None, open: None, ready: VecDeque::new(), since: Vec::new() };
        while stream.mark.is_none() {
            if let StreamResult::End = stream.receive().await? {
                return Err(client.silent("the stream contains no position".into()));
            }
        }
        Ok(stream)
    }

    async fn follow<F: FnMut(FollowedEvent) -> ControlFlow<()>>(
        mut self,
        audience: &Audience<F>,
    ) -> Result<(), End> {
        let mut pause = SOON;
        loop {
            while let Some(event) = self.ready.pop_front() {
                audience.emit(FollowedEvent::Event(Box::new(event)))?;
            }
            match self.receive().await {
                Ok(StreamResult::KeepAlive) => {
                    if self.open.as_ref().is_some_and(|open| open.received) {
                        audience.received(&self.name)?;
                        pause = SOON;
                    }
                    continue;
                }
                Ok(StreamResult::End) => {}
                Err(error) if error.may_pass() => audience.interrupted(&self.name, error)?,
                Err(error) => return Err(End::Refused(error)),
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LATE);
        }
    }

    /// Opens the stream if needed, and waits until data is received. A failed or ended stream is closed.
    async fn receive(&mut self) -> Result<StreamResult, RemoteError> {
        let received = tokio::time::timeout(SILENCE, self.listen()).await;
        let received = received
            .unwrap_or_else(|_| Err(self.client.silent(format!("no data for {} s", SILENCE.as_secs()))));
        if !matches!(received, Ok(StreamResult::KeepAlive)) {
            self.open = None;
        }
        received
    }

    async fn listen(&mut self) -> Result<StreamResult, RemoteError> {
        let open = match &mut self.open {
            Some(open) => open,
            closed => {
                let response = self.client.open_stream(&self.name, self.mark.as_deref()).await?;
                closed.insert(Open { response, decoder: Decoder::default(), received: false })
            }
        };
        let part = open.response.chunk().await.map_err(|error| self.client.unreachable(error))?;
        let Some(part) = part else {
            return if open.received {
                Ok(StreamResult::End)
            } else {
                Err(self.client.silent("the stream ended without data".into()))
            };
        };
        let messages = open.decoder.feed(&part);
        let messages = messages.map_err(|_| self.client.not_ours("an incomplete event".into()))?;
        open.received |= !messages.is_empty();
        for message in messages {
            self.take(message)?;
        }
        Ok(StreamResult::KeepAlive)
    }

    fn take(&mut self, message: Message) -> Result<(), RemoteError> {
        if message.name == "event" {
            let event: ConnectionEvent = self.client.read(message.data.as_bytes())?;
            if !self.since.contains(&event) {
                self.since.push(event.clone());
                self.ready.push_back(event);
            }
        }
        if message.id.is_some() {
            self.mark = message.id;
            self.since.clear();
        }
        Ok(())
    }
}

impl RemoteClient {
    /// The live stream of a connection, from a mark on, or from now on.
    async fn open_stream(&self, name: &ConnectionName, mark: Option<&str>) -> Result<Response, RemoteError> {
        let mut request = self.http.get(self.at(&["connections", name.as_str(), "stream"])?).timeout(LONGEST);
        if let Some(mark) = mark {
            request = request.header("last-event-id", mark);
        }
        self.answer(request).await
    }

    fn silent(&self, problem: String) -> RemoteError {
        RemoteError::TimedOut { server: self.address.clone(), problem }
    }
}
