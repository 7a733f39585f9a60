//! What a backend says during a turn: one vocabulary for all of them.

use muster_contracts::{
    limits::TEXT_CHUNK_BYTES,
    v1::{DiffPart, NoticePart, PlanPart, RequestBody, ToolPart, Usage, part::Kind},
};

/// Bytes that are counted for whatever waits, beside its contents.
pub const FIXED_WEIGHT: usize = 64;

/// One thing that a backend says. A part is named by the backend's own name for
/// it, unique within the turn; the names on the wire are made later.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// More of a text part.
    Text {
        /// Which part.
        part: String,
        /// What follows what it has.
        append: String,
    },
    /// More of a reasoning part.
    Reasoning {
        /// Which part.
        part: String,
        /// What follows what it has.
        append: String,
    },
    /// The whole new state of any other part.
    Piece {
        /// Which part.
        part: String,
        /// Its state.
        piece: Piece,
        /// When it began and ended, where the backend knows better than the time at which this is seen.
        span: Span,
    },
    /// The backend asks the user. The request's id is on the wire's side already.
    Asked(RequestBody),
    /// The backend waits for the answer to this no more.
    Withdrawn(RequestBody),
    /// The backend's own id of the session.
    SessionId(String),
    /// A title that the backend made for the session.
    Title(String),
}

/// A part that is neither text nor reasoning.
#[derive(Debug, Clone, PartialEq)]
pub enum Piece {
    /// A tool call.
    Tool(ToolPart),
    /// A change of a file.
    Diff(DiffPart),
    /// What the agent means to do.
    Plan(PlanPart),
    /// Tokens and cost of the turn so far.
    Usage(Usage),
    /// Something that the user should know.
    Notice(NoticePart),
}

/// Milliseconds since the Unix epoch, where known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// When it began.
    pub started_at: Option<i64>,
    /// When it ended.
    pub ended_at: Option<i64>,
}

/// How a turn ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The backend is done.
    Completed,
    /// It could not go on; the reason is for people.
    Failed(String),
    /// It was stopped.
    Cancelled,
}

impl Event {
    /// A notice to the user.
    #[must_use]
    pub fn notice(part: &str, text: impl Into<String>) -> Self {
        let piece = Piece::Notice(NoticePart { text: text.into() });
        Self::Piece { part: part.to_owned(), piece, span: Span::default() }
    }

    /// Takes up what goes on with the same text, if both fit into one chunk. Anything else is given back.
    #[must_use]
    pub fn join(&mut self, next: Self) -> Option<Self> {
        match (self, next) {
            (Self::Text { part, append }, Self::Text { part: same, append: more })
            | (Self::Reasoning { part, append }, Self::Reasoning { part: same, append: more })
                if *part == same && append.len() + more.len() <= TEXT_CHUNK_BYTES =>
            {
                append.push_str(&more);
                None
            }
            (_, next) => Some(next),
        }
    }

    /// About how many bytes of memory it takes while it waits.
    #[must_use]
    pub fn weight(&self) -> usize {
        FIXED_WEIGHT
            + match self {
                Self::Text { part, append } | Self::Reasoning { part, append } => part.len() + append.len(),
                Self::Piece { part, piece, .. } => part.len() + piece.weight(),
                Self::Asked(body) | Self::Withdrawn(body) => body.details.len() + body.title.len(),
                Self::SessionId(text) | Self::Title(text) => text.len(),
            }
    }
}

impl Piece {
    /// About how many bytes of memory it takes.
    #[must_use]
    pub fn weight(&self) -> usize {
        match self {
            Self::Tool(tool) => tool.input.len() + tool.output.len() + tool.title.len(),
            Self::Diff(diff) => diff.patch.len(),
            Self::Plan(plan) => plan.entries.iter().map(|entry| entry.content.len()).sum(),
            Self::Usage(_) => 0,
            Self::Notice(notice) => notice.text.len(),
        }
    }
}

impl From<Piece> for Kind {
    fn from(piece: Piece) -> Self {
        match piece {
            Piece::Tool(tool) => Self::Tool(tool),
            Piece::Diff(diff) => Self::Diff(diff),
            Piece::Plan(plan) => Self::Plan(plan),
            Piece::Usage(usage) => Self::Usage(usage),
            Piece::Notice(notice) => Self::Notice(notice),
        }
    }
}
