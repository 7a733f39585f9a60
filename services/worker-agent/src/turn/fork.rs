//! A session that begins with what was said in another one.

use muster_contracts::v1::ForkOf;

use super::{Turn, TurnIo};

/// What a fork begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fork {
    /// The backend's session that has it, as far as chat knows.
    pub backend_session_id: Option<String>,
    /// The last message of the user that belongs to it, by chat's id.
    pub message: String,
    /// Whether the reply to it belongs to it too.
    pub replied: bool,
    /// The same as text, cut at its beginning where it is too long.
    pub context: String,
}

impl From<ForkOf> for Fork {
    fn from(fork: ForkOf) -> Self {
        let ForkOf { backend_session_id, message_id, replied, context } = fork;
        Self { backend_session_id, message: message_id, replied, context }
    }
}

impl Turn {
    /// What the user says, after what was said in the session that this one is a fork of: for a backend that does not
    /// have that. The user is told.
    pub async fn with_context(&self, io: &TurnIo) -> String {
        let Some(Fork { context, .. }) = &self.fork else { return self.content.clone() };
        let notice = "The agent was not there: it was given what was said before as text, without files and tools.";
        io.notice("fork", notice).await;
        format!(
            "This goes on from an earlier conversation, which follows.\n\n<conversation>\n{context}</conversation>\n\n{}",
            self.content
        )
    }
}
