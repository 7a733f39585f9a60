//! One turn from its start to its stored end.

mod attachment;
mod fetch;
mod fork;
mod io;
mod queue;
mod runner;
mod table;
mod writer;

use std::path::PathBuf;

pub use attachment::Attachment;
pub use fetch::{AttachmentSource, Attachments};
pub use fork::Fork;
pub use io::{Asked, Asking, TurnIo};
pub use queue::Disk;
pub use runner::{CLOSE, Runner, WORKER_BYTES};
pub use table::{Entry, Turns};
pub use writer::ChunkStore;

/// What a backend is to answer.
#[derive(Debug, Clone)]
pub struct Turn {
    /// The session.
    pub session: String,
    /// The user's message, by chat's id.
    pub message: String,
    /// The reply.
    pub reply: String,
    /// What the user says.
    pub content: String,
    /// What the user attached, in their order. A backend that says that it takes none gets none.
    pub attachments: Vec<Attachment>,
    /// The model to answer with.
    pub model: String,
    /// The backend's mode, where the user chose one.
    pub mode: Option<String>,
    /// Where the session works, links resolved.
    pub directory: PathBuf,
    /// The backend's id of the session, from an earlier turn.
    pub backend_session_id: Option<String>,
    /// Nothing was said in the session before.
    pub first: bool,
    /// The user's messages that have been replaced: the backend forgets them and everything behind them, before it
    /// answers. Told again and again; of what it has forgotten, or never heard, there is nothing to forget.
    pub superseded: Vec<String>,
    /// What the session begins with, where it is a fork and the backend has none for it yet.
    pub fork: Option<Fork>,
    /// Everything that was said before is told in the content.
    pub has_context: bool,
}
