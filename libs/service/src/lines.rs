//! Lines of the log, which say what trace they belong to.

use std::fmt::Result;

use opentelemetry::{Context, trace::TraceContextExt as _};
use tracing::{Event, Subscriber};
use tracing_subscriber::{
    fmt::{
        FmtContext, FormatEvent, FormatFields,
        format::{self, Format, Writer},
    },
    registry::LookupSpan,
};

/// What `F` makes of an event, with the ids of the span that it happens in where traces are exported.
#[derive(Debug)]
pub(crate) struct Traced<F>(Format<F>);

/// For people.
pub(crate) fn text() -> Traced<format::Full> {
    Traced(format())
}

/// For programs, one object a line.
pub(crate) fn json() -> Traced<format::Json> {
    Traced(format().json())
}

fn format() -> Format {
    tracing_subscriber::fmt::format()
}

/// How ids are put into a line.
pub(crate) trait Shape {
    fn with_ids(writer: &mut Writer<'_>, line: &str, trace: &str, span: &str) -> Result;
}

impl Shape for format::Full {
    fn with_ids(writer: &mut Writer<'_>, line: &str, trace: &str, span: &str) -> Result {
        writeln!(writer, "{} trace_id={trace} span_id={span}", line.trim_end())
    }
}

impl Shape for format::Json {
    fn with_ids(writer: &mut Writer<'_>, line: &str, trace: &str, span: &str) -> Result {
        let rest = line.strip_prefix('{').unwrap_or(line);
        write!(writer, r#"{{"trace_id":"{trace}","span_id":"{span}",{rest}"#)
    }
}

impl<S, N, F: Shape> FormatEvent<S, N> for Traced<F>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    N: for<'writer> FormatFields<'writer> + 'static,
    Format<F>: FormatEvent<S, N>,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> Result {
        let current = Context::current();
        let span = current.span().span_context().clone();
        if !span.is_valid() {
            return self.0.format_event(context, writer, event);
        }
        let mut line = String::new();
        self.0.format_event(context, Writer::new(&mut line), event)?;
        F::with_ids(&mut writer, &line, &span.trace_id().to_string(), &span.span_id().to_string())
    }
}
