//! What chat counts.

use muster_service::metric::{Counter, Gauge, Histogram, Metric, WAITED};

/// Messages of users.
pub(crate) const SENT: Counter = Counter::new("muster_messages_sent_total", "Messages that users sent");
/// Messages that wait.
pub(crate) const WAITING: Gauge = Gauge::new("muster_messages_waiting", "Messages that wait for their worker");
/// Turns that began.
pub(crate) const STARTED: Counter = Counter::new("muster_turns_started_total", "Replies that a worker began");
/// Turns that ended.
pub(crate) const ENDED: Counter = Counter::by(
    "muster_turns_ended_total",
    "Replies that ended, and how",
    "outcome",
    &["COMPLETED", "FAILED", "CANCELLED", "INTERRUPTED"],
);
/// From the message to the worker.
pub(crate) const WAITED_FOR: Histogram =
    Histogram::new("muster_turn_wait_seconds", "From sending a message until its worker is told", WAITED);
/// From the worker to its first word.
pub(crate) const FIRST_CHUNK: Histogram = Histogram::new(
    "muster_turn_first_chunk_seconds",
    "From telling a worker until its agent says the first thing, by the worker's clock",
    WAITED,
);
/// From the worker to the end.
pub(crate) const LASTED: Histogram =
    Histogram::new("muster_turn_seconds", "From telling a worker until the end of the reply", WAITED);
/// Turns that waited for room.
pub(crate) const PAUSED_BY_STORAGE: Counter =
    Counter::new("muster_turns_paused_by_storage_total", "Replies that waited because CHUNKS was full");
/// Replies that are not what was sent.
pub(crate) const MISMATCHED: Counter =
    Counter::new("muster_replies_mismatched_total", "Replies that are not what their worker says it wrote");
/// Workers that have their share.
pub(crate) const OVER_QUOTA: Counter =
    Counter::new("muster_workers_over_quota_total", "Workers that were stopped because they had their share of CHUNKS");
/// Workers that wrote on.
pub(crate) const CUT_OFF: Counter =
    Counter::new("muster_workers_cut_off_total", "Workers that wrote on although they were stopped");

/// All of it.
pub(crate) const ALL: &[&dyn Metric] = &[
    &SENT,
    &WAITING,
    &STARTED,
    &ENDED,
    &WAITED_FOR,
    &FIRST_CHUNK,
    &LASTED,
    &PAUSED_BY_STORAGE,
    &MISMATCHED,
    &OVER_QUOTA,
    &CUT_OFF,
];
