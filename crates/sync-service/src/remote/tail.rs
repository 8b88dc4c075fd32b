//! Following the events of a daemon elsewhere, over connections that may break for a while.

use std::collections::{BTreeSet, VecDeque};
use std::ops::ControlFlow;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::future::try_join_all;
use reqwest::Response;
use sync_model::ConnectionName;
use tokio_util::sync::CancellationToken;

use super::stream::{Decoder, Message};
use super::{RemoteClient, RemoteError};
use crate::ConnectionEvent;

/// How long one stream may last; the daemon ends it sooner.
const LONGEST: Duration = Duration::from_hours(24);
/// How long nothing may be heard: the daemon says something more often than that, if only that it is there.
const SILENCE: Duration = Duration::from_secs(45);
/// How soon a stream that broke off or ended is opened again, and how long that may grow to while it fails.
const SOON: Duration = Duration::from_millis(500);
const LATE: Duration = Duration::from_secs(30);

/// What whoever follows is told.
#[derive(Debug)]
pub enum FollowedEvent {
    /// An event came in or changed.
    Event(Box<ConnectionEvent>),
    /// The daemon cannot be followed at the moment; it is tried again. Told once for as long as that lasts.
    Interrupted(RemoteError),
    /// It is followed again, from where it was.
    Resumed,
}

/// Follows the inboxes of some connections of a daemon elsewhere, from where they ended when it began.
pub struct RemoteEventFollower<'c> {
    streams: Vec<Stream<'c>>,
}

impl<'c> RemoteEventFollower<'c> {
    /// From now on.
    ///
    /// # Errors
    /// When the daemon cannot be asked, or refuses.
    pub async fn begin(client: &'c RemoteClient, names: &[ConnectionName]) -> Result<Self, RemoteError> {
        let begun = names.iter().map(|name| Stream::begin(client, name.clone()));
        Ok(Self { streams: try_join_all(begun).await? })
    }

    /// Tells every event that comes in, and every change of one, until told to stop or `tell` wants no more. Where the
    /// connection breaks, it is tried again with growing pauses, and nothing is missed.
    ///
    /// # Errors
    /// When the daemon refuses, such as a token that was revoked.
    pub async fn follow(
        self,
        stop: &CancellationToken,
        tell: impl FnMut(FollowedEvent) -> ControlFlow<()>,
    ) -> Result<(), RemoteError> {
        let audience = Audience { tell: Mutex::new(tell), interrupted: Mutex::default() };
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

/// Whoever is told, by all streams.
struct Audience<F> {
    tell: Mutex<F>,
    /// The connections that cannot be followed at the moment.
    interrupted: Mutex<BTreeSet<ConnectionName>>,
}

impl<F: FnMut(FollowedEvent) -> ControlFlow<()>> Audience<F> {
    fn tell(&self, what: FollowedEvent) -> Result<(), End> {
        let wants_more = lock(&self.tell)(what).is_continue();
        if wants_more { Ok(()) } else { Err(End::Enough) }
    }

    /// The daemon is one: what breaks several streams is told once.
    fn interrupted(&self, name: &ConnectionName, error: RemoteError) -> Result<(), End> {
        let mut interrupted = lock(&self.interrupted);
        let first = interrupted.is_empty();
        interrupted.insert(name.clone());
        if first { self.tell(FollowedEvent::Interrupted(error)) } else { Ok(()) }
    }

    fn heard(&self, name: &ConnectionName) -> Result<(), End> {
        let mut interrupted = lock(&self.interrupted);
        let last = interrupted.remove(name) && interrupted.is_empty();
        if last { self.tell(FollowedEvent::Resumed) } else { Ok(()) }
    }
}

fn lock<T>(what: &Mutex<T>) -> MutexGuard<'_, T> {
    what.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Why following ended.
enum End {
    /// Whoever was told wants no more.
    Enough,
    /// The daemon refuses.
    Refused(RemoteError),
}

/// The live stream of one connection.
struct Stream<'c> {
    client: &'c RemoteClient,
    name: ConnectionName,
    /// Where to go on.
    mark: Option<String>,
    open: Option<Open>,
    /// What was heard and not told yet.
    ready: VecDeque<ConnectionEvent>,
    /// What was told since the mark: a stream that goes on there tells it again.
    since: Vec<ConnectionEvent>,
}

/// A stream that is open.
struct Open {
    response: Response,
    decoder: Decoder,
    /// Whether something was heard of it.
    heard: bool,
}

/// What came of listening for a while.
enum Heard {
    /// The stream goes on.
    Alive,
    /// The stream ended, as it does now and then.
    End,
}

impl<'c> Stream<'c> {
    /// Opens the stream and waits until it is known where to go on, whatever breaks later.
    async fn begin(client: &'c RemoteClient, name: ConnectionName) -> Result<Self, RemoteError> {
        let mut stream =
            Self { client, name, mark: None, open: None, ready: VecDeque::new(), since: Vec::new() };
        while stream.mark.is_none() {
            if let Heard::End = stream.hear().await? {
                return Err(client.silent("it does not say where to go on".into()));
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
                audience.tell(FollowedEvent::Event(Box::new(event)))?;
            }
            match self.hear().await {
                Ok(Heard::Alive) => {
                    if self.open.as_ref().is_some_and(|open| open.heard) {
                        audience.heard(&self.name)?;
                        pause = SOON;
                    }
                    continue;
                }
                Ok(Heard::End) => {}
                Err(error) if error.may_pass() => audience.interrupted(&self.name, error)?,
                Err(error) => return Err(End::Refused(error)),
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LATE);
        }
    }

    /// Opens the stream unless it is open, and waits until something is heard. What broke or ended is closed.
    async fn hear(&mut self) -> Result<Heard, RemoteError> {
        let heard = tokio::time::timeout(SILENCE, self.listen()).await;
        let heard = heard.unwrap_or_else(|_| {
            Err(self.client.silent(format!("nothing was heard for {} s", SILENCE.as_secs())))
        });
        if !matches!(heard, Ok(Heard::Alive)) {
            self.open = None;
        }
        heard
    }

    async fn listen(&mut self) -> Result<Heard, RemoteError> {
        let open = match &mut self.open {
            Some(open) => open,
            closed => {
                let response = self.client.live(&self.name, self.mark.as_deref()).await?;
                closed.insert(Open { response, decoder: Decoder::default(), heard: false })
            }
        };
        let part = open.response.chunk().await.map_err(|error| self.client.unreachable(&error))?;
        let Some(part) = part else {
            return if open.heard {
                Ok(Heard::End)
            } else {
                Err(self.client.silent("it ended before anything was heard".into()))
            };
        };
        let messages = open.decoder.feed(&part);
        let messages = messages.map_err(|_| self.client.not_ours("an event without an end".into()))?;
        open.heard |= !messages.is_empty();
        for message in messages {
            self.take(message)?;
        }
        Ok(Heard::Alive)
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
    async fn live(&self, name: &ConnectionName, mark: Option<&str>) -> Result<Response, RemoteError> {
        let mut request = self.http.get(self.at(&["connections", name.as_str(), "stream"])?).timeout(LONGEST);
        if let Some(mark) = mark {
            request = request.header("last-event-id", mark);
        }
        self.answer(request).await
    }

    fn silent(&self, problem: String) -> RemoteError {
        RemoteError::TimedOut { server: self.server.clone(), problem }
    }
}
