//! Answering: methods as a NATS micro service (ADR-32), workers' requests by
//! subscription. A handler returns a reply or a problem; an answer always goes out.

use std::{collections::HashMap, future::Future, sync::Arc};

use async_nats::{
    HeaderMap,
    service::{Service, ServiceExt as _, error::Error as ServiceError},
};
use bytes::Bytes;
use futures_util::StreamExt as _;
use muster_contracts::{
    Message, Name as _,
    method::{self, Method},
    subject::Subject,
    v1::{Problem, problem::Kind},
};
use tokio::sync::Semaphore;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::Instrument as _;

use crate::{Bus, CallError, Identity, PATIENCE, call::refusal, trace};

/// Requests of one kind that are worked on at the same time in one process.
const CONCURRENCY: usize = 256;

/// Inboxes begin with this: of services, of keys, and of whoever has no name for one.
const INBOX: &str = "_INBOX";
/// And the broker's own names for inboxes in another account with this.
const ACROSS_ACCOUNTS: &str = "_R_.";

/// What a handler of a method returns.
pub type Handled<T> = Result<T, Problem>;

/// The methods that a service answers.
#[derive(Debug)]
pub struct Endpoints {
    service: Service,
    bus: Bus,
    stop: CancellationToken,
    tasks: TaskTracker,
}

/// A request or message of a worker.
#[derive(Debug)]
pub struct Incoming {
    /// On which subject.
    pub subject: Subject,
    /// Who asks, where the broker tells it.
    pub identity: Option<Identity>,
    /// From which address, where the broker tells it; empty elsewhere.
    pub address: String,
    /// What is asked.
    pub payload: Bytes,
}

impl Incoming {
    /// None on a subject that is not ours.
    pub(crate) fn of(message: &async_nats::Message) -> Option<Self> {
        let subject = message.subject.parse().ok()?;
        let (identity, address) = Identity::from_headers(message.headers.as_ref()).unzip();
        Some(Self { subject, identity, address: address.unwrap_or_default(), payload: message.payload.clone() })
    }
}

impl Bus {
    /// Announces a service, to be found with `nats micro ls`.
    ///
    /// # Errors
    /// When the broker is not connected.
    pub async fn announce(
        &self,
        service: method::Service,
        version: &str,
        stop: CancellationToken,
    ) -> Result<Endpoints, CallError> {
        let service = self
            .client
            .service_builder()
            .queue_group(service.name())
            .description(format!("Muster {}", service.name()))
            .start(format!("muster-{}", service.name()), version)
            .await
            .map_err(|_| CallError::Disconnected)?;
        Ok(Endpoints { service, bus: self.clone(), stop, tasks: TaskTracker::new() })
    }

    /// Answers what workers ask below `filter`: one instance of the queue group
    /// hears each request. Runs until `stop`.
    ///
    /// # Errors
    /// When the broker is not connected.
    pub async fn answer<H, F>(
        &self,
        filter: &str,
        queue: &str,
        stop: CancellationToken,
        handler: H,
    ) -> Result<(), CallError>
    where
        H: Fn(Incoming) -> F + Send + Sync + 'static,
        F: Future<Output = Handled<Bytes>> + Send + 'static,
    {
        let mut requests = self
            .client
            .queue_subscribe(filter.to_owned(), queue.to_owned())
            .await
            .map_err(|_| CallError::Disconnected)?;
        let (handler, permits) = (Arc::new(handler), Arc::new(Semaphore::new(CONCURRENCY)));
        let tasks = TaskTracker::new();
        loop {
            let message = tokio::select! {
                message = requests.next() => message,
                () = stop.cancelled() => None,
            };
            let Some(message) = message else { break };
            if message.reply.as_deref().is_some_and(is_no_inbox) {
                continue;
            }
            let Some(incoming) = Incoming::of(&message) else { continue };
            let Ok(permit) = Arc::clone(&permits).acquire_owned().await else { break };
            let span = tracing::debug_span!(
                "answer",
                otel.kind = "server",
                messaging.system = trace::SYSTEM,
                messaging.operation.name = "answer",
                messaging.operation.type = "process",
                messaging.destination.template = filter,
            );
            trace::adopt(&span, message.headers.as_ref());
            let (bus, handler) = (self.clone(), Arc::clone(&handler));
            tasks.spawn(
                async move {
                    let handled = in_time(handler(incoming)).await;
                    if let Some(reply) = message.reply {
                        bus.reply(reply, handled).await;
                    }
                    drop(permit);
                }
                .instrument(span),
            );
        }
        tasks.close();
        tasks.wait().await;
        Ok(())
    }

    async fn reply(&self, to: async_nats::Subject, handled: Handled<Bytes>) {
        let sent = match handled {
            Ok(payload) => self.client.publish(to, payload).await,
            Err(problem) => self.client.publish_with_headers(to, refusal(&problem), Bytes::new()).await,
        };
        if let Err(error) = sent {
            tracing::warn!(%error, "an answer could not be sent");
        }
    }
}

/// Whether an answer would go where nobody waits for one. The broker lets whoever answers speak on the subject that the
/// question names, whatever it is: an answer there would be said in our name, and to JetStream be an order.
fn is_no_inbox(reply: &str) -> bool {
    let no_inbox = !reply.starts_with(INBOX) && !reply.starts_with(ACROSS_ACCOUNTS);
    if no_inbox {
        tracing::warn!(reply, "a question is not answered: its answer would go to no inbox");
    }
    no_inbox
}

/// The messages of a method, for whoever asks the broker what there is.
fn schema<M: Method>() -> HashMap<String, String> {
    HashMap::from([("request".to_owned(), M::Request::full_name()), ("reply".to_owned(), M::Reply::full_name())])
}

impl Endpoints {
    /// Answers a method with a handler.
    ///
    /// # Errors
    /// When the broker is not connected.
    pub async fn method<M, H, F>(self, handler: H) -> Result<Self, CallError>
    where
        M: Method,
        H: Fn(M::Request) -> F + Send + Sync + 'static,
        F: Future<Output = Handled<M::Reply>> + Send + 'static,
    {
        let mut endpoint = self
            .service
            .endpoint_builder()
            .name(M::NAME)
            .queue_group(M::SERVICE.name())
            .metadata(schema::<M>())
            .add(method::subject::<M>())
            .await
            .map_err(|_| CallError::Disconnected)?;
        let (stop, requests) = (self.stop.clone(), self.tasks.clone());
        let (handler, permits) = (Arc::new(handler), Arc::new(Semaphore::new(CONCURRENCY)));
        self.tasks.spawn(async move {
            loop {
                let request = tokio::select! {
                    request = endpoint.next() => request,
                    () = stop.cancelled() => None,
                };
                let Some(request) = request else { break };
                if request.message.reply.as_deref().is_none_or(is_no_inbox) {
                    continue;
                }
                let Ok(permit) = Arc::clone(&permits).acquire_owned().await else { break };
                let span = tracing::debug_span!(
                    "handle",
                    otel.name = M::NAME,
                    otel.kind = "server",
                    messaging.system = trace::SYSTEM,
                    messaging.operation.name = M::NAME,
                    messaging.operation.type = "process",
                    messaging.destination.name = method::subject::<M>(),
                );
                trace::adopt(&span, request.message.headers.as_ref());
                let handler = Arc::clone(&handler);
                requests.spawn(
                    async move {
                        let handled = match M::Request::decode(request.message.payload.clone()) {
                            Ok(message) => in_time(handler(message)).await,
                            Err(_) => Err(malformed()),
                        };
                        respond(&request, handled).await;
                        drop(permit);
                    }
                    .instrument(span),
                );
            }
        });
        Ok(self)
    }

    /// Runs until stopped; then answers what has been asked, and ends.
    pub async fn run(self) {
        self.stop.cancelled().await;
        self.tasks.close();
        self.tasks.wait().await;
        let _ = self.bus.round_trip().await;
        if let Err(error) = self.service.stop().await {
            tracing::debug!(%error, "the service was stopped already");
        }
    }
}

/// What a handler answers, or that it does not.
async fn in_time<T>(handling: impl Future<Output = Handled<T>>) -> Handled<T> {
    tokio::time::timeout(PATIENCE, handling).await.unwrap_or_else(|_| {
        tracing::error!("a request was given up: what it needs has not answered");
        Err(Problem {
            kind: Kind::Unavailable.into(),
            slug: "unavailable".to_owned(),
            detail: "The server is waiting for its database; try again in a moment.".to_owned(),
            fields: Vec::new(),
        })
    })
}

async fn respond<Rep: Message>(request: &async_nats::service::Request, handled: Handled<Rep>) {
    let sent = match handled {
        Ok(reply) => request.respond_with_headers(Ok(reply.encode_to_vec().into()), HeaderMap::new()).await,
        Err(problem) => {
            let error = ServiceError { status: problem.slug.clone(), code: code(problem.kind()) };
            request.respond_with_headers(Err(error), refusal(&problem)).await
        }
    };
    if let Err(error) = sent {
        tracing::warn!(%error, "an answer could not be sent");
    }
}

/// For `nats micro stats`, in the manner of HTTP.
const fn code(kind: Kind) -> usize {
    match kind {
        Kind::NotFound => 404,
        Kind::Conflict => 409,
        Kind::Invalid => 422,
        Kind::Limit => 429,
        Kind::Unavailable => 503,
        Kind::Internal | Kind::Unspecified => 500,
    }
}

fn malformed() -> Problem {
    Problem {
        kind: Kind::Invalid.into(),
        slug: "malformed".into(),
        detail: "the request cannot be read".into(),
        fields: Vec::new(),
    }
}
