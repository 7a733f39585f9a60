//! Logs, traces and metrics of a process.

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use opentelemetry::{global, trace::TracerProvider as _};
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::{Resource, propagation::TraceContextPropagator, trace::SdkTracerProvider};
use tracing::Metadata;
use tracing_subscriber::{
    EnvFilter, Layer as _,
    filter::{FilterExt as _, filter_fn},
    layer::SubscriberExt as _,
    util::SubscriberInitExt as _,
};

use crate::config::{Common, LogFormat};

/// What must be flushed at the end.
pub(crate) struct Telemetry {
    traces: Option<SdkTracerProvider>,
    pub(crate) metrics: PrometheusHandle,
}

impl Telemetry {
    /// Sends what was gathered.
    pub(crate) fn flush(&self) {
        if let Some(Err(error)) = self.traces.as_ref().map(SdkTracerProvider::shutdown) {
            tracing::warn!(%error, "the last traces could not be sent");
        }
    }
}

/// Starts logging, tracing and counting.
pub(crate) fn start(service: &'static str, common: &Common) -> Result<Telemetry, String> {
    let filter = EnvFilter::try_new(&common.log).map_err(|error| format!("log: {error}"))?;
    let filter = filter.and(filter_fn(|line| !muster_bus::shows_messages(line)));
    global::set_text_map_propagator(TraceContextPropagator::new());
    let traces = common.otlp_endpoint.as_deref().map(|endpoint| exporter(service, endpoint)).transpose()?;
    let tracer = traces.as_ref().map(|provider| provider.tracer(service));
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = match common.log_format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().boxed(),
    };
    // The propagator needs a layer even when nothing is exported, so that a
    // trace that began elsewhere goes on through this process.
    let layer = tracer.map(|tracer| tracing_opentelemetry::layer().with_tracer(tracer).with_filter(filter_fn(is_ours)));
    tracing_subscriber::registry()
        .with(layer)
        .with(lines.with_filter(filter))
        .try_init()
        .map_err(|error| error.to_string())?;
    let metrics = PrometheusBuilder::new().install_recorder().map_err(|error| error.to_string())?;
    Ok(Telemetry { traces, metrics })
}

/// A trace has the spans of Muster itself, whatever is logged; what libraries do within them is theirs.
fn is_ours(about: &Metadata<'_>) -> bool {
    about.is_span() && about.target().starts_with("muster")
}

fn exporter(service: &'static str, endpoint: &str) -> Result<SdkTracerProvider, String> {
    let exporter = SpanExporter::builder()
        .with_http()
        .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
        .build()
        .map_err(|error| format!("otlp_endpoint: {error}"))?;
    let resource = Resource::builder().with_service_name(format!("muster-{service}")).build();
    Ok(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build())
}
