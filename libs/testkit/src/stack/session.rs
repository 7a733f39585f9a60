//! A conversation.

use std::{collections::BTreeMap, time::Duration};

use reqwest::Method;
use serde_json::{Value, json};

use super::{must, viewer::Viewer};
use crate::client::{self, Client, Message};

/// Generous: machines that run tests are busy, and a reply may have two thousand steps.
const PATIENCE: Duration = Duration::from_secs(120);
const LOOK: Duration = Duration::from_millis(100);

/// A conversation with a worker.
#[derive(Debug, Clone)]
pub struct Session {
    session: client::Session,
    client: Client,
}

/// A message that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// Its id, which a reply names.
    pub message_id: String,
}

/// A page of messages.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Messages {
    /// The oldest first.
    pub items: Vec<Message>,
    /// Where the event stream goes on from.
    pub last_event_id: Option<String>,
}

impl Session {
    pub(super) const fn new(session: client::Session, client: Client) -> Self {
        Self { session, client }
    }

    /// Whoever looks at it.
    #[must_use]
    pub const fn client(&self) -> &Client {
        &self.client
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.session.chat_session_id
    }

    /// The same conversation, as another person or over another address sees it.
    #[must_use]
    pub fn seen_by(&self, client: &Client) -> Self {
        Self { session: self.session.clone(), client: client.clone() }
    }

    /// Sends a message.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn send(&self, content: &str) -> Sent {
        let message_id = muster_contracts::id::MessageId::random().to_string();
        let body = json!({ "messageId": message_id, "content": content });
        let path = self.path("/messages");
        must("sending", self.client.post::<Value>(&path, &body).await);
        Sent { message_id }
    }

    /// A session of its own that goes on from a message.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn fork(&self, from: &Message) -> Self {
        let body = json!({ "messageId": from.message_id });
        Self::new(must("forking", self.client.post(&self.path("/fork"), &body).await), self.client.clone())
    }

    /// Stops the reply to a message.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn stop(&self, sent: &Sent) {
        let body = json!({ "messageId": sent.message_id });
        must("stopping", self.client.send(Method::POST, &self.path("/cancel"), Some(&body)).await);
    }

    /// What is stored of it.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn messages(&self) -> Messages {
        must("reading the messages", self.client.get(&self.path("/messages?limit=200")).await)
    }

    /// Waits until the reply to a message is final, whatever became of it.
    ///
    /// # Panics
    /// When it does not become so.
    pub async fn reply_to(&self, sent: &Sent) -> Message {
        let looking = async {
            loop {
                let seen: Result<Messages, _> = self.client.get(&self.path("/messages?limit=200")).await;
                let items = seen.map(|page| page.items).unwrap_or_default();
                let reply = items
                    .into_iter()
                    .rev()
                    .find(|message| message.role == "assistant" && message.reply_to.as_ref() == Some(&sent.message_id));
                match reply {
                    Some(reply) if reply.completed => return reply,
                    _ => tokio::time::sleep(LOOK).await,
                }
            }
        };
        match tokio::time::timeout(PATIENCE, looking).await {
            Ok(reply) => reply,
            Err(_) => panic!("no final reply to {} after {} s", sent.message_id, PATIENCE.as_secs()),
        }
    }

    /// Follows it live, from what [`Session::messages`] shows on.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn view(&self) -> Viewer {
        let from = self.messages().await.last_event_id;
        Viewer::of_one(self.client.clone(), self.id().to_owned(), from)
    }

    /// Follows several of one user on one connection, each from what [`Session::messages`] shows on.
    ///
    /// # Panics
    /// When there is none, or one is refused.
    pub async fn view_together(sessions: &[Self]) -> Viewer {
        let mut from = BTreeMap::new();
        for session in sessions {
            let last = session.messages().await.last_event_id;
            from.insert(session.id().to_owned(), last.unwrap_or_default());
        }
        let client = sessions.first().map(|session| session.client.clone());
        Viewer::of_several(must("a session to look at", client.ok_or("there is none")), from)
    }

    fn path(&self, rest: &str) -> String {
        format!("/sessions/{}{rest}", self.id())
    }
}
