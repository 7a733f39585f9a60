//! What an agent says, given to the turns that it is about.

use std::{
    collections::{HashMap, HashSet},
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use agent_client_protocol::{
    RequestCancellation,
    v1::{
        Responder,
        schema::{
            AvailableCommand, AvailableCommandsUpdate, CreateElicitationRequest, CreateElicitationResponse,
            ElicitationAction, ElicitationFormMode, ElicitationMode, ElicitationScope, RequestPermissionOutcome,
            RequestPermissionRequest, RequestPermissionResponse, SessionConfigOption, SessionNotification,
            SessionUpdate,
        },
    },
};
use muster_contracts::{limits, v1::Command};
use serde_json::Value;
use tokio::sync::{mpsc, watch};

use super::form::Form;

/// Updates that wait for a turn before the agent is made to wait.
const UPDATES: usize = 256;
/// Requests that wait for a turn.
const ASKS: usize = 32;
/// Sessions of which it is kept, until their next turn, what was told outside of one.
const ASIDE: usize = 1_000;
/// Sessions whose commands are kept.
const COMMANDED: usize = 64;

/// An agent asks its user, and waits for the answer.
#[derive(Debug)]
pub(super) enum Ask {
    Permission(Box<RequestPermissionRequest>, Responder<RequestPermissionResponse>),
    /// No form where it is of a kind that cannot be filled in here.
    Form(Option<Form>, Responder<CreateElicitationResponse>),
}

impl Ask {
    /// How the agent says that it waits no more.
    pub(super) fn cancellation(&self) -> RequestCancellation {
        match self {
            Self::Permission(_, responder) => responder.cancellation(),
            Self::Form(_, responder) => responder.cancellation(),
        }
    }

    /// Nobody will answer.
    pub(super) fn cancel(self) {
        let told = match self {
            Self::Permission(_, responder) => {
                responder.respond(RequestPermissionResponse::new(RequestPermissionOutcome::Cancelled))
            }
            Self::Form(_, responder) => responder.respond(CreateElicitationResponse::new(ElicitationAction::Cancel)),
        };
        if let Err(error) = told {
            tracing::debug!(code = ?error.code, "a request that was withdrawn is gone already");
        }
    }
}

/// Who listens to which session, and what is no single session's. Clones are the same one.
#[derive(Debug, Clone, Default)]
pub(super) struct Hub(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    listeners: Mutex<HashMap<String, Listener>>,
    /// What was told of a session outside of its turns. Taken while `listeners` is held, if both are.
    aside: Mutex<HashMap<String, Vec<SessionUpdate>>>,
    /// The newest choices of them, as they may be those of other sessions, too.
    news: Mutex<Option<Vec<SessionConfigOption>>>,
    changed: watch::Sender<u64>,
    /// By the session of which they were told, the newest last.
    commands: Mutex<Vec<(String, Vec<Command>)>>,
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
        self.updates.close();
        while let Ok(update) = self.updates.try_recv() {
            self.hub.put_aside(&self.session, update);
        }
    }
}

impl Hub {
    /// One that counts in `changed` what may be news to everybody.
    pub(super) fn telling(changed: watch::Sender<u64>) -> Self {
        Self(Arc::new(Inner { changed, ..Inner::default() }))
    }

    pub(super) fn listen(&self, session: &str) -> Ear {
        let (updates, heard) = mpsc::channel(UPDATES);
        let (asks, asked) = mpsc::channel(ASKS);
        let route = updates.downgrade();
        let mut listeners = self.listeners();
        for told in lock(&self.0.aside).remove(session).unwrap_or_default() {
            // There is room: it is one of a kind.
            let _ = updates.try_send(told);
        }
        listeners.insert(session.to_owned(), Listener { updates, asks });
        Ear { hub: self.clone(), session: session.to_owned(), updates: heard, asks: asked, route }
    }

    /// How many turns are under way.
    pub(super) fn turns(&self) -> usize {
        self.listeners().len()
    }

    fn listeners(&self) -> MutexGuard<'_, HashMap<String, Listener>> {
        lock(&self.0.listeners)
    }

    /// What was told of a session's choices since its last turn.
    pub(super) fn choices(&self, session: &str) -> Vec<SessionUpdate> {
        let aside = lock(&self.0.aside);
        aside.get(session).into_iter().flatten().filter(|update| is_choice(update)).cloned().collect()
    }

    /// Takes what was told of a session's choices since its last turn. Its next turn hears the rest.
    pub(super) fn take_choices(&self, session: &str) -> Vec<SessionUpdate> {
        let mut aside = lock(&self.0.aside);
        let Some(told) = aside.get_mut(session) else { return Vec::new() };
        told.extract_if(.., |update| is_choice(update)).collect()
    }

    /// The newest choices that were told outside of a turn, if they are new.
    pub(super) fn news(&self) -> Option<Vec<SessionConfigOption>> {
        lock(&self.0.news).take()
    }

    /// Keeps what nobody hears and a session's next turn has to know: the last of each kind.
    fn put_aside(&self, session: &str, update: SessionUpdate) {
        match &update {
            SessionUpdate::ConfigOptionUpdate(told) => {
                *lock(&self.0.news) = Some(told.config_options.clone());
                self.0.changed.send_modify(|count| *count += 1);
            }
            SessionUpdate::CurrentModeUpdate(_)
            | SessionUpdate::SessionInfoUpdate(_)
            | SessionUpdate::UsageUpdate(_) => {}
            _ => return,
        }
        let mut aside = lock(&self.0.aside);
        if aside.len() < ASIDE || aside.contains_key(session) {
            let told = aside.entry(session.to_owned()).or_default();
            told.retain(|before| mem::discriminant(before) != mem::discriminant(&update));
            told.push(update);
        }
    }

    /// What the agent takes behind a slash, as it was told last in one of these sessions; if in none, in any.
    pub(super) fn commands(&self, sessions: &HashSet<Arc<str>>) -> Vec<Command> {
        let told = lock(&self.0.commands);
        let of_them = told.iter().rfind(|(session, _)| sessions.contains(session.as_str()));
        of_them.or(told.last()).map(|(_, commands)| commands.clone()).unwrap_or_default()
    }

    fn learn(&self, session: &str, told: AvailableCommandsUpdate) {
        let command = |AvailableCommand { name, description, .. }| Command { name, description };
        let commands = told.available_commands.into_iter().take(limits::OFFERED).map(command).collect();
        let mut told = lock(&self.0.commands);
        told.retain(|(known, _)| known != session);
        if told.len() == COMMANDED {
            told.remove(0);
        }
        told.push((session.to_owned(), commands));
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
            Ok(SessionNotification { session_id, update: SessionUpdate::AvailableCommandsUpdate(told), .. }) => {
                self.learn(&session_id.0, told);
            }
            Ok(SessionNotification { session_id, update, .. }) => {
                if let Some(update) = self.pass_on(&session_id.0, update).await {
                    // A turn that has just ended hears nothing more.
                    self.put_aside(&session_id.0, update);
                }
            }
            // A newer agent may tell more than is known here. The text of the error may quote it.
            Err(error) => tracing::debug!(category = ?error.classify(), "an agent's update is not understood"),
        }
        None
    }

    /// Gives an update to the turn of its session, and back what no turn has heard.
    async fn pass_on(&self, session: &str, update: SessionUpdate) -> Option<SessionUpdate> {
        let updates = {
            let listeners = self.listeners();
            let Some(listener) = listeners.get(session) else {
                self.put_aside(session, update);
                return None;
            };
            listener.updates.clone()
        };
        updates.send(update).await.err().map(|unheard| unheard.0)
    }

    pub(super) fn ask_permission(
        &self,
        request: RequestPermissionRequest,
        responder: Responder<RequestPermissionResponse>,
    ) {
        let session = Arc::clone(&request.session_id.0);
        self.ask(&session, Ask::Permission(Box::new(request), responder));
    }

    pub(super) fn ask_form(&self, request: CreateElicitationRequest, responder: Responder<CreateElicitationResponse>) {
        let (session, form) = match request.mode {
            ElicitationMode::Form(ElicitationFormMode {
                scope: ElicitationScope::Session(of),
                requested_schema,
                ..
            }) => (of.session_id.0, Form::of(request.message, requested_schema)),
            // It is about no session, or to be answered elsewhere.
            _ => return Ask::Form(None, responder).cancel(),
        };
        self.ask(&session, Ask::Form(form, responder));
    }

    /// Passes on what an agent asks. Nobody is there to answer outside of a turn.
    fn ask(&self, session: &str, ask: Ask) {
        let listener = self.listeners().get(session).cloned();
        let refused = match listener {
            Some(listener) => listener.asks.try_send(ask).err().map(mpsc::error::TrySendError::into_inner),
            None => Some(ask),
        };
        if let Some(ask) = refused {
            ask.cancel();
        }
    }
}

fn is_choice(update: &SessionUpdate) -> bool {
    matches!(update, SessionUpdate::ConfigOptionUpdate(_) | SessionUpdate::CurrentModeUpdate(_))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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
        let command = |name: &str| Command { name: name.to_owned(), description: "Looks.".to_owned() };
        assert_eq!(hub.commands(&HashSet::new()), [command("review")]);
        hub.learn("another's", serde_json::from_value(json!({"availableCommands": []})).unwrap());
        assert_eq!(hub.commands(&HashSet::from(["nobody's".into()])), [command("review")]);
        assert_eq!(hub.commands(&HashSet::from(["elsewhere".into()])), []);
        assert!(ear.updates.try_recv().is_ok());
        assert!(ear.updates.try_recv().is_err());
        let later = hub.listen("mine");
        drop(ear);
        assert_eq!(hub.turns(), 1);
        drop(later);
        assert_eq!(hub.turns(), 0);
    }
}
