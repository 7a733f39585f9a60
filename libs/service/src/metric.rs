//! What a process counts. All of it is there from the start, at zero: a rate needs a value before the first event, and an
//! alert a metric that exists.

use std::time::Duration;

use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use tokio_util::sync::CancellationToken;

/// Bounds of what a person waits for, in seconds.
pub const WAITED: &[f64] = &[0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0];
/// Bounds of what runs between our own processes, in seconds.
pub const PASSED: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];

/// Between two rounds of [`tidy`].
const TIDY: Duration = Duration::from_secs(5);

/// Writing transactions.
pub(crate) const WRITES: Counter = Counter::new("muster_database_writes_total", "Transactions that write");
/// The pool of connections.
pub(crate) const CONNECTIONS: Gauge = Gauge::of(
    "muster_database_connections",
    "Connections that may be made to the database",
    "state",
    &["free", "used"],
);
/// What a stream holds.
pub(crate) const STREAM_BYTES: Gauge =
    Gauge::of("muster_stream_bytes", "What a stream that is the service's own holds", "stream", &[]);
/// What it may hold.
pub(crate) const STREAM_MAX_BYTES: Gauge =
    Gauge::of("muster_stream_max_bytes", "What it may hold, where that is bounded", "stream", &[]);
const BUILD: Gauge = Gauge::of("muster_build_info", "1, of the version that runs", "version", &[]);

/// What every process counts.
const COMMON: &[&dyn Metric] = &[&WRITES, &CONNECTIONS, &STREAM_BYTES, &STREAM_MAX_BYTES, &BUILD];

/// Something that is counted.
pub trait Metric: std::fmt::Debug + Sync {
    /// Says what it is, and begins it.
    fn declare(&self);

    /// Bounds of its buckets, if it has any.
    fn buckets(&self) -> Option<(&'static str, &'static [f64])> {
        None
    }
}

/// The values that a label has; those of an open one are not known beforehand, and few.
type Label = (&'static str, &'static [&'static str]);

/// How often something happened.
#[derive(Debug, Clone, Copy)]
pub struct Counter {
    name: &'static str,
    about: &'static str,
    label: Option<Label>,
}

impl Counter {
    /// Counts one thing.
    #[must_use]
    pub const fn new(name: &'static str, about: &'static str) -> Self {
        Self { name, about, label: None }
    }

    /// Counts it by the values of a label.
    #[must_use]
    pub const fn by(
        name: &'static str,
        about: &'static str,
        label: &'static str,
        values: &'static [&'static str],
    ) -> Self {
        Self { name, about, label: Some((label, values)) }
    }

    /// It happened so many times.
    pub fn add(&self, times: u64) {
        counter!(self.name).increment(times);
    }

    /// It happened once, in one of its ways.
    pub fn count(&self, value: &'static str) {
        match self.label {
            Some((label, _)) => counter!(self.name, label => value).increment(1),
            None => self.add(1),
        }
    }
}

impl Metric for Counter {
    fn declare(&self) {
        describe_counter!(self.name, self.about);
        match self.label {
            Some((label, values)) => values.iter().for_each(|value| counter!(self.name, label => *value).absolute(0)),
            None => counter!(self.name).absolute(0),
        }
    }
}

/// How much there is.
#[derive(Debug, Clone, Copy)]
pub struct Gauge {
    name: &'static str,
    about: &'static str,
    label: Option<Label>,
}

impl Gauge {
    /// Measures one thing.
    #[must_use]
    pub const fn new(name: &'static str, about: &'static str) -> Self {
        Self { name, about, label: None }
    }

    /// Measures it for each value of a label.
    #[must_use]
    pub const fn of(
        name: &'static str,
        about: &'static str,
        label: &'static str,
        values: &'static [&'static str],
    ) -> Self {
        Self { name, about, label: Some((label, values)) }
    }

    /// There is so much.
    pub fn set(&self, amount: f64) {
        gauge!(self.name).set(amount);
    }

    /// There is so much of one value of its label.
    pub fn set_of(&self, value: &str, amount: f64) {
        match self.label {
            Some((label, _)) => gauge!(self.name, label => value.to_owned()).set(amount),
            None => self.set(amount),
        }
    }

    /// One more.
    pub fn up(&self) {
        gauge!(self.name).increment(1);
    }

    /// One less.
    pub fn down(&self) {
        gauge!(self.name).decrement(1);
    }
}

impl Metric for Gauge {
    fn declare(&self) {
        describe_gauge!(self.name, self.about);
        match self.label {
            Some((label, values)) => values.iter().for_each(|value| gauge!(self.name, label => *value).set(0)),
            None => gauge!(self.name).set(0),
        }
    }
}

/// How long something takes, in seconds.
#[derive(Debug, Clone, Copy)]
pub struct Histogram {
    name: &'static str,
    about: &'static str,
    label: Option<Label>,
    bounds: &'static [f64],
}

impl Histogram {
    /// Times one thing; `bounds` are those of its buckets.
    #[must_use]
    pub const fn new(name: &'static str, about: &'static str, bounds: &'static [f64]) -> Self {
        Self { name, about, label: None, bounds }
    }

    /// Times it by the values of a label.
    #[must_use]
    pub const fn by(self, label: &'static str, values: &'static [&'static str]) -> Self {
        Self { label: Some((label, values)), ..self }
    }

    /// It took so long.
    pub fn took(&self, time: Duration) {
        self.handle(None).record(time);
    }

    /// It lasted from one time to another, in milliseconds.
    pub fn between(&self, from: i64, to: i64) {
        self.handle(None).record(between(from, to));
    }

    /// What times one value of its label, for whoever does it often.
    #[must_use]
    pub fn of(&self, value: &'static str) -> Timer {
        Timer(self.handle(Some(value)))
    }

    fn handle(&self, value: Option<&'static str>) -> metrics::Histogram {
        match self.label.zip(value) {
            Some(((label, _), value)) => histogram!(self.name, label => value),
            None => histogram!(self.name),
        }
    }
}

impl Metric for Histogram {
    fn declare(&self) {
        describe_histogram!(self.name, self.about);
        match self.label {
            Some((_, values)) => values.iter().for_each(|value| drop(self.handle(Some(value)))),
            None => drop(self.handle(None)),
        }
    }

    fn buckets(&self) -> Option<(&'static str, &'static [f64])> {
        Some((self.name, self.bounds))
    }
}

/// Times one value of a histogram's label.
#[derive(Clone)]
pub struct Timer(metrics::Histogram);

impl Timer {
    /// It lasted from one time to another, in milliseconds.
    pub fn between(&self, from: i64, to: i64) {
        self.0.record(between(from, to));
    }
}

impl std::fmt::Debug for Timer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Timer")
    }
}

/// Clocks of two computers may differ: less than nothing is nothing.
fn between(from: i64, to: i64) -> Duration {
    Duration::from_millis(u64::try_from(to.saturating_sub(from)).unwrap_or(0))
}

/// Sorts what was timed into its buckets, until `stop`: else it would gather for as long as nobody asks.
pub(crate) async fn tidy(handle: PrometheusHandle, stop: CancellationToken) {
    loop {
        handle.run_upkeep();
        tokio::select! { () = tokio::time::sleep(TIDY) => {}, () = stop.cancelled() => return }
    }
}

/// Begins to count what every process counts, and what this one does.
pub(crate) fn start(version: &str, own: &[&dyn Metric]) -> Result<PrometheusHandle, BuildError> {
    let all = || COMMON.iter().chain(own);
    let timed = all().filter_map(|metric| metric.buckets());
    let builder = timed.into_iter().try_fold(PrometheusBuilder::new(), |builder, (name, bounds)| {
        builder.set_buckets_for_metric(Matcher::Full(name.to_owned()), bounds)
    })?;
    let handle = builder.install_recorder()?;
    all().for_each(|metric| metric.declare());
    BUILD.set_of(version, 1.0);
    Ok(handle)
}
