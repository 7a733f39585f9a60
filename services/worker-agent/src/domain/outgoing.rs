//! What a reply still has to say: everything that its backend said and the
//! stream has not acknowledged yet.
//!
//! One message is out at a time. What comes meanwhile is merged, so a slow
//! network makes larger chunks instead of a longer queue.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use bytes::Bytes;
use muster_contracts::{
    Message as _,
    limits::TEXT_CHUNK_BYTES,
    subject::ChunkKind,
    v1::{
        Chunk, End, Part, RequestAsked, RequestBody, Start, TextDelta, ToolPart, ToolState, TurnStatus, Usage,
        chunk::Change, part,
    },
};
use sha2::{Digest as _, Sha256};

use super::{
    cut,
    event::{Event, FIXED_WEIGHT, Outcome, Piece, Span},
};

/// As long as a screen shows one picture: words that come faster are seen together whatever is done, and each message
/// costs everybody on its way as much as a hundred tokens.
const PICTURE: Duration = Duration::from_millis(16);
/// How often it is told what a tool has put out so far. Each time that is all of it.
const PROGRESS: Duration = Duration::from_millis(250);
/// Tools that are open at a time, as far as they are closed with the turn.
const OPEN_TOOLS: usize = 128;

/// A message for the stream, to be repeated unchanged until it is acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publish {
    /// Its kind.
    pub kind: ChunkKind,
    /// Its number within the reply.
    pub number: u64,
    /// The stream takes it once by this id.
    pub id: String,
    /// Its body.
    pub payload: Bytes,
}

/// How the text of a part is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Voice {
    Text,
    Reasoning,
}

#[derive(Debug)]
enum Waiting {
    Start(Start),
    Words { voice: Voice, part_id: String, text: String, at: i64 },
    Part { part: Part, weight: usize, at: i64, repeats: bool },
    Request { part_id: String, body: RequestBody, weight: usize, at: i64, withdrawn_at: Option<i64> },
    End { outcome: Outcome, note: Option<String>, at: i64 },
}

/// Name and beginning of a part on the wire.
#[derive(Debug, Clone)]
struct Named {
    id: String,
    started_at: i64,
}

/// The state machine. Give it events, take a message, say that it was acknowledged.
#[derive(Debug)]
pub struct Outgoing {
    nonce: String,
    waiting: VecDeque<Waiting>,
    waiting_weight: usize,
    open: Option<Publish>,
    open_weight: usize,
    /// Number that the next message gets.
    next: u64,
    acknowledged: Option<u64>,
    hash: Sha256,
    names: HashMap<String, Named>,
    named: u64,
    last_text: Option<String>,
    /// Tools that have not ended, in the order in which they began, by their names here.
    tools: Vec<(String, ToolPart)>,
    usage: Option<Usage>,
    backend_session_id: Option<String>,
    title: Option<String>,
    finished: bool,
    over: bool,
}

impl Outgoing {
    /// A reply that begins.
    #[must_use]
    pub fn new(nonce: String, start: Start) -> Self {
        Self {
            nonce,
            waiting: VecDeque::from([Waiting::Start(start)]),
            waiting_weight: FIXED_WEIGHT,
            open: None,
            open_weight: 0,
            next: 0,
            acknowledged: None,
            hash: Sha256::new(),
            names: HashMap::new(),
            named: 0,
            last_text: None,
            tools: Vec::new(),
            usage: None,
            backend_session_id: None,
            title: None,
            finished: false,
            over: false,
        }
    }

    /// Takes what the backend says at `now`. Nothing is taken once the reply is finished.
    pub fn push(&mut self, event: Event, now: i64) {
        if self.finished {
            return;
        }
        match event {
            Event::Text { part, append } if !append.is_empty() => {
                let part_id = self.text_part(&part, now);
                self.words(Voice::Text, part_id, cut::nul(append), now);
            }
            Event::Reasoning { part, append } if !append.is_empty() => {
                let part_id = self.name(&part, now).id;
                self.words(Voice::Reasoning, part_id, append, now);
            }
            Event::Text { .. } | Event::Reasoning { .. } => {}
            Event::Piece { part, piece, span } => self.piece(&part, cut::piece(piece), span, now),
            Event::Asked(body) => self.request(body, now, None),
            Event::Withdrawn(body) => self.request(body, now, Some(now)),
            // A part of an id would be another one.
            Event::SessionId(id) => self.backend_session_id = Some(id).filter(|id| id.len() <= cut::LINE_BYTES),
            Event::Title(mut title) => {
                cut::text(&mut title, cut::LINE_BYTES);
                self.title = Some(title);
            }
        }
    }

    /// The turn is over; what waits is still said. A tool that is open still will not be finished by anybody.
    pub fn finish(&mut self, outcome: Outcome, note: Option<String>, now: i64) {
        if !self.finished {
            for (name, tool) in std::mem::take(&mut self.tools) {
                let tool = ToolPart { state: ToolState::ToolError.into(), ..tool };
                self.piece(&name, Piece::Tool(tool), Span { started_at: None, ended_at: Some(now) }, now);
            }
            self.finished = true;
            self.enqueue(Waiting::End { outcome, note, at: now });
        }
    }

    /// The next message to publish; none while one is out or nothing waits.
    pub fn take(&mut self) -> Option<Publish> {
        if self.open.is_some() {
            return None;
        }
        let waiting = self.waiting.pop_front()?;
        self.open_weight = waiting.weight();
        self.waiting_weight = self.waiting_weight.saturating_sub(self.open_weight);
        let (kind, payload) = self.encode(waiting);
        let publish = Publish { kind, number: self.next, id: format!("{}:{}", self.nonce, self.next), payload };
        self.next += 1;
        self.open = Some(publish.clone());
        Some(publish)
    }

    /// For how long after the last chunk that waits which may still grow, or be replaced. `None`: something waits that
    /// is to be told at once, or nothing does.
    #[must_use]
    pub fn patience(&self) -> Option<Duration> {
        let mut least = None;
        for waiting in &self.waiting {
            let patience = waiting.patience()?;
            least = Some(least.map_or(patience, |least: Duration| least.min(patience)));
        }
        least
    }

    /// The message that is out is stored.
    pub fn acked(&mut self) {
        if let Some(publish) = self.open.take() {
            self.acknowledged = Some(publish.number);
            self.open_weight = 0;
            self.over = publish.kind == ChunkKind::End;
        }
    }

    /// Learns how far the stream has this reply. Returns whether the message
    /// that is out is among it; if not, it is to be published again.
    pub fn told(&mut self, stored: Option<u64>) -> bool {
        let has = self.open.as_ref().is_none_or(|open| stored.is_some_and(|stored| stored >= open.number));
        if has {
            self.acked();
        }
        has
    }

    /// The highest number that is stored.
    #[must_use]
    pub const fn acknowledged(&self) -> Option<u64> {
        self.acknowledged
    }

    /// Whether all that was said is stored.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.open.is_none() && self.waiting.is_empty()
    }

    /// Whether the end is stored.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        self.over
    }

    /// About how many bytes wait here.
    #[must_use]
    pub const fn weight(&self) -> usize {
        self.open_weight + self.waiting_weight
    }

    fn enqueue(&mut self, waiting: Waiting) {
        self.waiting_weight += waiting.weight();
        self.waiting.push_back(waiting);
    }

    fn encode(&mut self, waiting: Waiting) -> (ChunkKind, Bytes) {
        let number = self.next;
        let chunk = |at, change| Bytes::from(Chunk { number, timestamp: at, change: Some(change) }.encode_to_vec());
        match waiting {
            Waiting::Start(start) => (ChunkKind::Start, start.encode_to_vec().into()),
            Waiting::Words { voice, part_id, text, at } => {
                if voice == Voice::Text {
                    self.hash.update(text.as_bytes());
                }
                let delta = TextDelta { part_id, append: text };
                let change = match voice {
                    Voice::Text => Change::Text(delta),
                    Voice::Reasoning => Change::Reasoning(delta),
                };
                (ChunkKind::Chunk, chunk(at, change))
            }
            Waiting::Part { part, at, .. } => (ChunkKind::Chunk, chunk(at, Change::Part(part))),
            Waiting::Request { part_id, body, at, withdrawn_at, .. } => {
                let asked = RequestAsked { number, timestamp: at, part_id, body: Some(body), withdrawn_at };
                (ChunkKind::Request, asked.encode_to_vec().into())
            }
            Waiting::End { outcome, note, at } => (ChunkKind::End, self.end(outcome, note, at).encode_to_vec().into()),
        }
    }

    fn end(&mut self, outcome: Outcome, note: Option<String>, at: i64) -> End {
        let (status, error) = match outcome {
            Outcome::Completed => (TurnStatus::Completed, note),
            Outcome::Failed(mut reason) => {
                cut::text(&mut reason, cut::LINE_BYTES * 4);
                (TurnStatus::Failed, Some(reason))
            }
            Outcome::Cancelled => (TurnStatus::Cancelled, note),
        };
        End {
            number: self.next,
            timestamp: at,
            outcome: status.into(),
            error,
            chunk_count: self.next.saturating_sub(1),
            content_hash: self.hash.clone().finalize().to_vec(),
            usage: self.usage,
            backend_session_id: self.backend_session_id.take(),
            title: self.title.take(),
        }
    }

    /// Appends to what waits last if that is the same part, in pieces that fit a chunk.
    fn words(&mut self, voice: Voice, part_id: String, append: String, now: i64) {
        let mut rest = append.as_str();
        if let Some(Waiting::Words { voice: last, part_id: same, text, .. }) = self.waiting.back_mut()
            && *last == voice
            && *same == part_id
        {
            let room = TEXT_CHUNK_BYTES.saturating_sub(text.len());
            let (fits, more) = rest.split_at(rest.floor_char_boundary(room));
            text.push_str(fits);
            self.waiting_weight += fits.len();
            rest = more;
        }
        while !rest.is_empty() {
            let (fits, more) = rest.split_at(rest.floor_char_boundary(TEXT_CHUNK_BYTES));
            let (part_id, text) = (part_id.clone(), fits.to_owned());
            self.enqueue(Waiting::Words { voice, part_id, text, at: now });
            rest = more;
        }
    }

    /// Takes the place of an older state of the same part that still waits,
    /// unless a request came between them: what led to a question stays before it.
    fn piece(&mut self, name: &str, piece: Piece, span: Span, now: i64) {
        if let Piece::Usage(usage) = &piece {
            self.usage = Some(*usage);
        }
        let (mut repeats, mut ended_at) = (false, span.ended_at);
        if let Piece::Tool(tool) = &piece {
            repeats = self.keep_open(name, tool);
            // Not every agent tells when.
            ended_at = ended_at.or((!is_open(tool)).then_some(now));
        }
        let weight = piece.weight();
        let Named { id, started_at } = self.name(name, now);
        let started_at = span.started_at.unwrap_or(started_at);
        // One that waited before has begun only now.
        if let Some(named) = self.names.get_mut(name) {
            named.started_at = started_at;
        }
        let kind = Some(part::Kind::from(piece));
        let part = Part { part_id: id, started_at, ended_at, kind };
        let older = self
            .waiting
            .iter_mut()
            .rev()
            .take_while(|waiting| !matches!(waiting, Waiting::Request { .. }))
            .find(|waiting| matches!(waiting, Waiting::Part { part: old, .. } if old.part_id == part.part_id));
        repeats &= older.as_ref().is_none_or(|older| older.patience().is_some());
        let new = Waiting::Part { part, weight, at: now, repeats };
        match older {
            Some(older) => {
                self.waiting_weight = (self.waiting_weight + new.weight()).saturating_sub(older.weight());
                *older = new;
            }
            None => self.enqueue(new),
        }
    }

    fn request(&mut self, body: RequestBody, now: i64, withdrawn_at: Option<i64>) {
        let body = cut::request(body);
        let Named { id: part_id, started_at: at } = self.name(&format!("request {}", body.request_id), now);
        let weight = body.title.len() + body.details.len();
        self.enqueue(Waiting::Request { part_id, body, weight, at, withdrawn_at });
    }

    /// Whether it is in the same state still.
    fn keep_open(&mut self, name: &str, tool: &ToolPart) -> bool {
        if !is_open(tool) {
            self.tools.retain(|(open, _)| open != name);
        } else if let Some((_, known)) = self.tools.iter_mut().find(|(open, _)| open == name) {
            let repeats = known.state == tool.state;
            known.clone_from(tool);
            return repeats;
        } else if self.tools.len() < OPEN_TOOLS {
            self.tools.push((name.to_owned(), tool.clone()));
        }
        false
    }

    /// The wire's name of a text part. Text that goes on after another text
    /// part has begun becomes a new part, since text parts never interleave.
    fn text_part(&mut self, name: &str, now: i64) -> String {
        let key = format!("text {name}");
        if self.last_text.as_deref() != Some(name) {
            self.names.remove(&key);
            self.last_text = Some(name.to_owned());
        }
        self.name(&key, now).id
    }

    fn name(&mut self, name: &str, started_at: i64) -> Named {
        if let Some(named) = self.names.get(name) {
            return named.clone();
        }
        self.named += 1;
        let named = Named { id: format!("p{}", self.named), started_at };
        self.names.insert(name.to_owned(), named.clone());
        named
    }
}

fn is_open(tool: &ToolPart) -> bool {
    matches!(tool.state(), ToolState::ToolPending | ToolState::ToolRunning)
}

impl Waiting {
    /// See [`Outgoing::patience`].
    fn patience(&self) -> Option<Duration> {
        match self {
            Self::Words { text, .. } => (text.len() < TEXT_CHUNK_BYTES).then_some(PICTURE),
            Self::Part { repeats, .. } => repeats.then_some(PROGRESS),
            Self::Start(_) | Self::Request { .. } | Self::End { .. } => None,
        }
    }

    fn weight(&self) -> usize {
        FIXED_WEIGHT
            + match self {
                Self::Start(_) | Self::End { .. } => 0,
                Self::Words { text, .. } => text.len(),
                Self::Part { weight, .. } | Self::Request { weight, .. } => *weight,
            }
    }
}
