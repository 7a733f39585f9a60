//! Limits that more than one process must know.

use std::time::Duration;

/// Characters of a machine's, worker's or session's name.
pub const NAME_CHARS: usize = 64;
/// Characters of a session's title.
pub const TITLE_CHARS: usize = 200;
/// Characters that a session takes from its first message as its title.
pub const AUTO_TITLE_CHARS: usize = 50;
/// Bytes of one message by a user: fits into a sync answer together with the rest.
pub const MESSAGE_BYTES: usize = 128 * 1024;
/// Bytes of a directory's path.
pub const DIRECTORY_BYTES: usize = 4096;
/// Bytes of a model's id.
pub const MODEL_ID_BYTES: usize = 256;
/// Models that one worker may publish.
pub const MODELS: usize = 2_000;
/// Bytes of any payload on the bus.
pub const PAYLOAD_BYTES: usize = 256 * 1024;
/// Bytes of what a worker's connection may publish at once, headers too; with room, since more ends the connection.
pub const WORKER_MESSAGE_BYTES: usize = 2 * PAYLOAD_BYTES;
/// Subscriptions that a worker's connection may have; ours has one for its doorbell and one for all answers.
pub const WORKER_SUBSCRIPTIONS: usize = 32;
/// Bytes of the text in one chunk.
pub const TEXT_CHUNK_BYTES: usize = 64 * 1024;
/// Modes or commands of a worker's backend.
pub const OFFERED: usize = 500;
/// Characters of what a mode or a command is for.
pub const DESCRIPTION_CHARS: usize = 500;
/// How long is waited for what a worker tells of its backend: less than a caller of a method waits.
pub const ASK: Duration = Duration::from_secs(4);
/// Messages that may wait in a session.
pub const QUEUE_LENGTH: usize = 50;
/// Bytes of what a worker tells of itself, each field.
pub const REGISTRATION_FIELD_BYTES: usize = 1024;
/// Registrations that may wait for one worker.
pub const REGISTRATIONS_PER_WORKER: usize = 10;
/// Items of a page unless asked otherwise, and at most.
pub const PAGE_DEFAULT: u32 = 50;
/// See [`PAGE_DEFAULT`].
pub const PAGE_MAX: u32 = 200;

/// How long a session's link lasts at most.
pub const SHARED: Duration = Duration::from_hours(24 * 365);

/// How often a worker says that it lives.
pub const HEARTBEAT: Duration = Duration::from_secs(10);
/// Three missed heartbeats: the worker is offline, and its lease ends.
pub const HEARTBEAT_LOST: Duration = Duration::from_secs(30);
/// A worker whose connection was closed and that is not back by then is taken for dead: its turns end.
pub const BACK: Duration = Duration::from_secs(4);
/// How often a worker asks sync when nothing rings.
pub const SYNC: Duration = Duration::from_secs(10);

/// Replies of a process that died which a worker tells of at once.
pub const CUT_REPLIES: usize = 64;

/// Replies that are open on a worker at once, and of which it tells; more than that wait.
pub const OPEN_REPLIES: usize = 1000;

/// Bytes of what a method answers with: a page ends before it is larger, and a message that is larger alone is read in
/// pieces. The broker takes a megabyte.
pub const ANSWER_BYTES: usize = 512 * 1024;

/// Characters of what is looked for.
pub const QUERY_CHARS: usize = 200;

/// Bytes of one attachment.
pub const ATTACHMENT_BYTES: usize = 10 * 1024 * 1024;
/// Attachments of one message.
pub const ATTACHMENTS: usize = 10;
/// Characters of an attachment's name.
pub const FILE_NAME_CHARS: usize = 120;
