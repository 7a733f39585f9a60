//! Logs, traces and metrics of a process.

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use muster_bus::trace::Traces;
use tracing_subscriber::{
    EnvFilter, Layer as _,
    filter::{FilterExt as _, filter_fn},
    layer::SubscriberExt as _,
    util::SubscriberInitExt as _,
};

use crate::config::{Common, LogFormat};

/// What must be flushed at the end.
pub(crate) struct Telemetry {
    traces: Option<Traces>,
    pub(crate) metrics: PrometheusHandle,
}

impl Telemetry {
    /// Sends what was gathered.
    pub(crate) fn flush(&self) {
        if let Some(traces) = &self.traces {
            traces.flush();
        }
    }
}

/// Starts logging, tracing and counting.
pub(crate) fn start(service: &'static str, common: &Common) -> Result<Telemetry, String> {
    let filter = EnvFilter::try_new(&common.log).map_err(|error| format!("log: {error}"))?;
    let filter = filter.and(filter_fn(|line| !muster_bus::shows_messages(line)));
    let traces = common.otlp_endpoint.as_deref().map(|endpoint| Traces::to(service, endpoint)).transpose();
    let traces = traces.map_err(|error| format!("otlp_endpoint: {error}"))?;
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = match common.log_format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().boxed(),
    };
    tracing_subscriber::registry()
        .with(traces.as_ref().map(Traces::layer))
        .with(lines.with_filter(filter))
        .try_init()
        .map_err(|error| error.to_string())?;
    let metrics = PrometheusBuilder::new().install_recorder().map_err(|error| error.to_string())?;
    Ok(Telemetry { traces, metrics })
}
