//! As much of the API's types as the launcher and the tests look at.

use serde::Deserialize;

/// A computer.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Machine {
    /// Its id.
    pub machine_id: String,
    /// Its name.
    pub name: String,
}

/// What *Add worker* answers.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WorkerRegistration {
    /// The worker's id.
    pub worker_id: String,
    /// What its process is started with.
    pub token: String,
}

impl std::fmt::Debug for WorkerRegistration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WorkerRegistration").field("worker_id", &self.worker_id).finish_non_exhaustive()
    }
}

/// A worker.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Worker {
    /// Its id.
    pub worker_id: String,
    /// Its machine's.
    pub machine_id: String,
    /// `pending_authorization`, `ready`, `online` or `offline`.
    pub status: String,
    /// Keys that ask to be it.
    pub registrations: Vec<Registration>,
    /// `storage_full`, `over_quota` or `cut_off`, if something is in its way.
    pub restriction: Option<String>,
}

/// A key that asks to be a worker.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Registration {
    /// Of the key.
    pub fingerprint: String,
    /// Of the computer that it runs on.
    pub hostname: String,
    /// That it works in.
    pub directory: String,
}

/// A conversation.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// Its id.
    pub chat_session_id: String,
    /// The worker's.
    pub worker_id: String,
    /// `active`, `idle` or `terminated`.
    pub status: String,
}

/// An entry of a conversation.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// Its id.
    pub message_id: String,
    /// `user`, `assistant` or `system`.
    pub role: String,
    /// Its text.
    pub content: String,
    /// Its turn's status.
    pub status: String,
    /// Whether nothing more will come.
    pub completed: bool,
    /// Of a reply: the message that it answers.
    pub reply_to: Option<String>,
    /// The message that took its place, such as the reply to a retry.
    pub superseded_by: Option<String>,
    /// Why it is not whole, for people.
    pub error: Option<String>,
    /// Higher with each change.
    pub revision: i64,
    /// Chunks and requests of the finished reply.
    pub chunk_count: Option<u64>,
    /// SHA-256 over the text, of the finished reply.
    pub content_hash: Option<String>,
}
