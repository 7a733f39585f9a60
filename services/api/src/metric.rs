//! What the api counts.

use muster_service::metric::{Counter, Gauge, Histogram, Metric, PASSED};

/// Open event streams.
pub(crate) const VIEWERS: Gauge = Gauge::new("muster_api_viewers", "Open event streams");
/// What they watch.
pub(crate) const FEEDS: Gauge = Gauge::new("muster_api_feeds", "Sessions and users that are watched");
/// Batches of what viewers missed.
pub(crate) const REPLAYS: Counter =
    Counter::new("muster_api_replay_batches_total", "Batches that were read for viewers who came back");
/// What did not come by live.
pub(crate) const GAPS: Counter =
    Counter::new("muster_api_gap_frames_total", "Events that had to be read because they did not come by live");
/// How late chunks are.
pub(crate) const LAG: Histogram = Histogram::new(
    "muster_chunk_lag_seconds",
    "The newest chunk of each batch: from the worker's writing until it is stored (by both their clocks), and from there \
     until all viewers are given it",
    PASSED,
)
.by("stage", &["stored", "passed_on"]);
/// Answers by class.
pub(crate) const REQUESTS: Counter = Counter::by(
    "muster_api_requests_total",
    "Answers to HTTP requests, by the class of their status",
    "class",
    &["1xx", "2xx", "3xx", "4xx", "5xx"],
);
/// How long answers take.
pub(crate) const ANSWERED: Histogram =
    Histogram::new("muster_api_request_seconds", "From an HTTP request until its answer begins", PASSED);
/// Notices to browsers.
pub(crate) const NOTICES: Counter = Counter::by(
    "muster_push_notices_total",
    "Notices to browsers, and what their push service said",
    "outcome",
    &["taken", "gone", "refused", "later"],
);

/// All of it.
pub(crate) const ALL: &[&dyn Metric] = &[&VIEWERS, &FEEDS, &REPLAYS, &GAPS, &LAG, &REQUESTS, &ANSWERED, &NOTICES];
