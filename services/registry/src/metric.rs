//! What the registry counts.

use muster_service::metric::{Counter, Gauge, Metric};

/// Who asked to come in.
pub(crate) const CALLOUTS: Counter = Counter::by(
    "muster_registry_callouts_total",
    "Connections that the broker asked about, and what it was answered",
    "outcome",
    &["worker", "register_only", "denied", "unanswered"],
);
/// Workers that come and go.
pub(crate) const PRESENCE: Counter = Counter::by(
    "muster_registry_presence_changes_total",
    "Workers whose status changed by coming or going, and to what",
    "to",
    &["pending_authorization", "ready", "online", "offline"],
);
/// Workers by status.
pub(crate) const WORKERS: Gauge = Gauge::of(
    "muster_registry_workers",
    "Workers by their status",
    "status",
    &["pending_authorization", "ready", "online", "offline"],
);
/// Connections that were cut.
pub(crate) const KICKS: Counter = Counter::new("muster_registry_kicks_total", "Connections of workers that were cut");

/// All of it.
pub(crate) const ALL: &[&dyn Metric] = &[&CALLOUTS, &PRESENCE, &WORKERS, &KICKS];
