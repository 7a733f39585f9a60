//! What an agent says, given to the turns that it is about.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use agent_client_protocol::v1::{
    Responder,
    schema::{
        AvailableCommand, AvailableCommandsUpdate, RequestPermissionOutcome, RequestPermissionRequest,
        RequestPermissionResponse, SessionNotification, SessionUpdate,
    },
};
use muster_contracts::{limits, v1::Command};
use serde_json::Value;
use tokio::sync::mpsc;

/// Updates that wait for a turn before the agent is made to wait.
const UPDATES: usize = 256;
/// Requests that wait for a turn.
const ASKS: usize = 32;

/// An agent asks for permission, and waits for the answer.
pub(super) type Ask = (RequestPermissionRequest, Responder<RequestPermissionResponse>);

/// Who listens to which session, and what is no single session's. Clones are the same one.
#[derive(Debug, Clone, Default)]
pub(super) struct Hub(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    listeners: Mutex<HashMap<String, Listener>>,
    /// As they were told last.
    commands: Mutex<Vec<Command>>,
}

#[derive(Debug, Clone)]
struct Listener {
    updates: mpsc::Sender<SessionUpdate>,
    asks: mpsc::Sender<Ask>,
}

/// A turn's ear. Dropping it ends the listening.
#[derive(Debug)]
pub(super) struct Ear {
    hub: Hub,
    session: String,
    pub(super) updates: mpsc::Receiver<SessionUpdate>,
    pub(super) asks: mpsc::Receiver<Ask>,
    route: mpsc::WeakSender<SessionUpdate>,
}

impl Drop for Ear {
    fn drop(&mut self) {
        let mut listeners = self.hub.listeners();
        let own = self.route.upgrade();
        // A later turn in the session listens on when one that was stopped has taken its time.
        if listeners.get(&self.session).is_some_and(|now| own.is_some_and(|own| own.same_channel(&now.updates))) {
            listeners.remove(&self.session);
        }
    }
}

impl Hub {
    pub(super) fn listen(&self, session: &str) -> Ear {
        let (updates, heard) = mpsc::channel(UPDATES);
        let (asks, asked) = mpsc::channel(ASKS);
        let route = updates.downgrade();
        self.listeners().insert(session.to_owned(), Listener { updates, asks });
        Ear { hub: self.clone(), session: session.to_owned(), updates: heard, asks: asked, route }
    }

    /// How many turns are under way.
    pub(super) fn turns(&self) -> usize {
        self.listeners().len()
    }

    fn listeners(&self) -> MutexGuard<'_, HashMap<String, Listener>> {
        self.0.listeners.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the agent takes behind a slash.
    pub(super) fn commands(&self) -> Vec<Command> {
        self.0.commands.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn learn(&self, told: AvailableCommandsUpdate) {
        let command = |AvailableCommand { name, description, .. }| Command { name, description };
        let commands = told.available_commands.into_iter().take(limits::OFFERED).map(command).collect();
        *self.0.commands.lock().unwrap_or_else(PoisonError::into_inner) = commands;
    }

    /// Takes an update out of what an agent sends, and waits until its turn has room for it. Whatever else it is comes
    /// back.
    ///
    /// Here and not in a handler of the connection: that one would be called from a queue without an end.
    pub(super) async fn sift(&self, mut message: Value) -> Option<Value> {
        let is_update = message.get("method").and_then(Value::as_str) == Some("session/update");
        if !is_update || message.get("id").is_some() {
            return Some(message);
        }
        let params = message.get_mut("params").map(Value::take).unwrap_or_default();
        match serde_json::from_value::<SessionNotification>(params) {
            Ok(SessionNotification { update: SessionUpdate::AvailableCommandsUpdate(told), .. }) => self.learn(told),
            Ok(SessionNotification { session_id, update, .. }) => {
                let listener = self.listeners().get(&*session_id.0).cloned();
                if let Some(listener) = listener {
                    // A turn that has just ended hears nothing more.
                    let _ = listener.updates.send(update).await;
                }
            }
            // A newer agent may tell more than is known here. The text of the error may quote it.
            Err(error) => tracing::debug!(category = ?error.classify(), "an agent's update is not understood"),
        }
        None
    }

    /// Passes on what an agent asks. Nobody is there to answer outside of a turn.
    pub(super) fn ask(&self, ask: Ask) {
        let listener = self.listeners().get(&*ask.0.session_id.0).cloned();
        let refused = match listener {
            Some(listener) => listener.asks.try_send(ask).err().map(mpsc::error::TrySendError::into_inner),
            None => Some(ask),
        };
        if let Some((_, responder)) = refused {
            cancel(responder);
        }
    }
}

/// Nobody will answer.
pub(super) fn cancel(responder: Responder<RequestPermissionResponse>) {
    let cancelled = RequestPermissionResponse::new(RequestPermissionOutcome::Cancelled);
    if let Err(error) = responder.respond(cancelled) {
        tracing::debug!(code = ?error.code, "a request that was withdrawn is gone already");
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn only_updates_are_taken_out_and_only_their_own_turn_hears_them() {
        let hub = Hub::default();
        let mut ear = hub.listen("mine");
        let chunk = |session: &str| {
            json!({"jsonrpc": "2.0", "method": "session/update", "params": {"sessionId": session,
                "update": {"sessionUpdate": "agent_message_chunk", "content": {"type": "text", "text": "a"}}}})
        };
        assert_eq!(hub.sift(chunk("mine")).await, None);
        assert_eq!(hub.sift(chunk("other")).await, None);
        let unknown =
            json!({"method": "session/update", "params": {"sessionId": "mine", "update": {"sessionUpdate": "x"}}});
        assert_eq!(hub.sift(unknown).await, None);
        for other in [json!({"id": 1, "result": {}}), json!({"id": 2, "method": "fs/read_text_file"}), json!([1])] {
            assert_eq!(hub.sift(other.clone()).await, Some(other));
        }
        let command = json!([{"name": "review", "description": "Looks."}, {"name": "of tomorrow"}]);
        let told = json!({"sessionUpdate": "available_commands_update", "availableCommands": command});
        let told = json!({"method": "session/update", "params": {"sessionId": "nobody's", "update": told}});
        assert_eq!(hub.sift(told).await, None);
        assert_eq!(hub.commands(), [Command { name: "review".to_owned(), description: "Looks.".to_owned() }]);
        assert!(ear.updates.try_recv().is_ok());
        assert!(ear.updates.try_recv().is_err());
        let later = hub.listen("mine");
        drop(ear);
        assert_eq!(hub.turns(), 1);
        drop(later);
        assert_eq!(hub.turns(), 0);
    }
}
