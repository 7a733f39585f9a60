//! The broker itself: who connects and disconnects, cutting a connection, and
//! deciding who may come in. For the registry alone.

use std::{collections::BTreeSet, future::Future, sync::Arc, time::Duration};

use async_nats::HeaderMap;
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, stream};
use muster_contracts::permissions::ServiceUser;
use serde::Deserialize;
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;

use crate::{Bus, CallError, ConnectError, Connection, PATIENCE, ServiceConnect};

/// Servers that have not told their connections by then are not there.
const GATHER: Duration = Duration::from_secs(2);
/// After one server has answered, how long others may take.
const GATHER_MORE: Duration = Duration::from_millis(250);
/// Connections in one answer; the rest follows by offset.
const PAGE: usize = 1024;
/// Callout requests that are worked on at once.
const CALLOUTS: usize = 512;
const XKEY: &str = "Nats-Server-Xkey";

/// A connection in the system account.
#[derive(Debug, Clone)]
pub struct System(Bus);

/// A worker's connection as the broker knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientConnection {
    /// Id of the server that it is connected to.
    pub server: String,
    /// Its number on that server.
    pub client: u64,
    /// The user's name that the callout gave it.
    pub user: String,
    /// Address of the other end.
    pub host: String,
}

/// The workers' connections on every server that answered.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Census {
    /// Ids of the servers that answered: what is not listed of these is gone.
    pub servers: BTreeSet<String>,
    /// The connections.
    pub connections: Vec<ClientConnection>,
}

/// What happened to a connection in the account WORKERS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BrokerEvent {
    /// It was let in.
    Connected(ClientConnection),
    /// It is gone.
    Disconnected(ClientConnection),
}

#[derive(Deserialize)]
struct Advisory {
    server: ServerInfo,
    client: ClientInfo,
}

#[derive(Deserialize)]
struct ServerInfo {
    id: String,
}

#[derive(Deserialize)]
struct ClientInfo {
    id: u64,
    #[serde(default)]
    user: String,
    #[serde(default)]
    host: String,
}

#[derive(Deserialize)]
struct Connz {
    server: ServerInfo,
    data: ConnzData,
}

#[derive(Deserialize)]
struct ConnzData {
    #[serde(default)]
    connections: Vec<ConnzConnection>,
    #[serde(default)]
    total: usize,
}

#[derive(Deserialize)]
struct ConnzConnection {
    cid: u64,
    #[serde(default)]
    authorized_user: String,
    #[serde(default)]
    ip: String,
}

impl System {
    /// Connects to the system account; see [`Bus::connect_service`].
    ///
    /// # Errors
    /// When the seed or an address is not valid.
    pub async fn connect(connect: ServiceConnect) -> Result<Self, ConnectError> {
        Bus::connect_service(ServiceConnect { user: ServiceUser::System, ..connect }).await.map(Self)
    }

    /// Whether the broker is there.
    #[must_use]
    pub fn connection(&self) -> watch::Receiver<Connection> {
        self.0.connection()
    }

    /// Closes the connection.
    pub async fn close(&self) {
        self.0.close().await;
    }

    /// Every connect and disconnect of a worker from now on, in this instance.
    ///
    /// # Errors
    /// When the broker is not connected.
    pub async fn events(&self) -> Result<impl Stream<Item = BrokerEvent> + Send + Unpin + use<>, CallError> {
        let connects = self.subscribe("$SYS.ACCOUNT.WORKERS.CONNECT", BrokerEvent::Connected).await?;
        let disconnects = self.subscribe("$SYS.ACCOUNT.WORKERS.DISCONNECT", BrokerEvent::Disconnected).await?;
        self.0.round_trip().await?;
        Ok(stream::select(connects, disconnects))
    }

    async fn subscribe(
        &self,
        subject: &'static str,
        event: fn(ClientConnection) -> BrokerEvent,
    ) -> Result<impl Stream<Item = BrokerEvent> + Send + Unpin + use<>, CallError> {
        let messages = self.0.client.subscribe(subject).await.map_err(|_| CallError::Disconnected)?;
        Ok(messages.filter_map(move |message| {
            let advisory = serde_json::from_slice::<Advisory>(&message.payload);
            if let Err(error) = &advisory {
                tracing::warn!(%error, subject, "the broker's notice cannot be read");
            }
            std::future::ready(advisory.ok().map(|Advisory { server, client }| {
                event(ClientConnection { server: server.id, client: client.id, user: client.user, host: client.host })
            }))
        }))
    }

    /// Every connection of a worker on every server. A server that does not
    /// answer in time is missing in it.
    ///
    /// # Errors
    /// When no server answers.
    pub async fn connections(&self) -> Result<Census, CallError> {
        let mut census = Census::default();
        if self.count(&mut census).await? {
            // While one page was read another may have lost its first, so that one is on neither: once more.
            self.count(&mut census).await?;
            census
                .connections
                .sort_unstable_by(|one, other| (&one.server, one.client).cmp(&(&other.server, other.client)));
            census.connections.dedup_by(|one, other| (&one.server, one.client) == (&other.server, other.client));
        }
        Ok(census)
    }

    /// Adds all pages, and says whether there were several.
    async fn count(&self, census: &mut Census) -> Result<bool, CallError> {
        for page in 0.. {
            if !self.connections_page(page * PAGE, census).await? {
                return Ok(page > 0);
            }
        }
        Ok(false)
    }

    /// Adds one page of each server, and says whether there are more.
    async fn connections_page(&self, offset: usize, census: &mut Census) -> Result<bool, CallError> {
        let inbox = self.0.client.new_inbox();
        let mut answers = self.0.client.subscribe(inbox.clone()).await.map_err(|_| CallError::Disconnected)?;
        let request = serde_json::json!({ "auth": true, "acc": "WORKERS", "limit": PAGE, "offset": offset });
        self.0
            .client
            .publish_with_reply("$SYS.REQ.SERVER.PING.CONNZ", inbox, request.to_string().into())
            .await
            .map_err(|_| CallError::Disconnected)?;
        let (mut more, mut wait, mut answered) = (false, GATHER, false);
        while let Ok(Some(answer)) = tokio::time::timeout(wait, answers.next()).await {
            let Ok(Connz { server, data }) = serde_json::from_slice::<Connz>(&answer.payload) else { continue };
            (wait, answered) = (GATHER_MORE, true);
            more |= data.total > offset + PAGE;
            census.servers.insert(server.id.clone());
            census.connections.extend(data.connections.into_iter().map(|connection| ClientConnection {
                server: server.id.clone(),
                client: connection.cid,
                user: connection.authorized_user,
                host: connection.ip,
            }));
        }
        if answered { Ok(more) } else { Err(CallError::Timeout) }
    }

    /// Cuts a connection. The client may come back, with the rights it has by then.
    ///
    /// # Errors
    /// When the broker does not answer.
    pub async fn kick(&self, server: &str, client: u64) -> Result<(), CallError> {
        let subject = format!("$SYS.REQ.SERVER.{server}.KICK");
        let request = serde_json::json!({ "cid": client }).to_string();
        match tokio::time::timeout(GATHER, self.0.client.request(subject, request.into())).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) if error.kind() == async_nats::RequestErrorKind::NoResponders => Err(CallError::NoResponder),
            Ok(Err(_)) | Err(_) => Err(CallError::Timeout),
        }
    }
}

/// A question of the broker: may this client come in?
#[derive(Debug)]
pub struct Callout {
    /// A JWT, sealed to our curve key when `server_xkey` is set.
    pub payload: Bytes,
    /// The server's curve key for sealing the answer.
    pub server_xkey: Option<String>,
}

impl Bus {
    /// Answers the broker's questions who may come in, as one of the queue group
    /// of all instances. `None` leaves a question without answer. Runs until `stop`.
    ///
    /// # Errors
    /// When the broker is not connected.
    pub async fn decide_callouts<H, F>(&self, stop: CancellationToken, handler: H) -> Result<(), CallError>
    where
        H: Fn(Callout) -> F + Send + Sync + 'static,
        F: Future<Output = Option<Bytes>> + Send + 'static,
    {
        let mut questions = self
            .client
            .queue_subscribe("$SYS.REQ.USER.AUTH", "registry".to_owned())
            .await
            .map_err(|_| CallError::Disconnected)?;
        let (handler, permits) = (Arc::new(handler), Arc::new(Semaphore::new(CALLOUTS)));
        loop {
            let question = tokio::select! {
                question = questions.next() => question,
                () = stop.cancelled() => None,
            };
            let Some(message) = question else { return Ok(()) };
            let Some(reply) = message.reply else { continue };
            let Ok(permit) = Arc::clone(&permits).acquire_owned().await else { return Ok(()) };
            let server_xkey = xkey(message.headers.as_ref());
            let (client, handler) = (self.client.clone(), Arc::clone(&handler));
            tokio::spawn(async move {
                // The broker has given up by then; a place must not be taken for ever.
                let decided = handler(Callout { payload: message.payload, server_xkey });
                if let Ok(Some(answer)) = tokio::time::timeout(PATIENCE, decided).await
                    && let Err(error) = client.publish(reply, answer).await
                {
                    tracing::warn!(%error, "the broker's question could not be answered");
                }
                drop(permit);
            });
        }
    }
}

fn xkey(headers: Option<&HeaderMap>) -> Option<String> {
    headers?.get(XKEY).map(|value| value.as_str().to_owned())
}
