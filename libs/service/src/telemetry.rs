//! Logs, traces and metrics of a process.

use metrics_exporter_prometheus::PrometheusHandle;
use muster_bus::trace::Traces;
use tracing_subscriber::{
    EnvFilter, Layer as _,
    filter::{FilterExt as _, filter_fn},
    fmt::format::JsonFields,
    layer::SubscriberExt as _,
    reload,
    util::SubscriberInitExt as _,
};

use crate::{
    Service,
    config::{Common, LogFormat},
    lines, metric,
};

/// Replaces what is logged.
type SetFilter = Box<dyn Fn(EnvFilter) -> Result<(), reload::Error> + Send + Sync>;

/// What must be flushed at the end.
pub(crate) struct Telemetry {
    traces: Option<Traces>,
    set_filter: SetFilter,
    pub(crate) metrics: PrometheusHandle,
}

impl Telemetry {
    /// Sends what was gathered.
    pub(crate) fn flush(&self) {
        if let Some(traces) = &self.traces {
            traces.flush();
        }
    }

    /// Logs something else from now on.
    ///
    /// # Errors
    /// When that is no filter.
    pub(crate) fn log(&self, filter: &str) -> Result<(), String> {
        (self.set_filter)(parse(filter)?).map_err(|error| error.to_string())
    }
}

/// Starts logging, tracing and counting.
pub(crate) fn start<S: Service>(common: &Common) -> Result<Telemetry, String> {
    let (filter, handle) = reload::Layer::new(parse(&common.log)?);
    let filter = filter.and(filter_fn(|line| !muster_bus::shows_messages(line)));
    let traces = common
        .otlp_endpoint
        .as_deref()
        .filter(|endpoint| !endpoint.is_empty())
        .map(|endpoint| Traces::to(S::NAME, endpoint))
        .transpose();
    let traces = traces.map_err(|error| format!("otlp_endpoint {error}"))?;
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = match common.log_format {
        LogFormat::Text => lines.event_format(lines::text()).boxed(),
        LogFormat::Json => lines.fmt_fields(JsonFields::new()).event_format(lines::json()).boxed(),
    };
    tracing_subscriber::registry()
        .with(traces.as_ref().map(Traces::layer))
        .with(lines.with_filter(filter))
        .try_init()
        .map_err(|error| error.to_string())?;
    let metrics = metric::start(S::VERSION, S::METRICS).map_err(|error| error.to_string())?;
    let set_filter: SetFilter = Box::new(move |filter| handle.reload(filter));
    Ok(Telemetry { traces, set_filter, metrics })
}

fn parse(filter: &str) -> Result<EnvFilter, String> {
    EnvFilter::try_new(filter).map_err(|_| {
        format!("`log` cannot be {filter:?}; allowed: error, warn, info, debug, trace or off, also for a part: info,muster=debug")
    })
}
