//! A stream in memory that can fail as a real one does, and turns that are written into it.
#![allow(dead_code, reason = "each test file uses its own part of it")]

use std::{
    collections::{HashMap, VecDeque},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::future::BoxFuture;
use muster_bus::{CallError, Receipt, StoreError, Storing};
use muster_contracts::{
    Message as _,
    id::{InstanceId, MessageId, SessionId, WorkerId},
    reply::Reply,
    subject::{About, ChunkKind, Subject},
    v1::{
        Attachment, AttachmentPiece, AttachmentRequest, Chunk, Command, End, Problem, RequestAsked, RequestBody, Start,
        TurnStart, problem::Kind,
    },
};
use muster_worker_agent::{
    backend::{Backend, Settings, Surroundings},
    clock,
    turn::{AttachmentSource, Attachments, ChunkStore, Disk, Runner, Turns},
};
use sha2::{Digest as _, Sha256};
use tokio::{
    sync::{Notify, watch},
    time::{Instant, sleep, timeout},
};

/// How long a test waits for what must come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Below a worker's directory, where it keeps what is attached to a message.
pub(crate) const STATE: &str = ".state";

/// What becomes of an attempt to store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Stored, but the acknowledgement is lost.
    AckLost,
    /// Lost on the way.
    Lost,
    /// The stream is full.
    Full,
}

/// The stream.
#[derive(Debug)]
pub(crate) struct Shelf {
    inner: Mutex<Inner>,
    changed: watch::Sender<u64>,
    /// The connection, if there is one.
    reachable: watch::Sender<Option<u64>>,
    connections: AtomicU64,
    pub(crate) delay: Duration,
}

#[derive(Debug, Default)]
struct Inner {
    stored: Vec<(Subject, Storing)>,
    ids: HashMap<String, u64>,
    faults: VecDeque<Fault>,
    attempts: usize,
    outstanding: HashMap<String, usize>,
}

impl Shelf {
    pub(crate) fn new(delay: Duration) -> Arc<Self> {
        let (changed, reachable) = (watch::Sender::new(0), watch::Sender::new(Some(1)));
        Arc::new(Self { inner: Mutex::default(), changed, reachable, connections: AtomicU64::new(2), delay })
    }

    pub(crate) fn fail(&self, faults: impl IntoIterator<Item = Fault>) {
        self.inner.lock().unwrap().faults.extend(faults);
    }

    /// Nobody reaches it any more, or everybody again.
    pub(crate) fn set_reachable(&self, reachable: bool) {
        let connection = self.connections.fetch_add(1, Ordering::Relaxed);
        self.reachable.send_replace(reachable.then_some(connection));
    }

    pub(crate) fn attempts(&self) -> usize {
        self.inner.lock().unwrap().attempts
    }

    /// What is stored about a reply.
    pub(crate) fn of(&self, reply: &MessageId) -> Vec<(ChunkKind, Storing)> {
        let about = About::Message(reply.clone());
        let inner = self.inner.lock().unwrap();
        let of_reply = inner.stored.iter().filter_map(|(subject, storing)| match subject {
            Subject::Chunk(address) if address.about == about => Some((address.kind, storing.clone())),
            _ => None,
        });
        of_reply.collect()
    }

    /// The reply folded from it, strictly: nothing twice, no hole.
    pub(crate) fn reply(&self, reply: &MessageId) -> Told {
        let mut told = Told::default();
        for (index, (kind, storing)) in self.of(reply).into_iter().enumerate() {
            assert!(storing.id.ends_with(&format!(":{index}")), "{} at {index}", storing.id);
            match kind {
                ChunkKind::Start => told.start = Some(Start::decode(storing.payload).unwrap()),
                ChunkKind::Chunk => {
                    let chunk = Chunk::decode(storing.payload).unwrap();
                    assert_eq!(chunk.number, index as u64);
                    told.reply.chunk(chunk).unwrap();
                }
                ChunkKind::Request => {
                    let asked = RequestAsked::decode(storing.payload).unwrap();
                    let body = asked.body.clone().unwrap();
                    match asked.withdrawn_at {
                        Some(_) => told.withdrawn.push(body.request_id),
                        None => told.requests.push(body),
                    }
                    told.reply.request(asked).unwrap();
                }
                ChunkKind::End => {
                    let end = End::decode(storing.payload).unwrap();
                    assert_eq!(end.chunk_count, told.reply.number(), "the end counts what is stored");
                    assert_eq!(end.content_hash, told.reply.hash(), "the end knows the hash of the text");
                    told.end = Some(end);
                }
                ChunkKind::State => panic!("a worker writes no state"),
            }
        }
        told
    }

    /// Waits until the reply as it is stored is as wanted.
    pub(crate) async fn wait(&self, reply: &MessageId, wanted: impl Fn(&Told) -> bool) -> Told {
        let mut changed = self.changed.subscribe();
        let waiting = async {
            loop {
                changed.borrow_and_update();
                let told = self.reply(reply);
                if wanted(&told) {
                    return told;
                }
                changed.changed().await.unwrap();
            }
        };
        match timeout(PATIENCE, waiting).await {
            Ok(told) => told,
            Err(_) => panic!("not in time; stored is {:#?}", self.reply(reply)),
        }
    }
}

/// What a process was given as its environment.
pub(crate) fn environment_of(process: u32) -> Vec<String> {
    let environment = std::fs::read_to_string(format!("/proc/{process}/environ")).unwrap();
    environment.split_terminator('\0').map(str::to_owned).collect()
}

pub(crate) async fn until(what: &str, condition: impl Fn() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < PATIENCE, "never: {what}");
        sleep(Duration::from_millis(20)).await;
    }
}

/// A reply as far as it is stored.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) start: Option<Start>,
    pub(crate) reply: Reply,
    pub(crate) requests: Vec<RequestBody>,
    /// Ids of those that nobody waits for any more.
    pub(crate) withdrawn: Vec<String>,
    pub(crate) end: Option<End>,
}

impl ChunkStore for Shelf {
    fn store(&self, message: Storing) -> BoxFuture<'_, Result<Receipt, StoreError>> {
        Box::pin(async move {
            let subject = message.subject.parse::<Subject>().unwrap();
            let Subject::Chunk(address) = &subject else { panic!("{subject:?}") };
            let reply = address.about.to_string();
            {
                let mut inner = self.inner.lock().unwrap();
                inner.attempts += 1;
                let outstanding = inner.outstanding.entry(reply.clone()).or_default();
                *outstanding += 1;
                assert_eq!(*outstanding, 1, "one publish is outstanding for each reply");
            }
            if !self.delay.is_zero() {
                sleep(self.delay).await;
            }
            let mut inner = self.inner.lock().unwrap();
            *inner.outstanding.get_mut(&reply).unwrap() -= 1;
            if self.reachable.borrow().is_none() {
                return Err(StoreError::Doubtful);
            }
            let fault = inner.faults.pop_front();
            match fault {
                Some(Fault::Full) => return Err(StoreError::Full),
                Some(Fault::Lost) => return Err(StoreError::Doubtful),
                Some(Fault::AckLost) | None => {}
            }
            let known = inner.ids.get(&message.id).copied();
            // As the newest servers do: the fence is looked at before the id.
            if message.first_only && inner.stored.iter().any(|(_, stored)| stored.subject == message.subject) {
                return Err(StoreError::Fenced);
            }
            let sequence = known.unwrap_or(inner.stored.len() as u64 + 1);
            if known.is_none() {
                inner.ids.insert(message.id.clone(), sequence);
                inner.stored.push((subject, message));
            }
            drop(inner);
            self.changed.send_modify(|count| *count += 1);
            if fault == Some(Fault::AckLost) {
                return Err(StoreError::Doubtful);
            }
            Ok(Receipt { stream: "CHUNKS".to_owned(), sequence, duplicate: known.is_some() })
        })
    }

    fn connection(&self) -> Option<u64> {
        *self.reachable.borrow()
    }

    fn connected(&self) -> BoxFuture<'_, u64> {
        let mut reachable = self.reachable.subscribe();
        Box::pin(async move { reachable.wait_for(Option::is_some).await.unwrap().unwrap() })
    }
}

/// The server's files, given out in small pieces.
#[derive(Debug, Default)]
pub(crate) struct Files {
    kept: Mutex<HashMap<String, Vec<u8>>>,
    /// Attempts that are still to fail.
    pub(crate) failures: Mutex<u32>,
}

impl Files {
    const PIECE: usize = 1000;

    /// Keeps a file; what chat would tell of it.
    pub(crate) fn keep(&self, name: &str, media_type: &str, bytes: &[u8]) -> Attachment {
        let attachment_id = muster_contracts::id::random();
        self.kept.lock().unwrap().insert(attachment_id.clone(), bytes.to_vec());
        let digest = Sha256::digest(bytes).to_vec();
        Attachment {
            attachment_id,
            name: name.to_owned(),
            media_type: media_type.to_owned(),
            size: bytes.len() as u64,
            digest,
        }
    }

    /// Other bytes than were told.
    pub(crate) fn replace(&self, attachment: &Attachment, bytes: Option<&[u8]>) {
        let mut kept = self.kept.lock().unwrap();
        match bytes {
            Some(bytes) => kept.insert(attachment.attachment_id.clone(), bytes.to_vec()),
            None => kept.remove(&attachment.attachment_id),
        };
    }
}

impl AttachmentSource for Files {
    fn piece(&self, request: AttachmentRequest) -> BoxFuture<'_, Result<AttachmentPiece, CallError>> {
        Box::pin(async move {
            {
                let mut failures = self.failures.lock().unwrap();
                if *failures > 0 {
                    *failures -= 1;
                    return Err(CallError::NoResponder);
                }
            }
            let kept = self.kept.lock().unwrap();
            let missing = Problem { kind: Kind::NotFound.into(), ..Problem::default() };
            let whole = kept.get(&request.attachment_id).ok_or(CallError::Refused(missing))?;
            let from = usize::try_from(request.position).unwrap().min(whole.len());
            let to = (from + Self::PIECE).min(whole.len());
            Ok(AttachmentPiece { bytes: whole[from..to].to_vec(), position: to as u64 })
        })
    }
}

/// A worker without a broker.
pub(crate) struct Worker {
    pub(crate) files: Arc<Files>,
    pub(crate) runner: Arc<Runner>,
    pub(crate) turns: Arc<Turns>,
    pub(crate) shelf: Arc<Shelf>,
    pub(crate) bell: Arc<Notify>,
    pub(crate) disk: Arc<Disk>,
}

impl Worker {
    pub(crate) fn new(backend: Arc<dyn Backend>, root: &Path) -> Self {
        Self::with(backend, root, Shelf::new(Duration::ZERO))
    }

    pub(crate) fn with(backend: Arc<dyn Backend>, root: &Path, shelf: Arc<Shelf>) -> Self {
        let bell = Arc::new(Notify::new());
        let turns = Arc::new(Turns::new(Arc::clone(&bell)));
        let identity = (WorkerId::random(), InstanceId::random());
        let store: Arc<dyn ChunkStore> = shelf.clone();
        let files = Arc::new(Files::default());
        let source: Arc<dyn AttachmentSource> = files.clone();
        let attachments = Attachments::open(source, &root.join(STATE)).unwrap();
        let disk = Disk::new(root.to_owned(), 64 << 20);
        let (server, its_turns, its_disk) = ((store, attachments), Arc::clone(&turns), Arc::clone(&disk));
        let runner = Runner::new(identity, root.to_owned(), backend, server, its_turns, its_disk, clock::system);
        Self { files, runner, turns, shelf, bell, disk }
    }

    /// Starts a turn as sync would.
    pub(crate) fn begin(&self, session: &SessionId, content: &str, change: impl FnOnce(&mut TurnStart)) -> MessageId {
        let reply = MessageId::random();
        let mut start = TurnStart {
            chat_session_id: session.to_string(),
            message_id: MessageId::random().to_string(),
            reply_id: reply.to_string(),
            nonce: MessageId::random().to_string(),
            content: content.to_owned(),
            model: "demo/fast".to_owned(),
            claimed_at: 7,
            first: true,
            ..TurnStart::default()
        };
        change(&mut start);
        self.runner.start(start);
        reply
    }

    /// Runs a turn to its end.
    pub(crate) async fn turn(&self, session: &SessionId, content: &str, change: impl FnOnce(&mut TurnStart)) -> Told {
        let reply = self.begin(session, content, change);
        self.ended(&reply).await
    }

    pub(crate) async fn ended(&self, reply: &MessageId) -> Told {
        self.shelf.wait(reply, |told| told.end.is_some()).await
    }
}

/// The commands of a backend that tells them when it likes.
pub(crate) async fn commands(backend: &dyn Backend, directory: &Path) -> Vec<Command> {
    let told = async {
        loop {
            match backend.commands(directory).await.unwrap() {
                none if none.is_empty() => sleep(Duration::from_millis(20)).await,
                told => return told,
            }
        }
    };
    timeout(PATIENCE, told).await.unwrap()
}

/// Those of a worker that is alone on its machine.
pub(crate) fn surroundings(root: &Path, state: &Path) -> Surroundings {
    surroundings_with(&state.join("data"), root, state)
}

/// Those of a worker on a machine where agents keep their data in `data`.
pub(crate) fn surroundings_with(data: &Path, root: &Path, state: &Path) -> Surroundings {
    let mut environment = std::env::vars_os().collect::<HashMap<_, _>>();
    environment.insert("XDG_DATA_HOME".into(), data.into());
    Surroundings {
        root: root.to_owned(),
        state: state.to_owned(),
        clock: clock::system,
        guard: PathBuf::from(env!("CARGO_BIN_EXE_muster-worker-agent")),
        environment: environment.into_iter().collect(),
        insecure: false,
        settings: Settings::default(),
    }
}
