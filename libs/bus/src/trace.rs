//! One trace over every hop: the W3C context in the headers of a message, and beside what waits in a database.

use async_nats::HeaderMap;
use opentelemetry::{
    global,
    propagation::{Extractor, Injector},
    trace::TracerProvider as _,
};
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::{Resource, propagation::TraceContextPropagator, trace::SdkTracerProvider};
use tracing::{Metadata, Span, Subscriber};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::{Layer, filter::filter_fn, registry::LookupSpan};

/// Where the spans of a process go.
#[derive(Debug)]
pub struct Traces {
    service: &'static str,
    provider: SdkTracerProvider,
}

/// Spans cannot be sent there.
#[derive(Debug, thiserror::Error)]
#[error("must be http://HOST:PORT or https://HOST:PORT, not {0}")]
pub struct NoCollector(String);

impl Traces {
    /// To an OpenTelemetry collector that takes OTLP over HTTP, by its base address.
    ///
    /// # Errors
    /// When that is no address.
    pub fn to(service: &'static str, endpoint: &str) -> Result<Self, NoCollector> {
        let wrong = || NoCollector(endpoint.to_owned());
        if !["http://", "https://"].iter().any(|scheme| endpoint.starts_with(scheme)) {
            return Err(wrong());
        }
        let traces = format!("{}/v1/traces", endpoint.trim_end_matches('/'));
        let exporter = SpanExporter::builder().with_http().with_endpoint(traces).build().map_err(|_| wrong())?;
        global::set_text_map_propagator(TraceContextPropagator::new());
        let resource = Resource::builder().with_service_name(format!("muster-{service}")).build();
        let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build();
        Ok(Self { service, provider })
    }

    /// Gathers the spans of Muster itself, whatever is logged; what libraries do within them is theirs.
    pub fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'span> LookupSpan<'span>,
    {
        let is_ours = |about: &Metadata<'_>| about.is_span() && about.target().starts_with("muster");
        tracing_opentelemetry::layer().with_tracer(self.provider.tracer(self.service)).with_filter(filter_fn(is_ours))
    }

    /// Sends what was gathered.
    pub fn flush(&self) {
        if let Err(error) = self.provider.shutdown() {
            tracing::warn!(%error, "the last traces could not be sent");
        }
    }
}

struct Headers<'a>(&'a mut HeaderMap);

impl Injector for Headers<'_> {
    fn set(&mut self, key: &str, value: String) {
        self.0.insert(key, value);
    }
}

struct Read<'a>(&'a HeaderMap);

impl Extractor for Read<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(async_nats::HeaderValue::as_str)
    }

    fn keys(&self) -> Vec<&str> {
        self.0.iter().map(|(name, _)| name.as_ref()).collect()
    }
}

/// What spans of messages say that they came by, in the words of OpenTelemetry's conventions for messaging.
pub(crate) const SYSTEM: &str = "nats";
/// The header.
pub(crate) const TRACEPARENT: &str = "traceparent";

/// W3C traceparent of the present span, to be kept beside what is worked on later. None where nothing is traced.
#[must_use]
pub fn traceparent() -> Option<String> {
    let mut headers = HeaderMap::new();
    inject(&mut headers);
    headers.get(TRACEPARENT).map(|value| value.as_str().to_owned())
}

/// Makes whoever this is the parent of `span`.
pub fn continues(span: &Span, traceparent: Option<&str>) {
    let mut headers = HeaderMap::new();
    if let Some(traceparent) = traceparent {
        headers.insert(TRACEPARENT, traceparent);
        adopt(span, Some(&headers));
    }
}

/// Whether the sender of a message is part of a trace.
pub(crate) fn is_traced(headers: Option<&HeaderMap>) -> bool {
    headers.is_some_and(|headers| headers.get(TRACEPARENT).is_some())
}

/// Puts the present span into the headers.
pub(crate) fn inject(headers: &mut HeaderMap) {
    let context = Span::current().context();
    global::get_text_map_propagator(|propagator| propagator.inject_context(&context, &mut Headers(headers)));
}

/// Makes the sender's span the parent of `span`.
pub(crate) fn adopt(span: &Span, headers: Option<&HeaderMap>) {
    if let Some(headers) = headers {
        let parent = global::get_text_map_propagator(|propagator| propagator.extract(&Read(headers)));
        let _ = span.set_parent(parent);
    }
}
