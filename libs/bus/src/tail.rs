//! The live tail: what a stream republishes once it is stored, and doorbells.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use async_nats::HeaderMap;
use futures_util::{Stream, StreamExt as _, stream::SelectAll};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use tracing::Span;

use crate::{Bus, CallError, Incoming, Stored, read::stored, trace};

/// Stored messages as they are republished. Core delivery: what is lost on the
/// way must be found by reading.
#[derive(Debug)]
pub struct Tail {
    all: SelectAll<async_nats::Subscriber>,
    newest: Option<HeaderMap>,
}

/// What comes along a tail.
pub type TailItem = Stored;

impl Bus {
    /// Follows some live subjects. When this returns, the broker has the
    /// subscription: everything that is stored from now on comes along.
    ///
    /// # Errors
    /// When the broker is not connected.
    pub async fn tail(&self, filters: impl IntoIterator<Item = String>) -> Result<Tail, CallError> {
        let mut all = SelectAll::new();
        for filter in filters {
            all.push(self.client.subscribe(filter).await.map_err(|_| CallError::Disconnected)?);
        }
        self.round_trip().await?;
        Ok(Tail { all, newest: None })
    }

    /// Hears a doorbell: each item is a ring, its content is of no meaning.
    ///
    /// # Errors
    /// When the broker is not connected.
    pub async fn doorbell(&self, filter: String) -> Result<impl Stream<Item = ()> + Send + Unpin + use<>, CallError> {
        let rings = self.client.subscribe(filter).await.map_err(|_| CallError::Disconnected)?;
        Ok(rings.map(|_| ()))
    }

    /// Hears what workers tell without expecting an answer, in every instance.
    ///
    /// # Errors
    /// When the broker is not connected.
    pub async fn hear(&self, filter: String) -> Result<impl Stream<Item = Incoming> + Send + Unpin + use<>, CallError> {
        let told = self.client.subscribe(filter).await.map_err(|_| CallError::Disconnected)?;
        Ok(told.filter_map(|message| std::future::ready(Incoming::of(&message))))
    }
}

impl Tail {
    /// When what came last was stored, by the broker's clock, in milliseconds since the Unix epoch.
    #[must_use]
    pub fn stored_at(&self) -> Option<i64> {
        let text = self.newest.as_ref()?.get("Nats-Time-Stamp")?;
        let time = OffsetDateTime::parse(text.as_str(), &Rfc3339).ok()?;
        i64::try_from(time.unix_timestamp_nanos() / 1_000_000).ok()
    }

    /// Passing on what came last, where its sender is part of a trace; it lasts as long as the span.
    #[must_use]
    pub fn span(&self) -> Option<Span> {
        let headers = self.newest.as_ref();
        if !trace::is_traced(headers) {
            return None;
        }
        let span = tracing::debug_span!(
            "deliver",
            otel.kind = "consumer",
            messaging.system = trace::SYSTEM,
            messaging.operation.name = "deliver",
            messaging.operation.type = "process",
        );
        trace::adopt(&span, headers);
        Some(span)
    }
}

impl Stream for Tail {
    type Item = TailItem;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<TailItem>> {
        loop {
            match self.all.poll_next_unpin(context) {
                Poll::Ready(Some(message)) => {
                    if let Some(stored) = stored(message.headers.as_ref(), message.payload) {
                        self.newest = message.headers;
                        return Poll::Ready(Some(stored));
                    }
                }
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}
