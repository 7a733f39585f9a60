//! An agent that answers: what it can do, and the calls that are made to it.

use std::{
    collections::{HashMap, HashSet},
    future::Future,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use agent_client_protocol::{
    Agent as Role, UntypedMessage,
    schema::ProtocolVersion,
    v1::{
        ConnectionTo,
        schema::{
            AgentCapabilities, AuthMethod, AuthMethodId, ClientCapabilities, ClientSessionCapabilities,
            CompactionCapabilities, ElicitationCapabilities, ElicitationFormCapabilities, ErrorCode, Implementation,
            InitializeRequest, InitializeResponse, NoticeCapabilities,
        },
    },
};
use muster_contracts::v1::Command;
use serde_json::{Value, json};
use tokio::{sync::watch, time::timeout};
use tokio_util::sync::DropGuard;

use super::{
    hub::Hub,
    options::Options,
    process::{Gone, Launch, Process},
};
use crate::backend::{BackendError, reason::reason};

/// How long an agent may take to begin: many are started by a script of a package manager.
const START: Duration = Duration::from_secs(90);
/// How long a call may take that is no prompt.
const CALL: Duration = Duration::from_secs(30);

/// A running agent. Clones are the same one.
#[derive(Debug, Clone)]
pub(super) struct Agent(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    connection: ConnectionTo<Role>,
    hub: Hub,
    gone: Gone,
    /// With the last of us the process goes, too.
    _ends: DropGuard,
    ended: Gone,
    name: String,
    version: String,
    can: AgentCapabilities,
    sign_in: String,
    /// Its way to sign in that needs nobody.
    by_key: Option<AuthMethodId>,
    /// By the session's id here.
    sessions: Mutex<HashMap<String, Opened>>,
    /// Those for which a mode was chosen in this process, also when it does not hold them now.
    modes_chosen: Mutex<HashSet<String>>,
    /// What could be chosen in the newest session, in this process or one before it.
    offered: Offered,
    /// The one that was opened to learn what can be chosen: the next one in the worker's directory takes it.
    spare: Mutex<Option<Opened>>,
}

/// What can be chosen in a session that is new.
pub(super) type Offered = Arc<Mutex<Options>>;

/// A session that this process of the agent has.
#[derive(Debug, Clone)]
pub(super) struct Opened {
    /// The agent's id of it.
    pub(super) id: Arc<str>,
    /// Where it works.
    pub(super) directory: PathBuf,
    pub(super) options: Options,
    /// What it has cost so far in US dollars, where the agent tells.
    pub(super) cost: Option<f64>,
    /// Whether the agent still works on a turn that was stopped.
    pub(super) busy: watch::Receiver<bool>,
}

/// A call that failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum CallError {
    #[error("{0}")]
    Refused(String),
    #[error("you are not signed in to the agent on this machine: {0}")]
    SignIn(String),
    #[error("it does not answer")]
    Silent,
    #[error("it has ended unexpectedly")]
    Gone,
}

impl Agent {
    /// Starts it and shakes hands.
    pub(super) async fn start(launch: &Launch, sign_in: Option<&str>, offered: &Offered) -> Result<Self, BackendError> {
        let process = launch.start().await?;
        let Process { connection, hub, gone, ended } = process;
        // Whoever waits for it may be stopped meanwhile.
        let ends = gone.clone().drop_guard();
        let greeted = timeout(START, greet(&connection, &gone)).await;
        let greeted = greeted.map_err(|_| CallError::Silent).flatten();
        let InitializeResponse { protocol_version, agent_capabilities, auth_methods, agent_info, .. } = match greeted {
            Ok(greeted) if greeted.protocol_version == ProtocolVersion::V1 => greeted,
            other => {
                gone.cancel();
                // Nothing of it is left when this is told.
                ended.cancelled().await;
                let why = match other {
                    Ok(greeted) => format!("it speaks version {} of the protocol, not 1", greeted.protocol_version),
                    Err(error) => format!("{error}: {}", launch.last_words()),
                };
                let program = launch.program.display();
                return Err(BackendError::Broken(format!("{program} cannot be talked to: {why}.")));
            }
        };
        tracing::info!(%protocol_version, "the agent answers");
        let (name, version) = agent_info
            .map_or_else(Default::default, |Implementation { name, title, version, .. }| {
                (title.unwrap_or(name), version)
            });
        Ok(Self(Arc::new(Inner {
            connection,
            hub,
            gone,
            _ends: ends,
            ended,
            name,
            version,
            can: agent_capabilities,
            by_key: by_key(&auth_methods).filter(|_| launch.has_key),
            sign_in: sign_in.map_or_else(|| how_to_sign_in(&auth_methods), str::to_owned),
            sessions: Mutex::default(),
            modes_chosen: Mutex::default(),
            offered: Arc::clone(offered),
            spare: Mutex::default(),
        })))
    }

    pub(super) fn hub(&self) -> &Hub {
        &self.0.hub
    }

    pub(super) fn gone(&self) -> &Gone {
        &self.0.gone
    }

    pub(super) fn name(&self) -> &str {
        &self.0.name
    }

    pub(super) fn version(&self) -> &str {
        &self.0.version
    }

    pub(super) fn can(&self) -> &AgentCapabilities {
        &self.0.can
    }

    /// Makes a call, and gives its whole answer: newer and older agents have more in it than the types tell.
    pub(super) async fn call(&self, method: &str, params: Value) -> Result<Value, CallError> {
        let refused = match self.call_once(method, params.clone()).await {
            Err(refused @ CallError::SignIn(_)) => refused,
            answered => return answered,
        };
        let Some(by_key) = &self.0.by_key else { return Err(refused) };
        match self.call_once("authenticate", json!({ "methodId": by_key })).await {
            Ok(_) => self.call_once(method, params).await,
            Err(error) => {
                tracing::warn!(%error, "the agent does not take the key of its environment");
                Err(refused)
            }
        }
    }

    async fn call_once(&self, method: &str, params: Value) -> Result<Value, CallError> {
        timeout(CALL, self.call_at_length(method, params)).await.map_err(|_| CallError::Silent)?
    }

    /// A call that may take as long as it wants. It is made now, and not when its answer is waited for.
    pub(super) fn call_at_length(
        &self,
        method: &str,
        params: Value,
    ) -> impl Future<Output = Result<Value, CallError>> + Send + 'static {
        let agent = self.clone();
        let made = UntypedMessage::new(method, params).map(|message| agent.0.connection.send_request(message));
        async move {
            let answer = made.map_err(|_| CallError::Gone)?.block_task();
            let answered = tokio::select! {
                biased;
                answered = answer => answered,
                () = agent.0.gone.cancelled() => return Err(CallError::Gone),
            };
            answered.map_err(|error| agent.refusal(&error))
        }
    }

    /// Tells something that is not answered.
    pub(super) fn tell(&self, method: &str, params: Value) {
        let told = UntypedMessage::new(method, params).and_then(|message| self.0.connection.send_notification(message));
        if told.is_err() {
            tracing::debug!(method, "the agent could not be told");
        }
    }

    fn refusal(&self, error: &agent_client_protocol::Error) -> CallError {
        if error.code == ErrorCode::AuthRequired {
            return CallError::SignIn(self.0.sign_in.clone());
        }
        if self.0.connection.is_incoming_closed() || self.0.connection.termination().is_some() {
            self.0.gone.cancel();
            return CallError::Gone;
        }
        CallError::Refused(line(error))
    }

    /// Opens a session that knows nothing yet.
    pub(super) async fn open(&self, directory: &Path) -> Result<Opened, CallError> {
        let answer = self.call("session/new", json!({ "cwd": directory, "mcpServers": [] })).await?;
        let id = answer.get("sessionId").and_then(Value::as_str);
        let id = id.ok_or_else(|| CallError::Refused("it has opened a session without an id".to_owned()))?;
        let opened = opened(id, directory, &answer, Some(0.0));
        opened.options.clone_into(&mut lock(&self.0.offered));
        Ok(opened)
    }

    /// Opens a session again that this process does not have, if the agent can do that.
    pub(super) async fn reopen(&self, id: &str, directory: &Path) -> Result<Option<Opened>, CallError> {
        let method = match (&self.0.can.session_capabilities.resume, self.0.can.load_session) {
            (Some(_), _) => "session/resume",
            (None, true) => "session/load",
            (None, false) => return Ok(None),
        };
        let params = json!({ "sessionId": id, "cwd": directory, "mcpServers": [] });
        match self.call(method, params).await {
            Ok(answer) => {
                let mut opened = opened(id, directory, &answer, None);
                opened.options.fill_up(&lock(&self.0.offered));
                Ok(Some(opened))
            }
            // It does not know it any more.
            Err(CallError::Refused(reason)) => {
                tracing::info!(reason, "the agent cannot open a session again");
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    pub(super) fn opened(&self, session: &str) -> Option<Opened> {
        lock(&self.0.sessions).get(session).cloned()
    }

    pub(super) fn keep(&self, session: &str, opened: Opened) {
        lock(&self.0.sessions).insert(session.to_owned(), opened);
    }

    /// Whether a mode was chosen for a session, or that it has none, since the agent was started.
    pub(super) fn has_chosen_mode(&self, session: &str) -> bool {
        lock(&self.0.modes_chosen).contains(session)
    }

    pub(super) fn mode_is_chosen(&self, session: &str) {
        lock(&self.0.modes_chosen).insert(session.to_owned());
    }

    pub(super) fn keep_spare(&self, opened: Opened) {
        *lock(&self.0.spare) = Some(opened);
    }

    pub(super) fn take_spare(&self, directory: &Path) -> Option<Opened> {
        lock(&self.0.spare).take_if(|spare| spare.directory == directory)
    }

    /// What can be chosen in a session that works there, if there is one.
    pub(super) fn options(&self, directory: &Path) -> Option<Options> {
        let sessions = lock(&self.0.sessions);
        let spare = lock(&self.0.spare);
        let mut there = sessions.values().chain(spare.as_ref()).filter(|opened| opened.directory == directory);
        let Opened { id, options, .. } = there.next()?;
        let mut options = options.clone();
        options.hear(self.0.hub.choices(id));
        Some(options)
    }

    /// What it takes behind a slash in a session that works there.
    pub(super) fn commands(&self, directory: &Path) -> Vec<Command> {
        let sessions = lock(&self.0.sessions);
        let spare = lock(&self.0.spare);
        let there = sessions.values().chain(spare.as_ref()).filter(|opened| opened.directory == directory);
        self.0.hub.commands(&there.map(|opened| Arc::clone(&opened.id)).collect())
    }

    /// Ends the process and everything that it has started.
    pub(super) async fn end(&self) {
        self.0.gone.cancel();
        self.0.ended.cancelled().await;
    }

    /// What the agent may free and has again when it is needed.
    pub(super) fn held(&self) -> Vec<String> {
        let can = &self.0.can;
        let comes_back = can.session_capabilities.resume.is_some() || can.load_session;
        if can.session_capabilities.close.is_none() || !comes_back {
            return Vec::new();
        }
        lock(&self.0.sessions).keys().cloned().collect()
    }

    /// Lets go of a session; the agent frees what it holds for it.
    pub(super) async fn release(&self, session: &str) {
        let Some(opened) = lock(&self.0.sessions).remove(session) else { return };
        if let Err(error) = self.call("session/close", json!({ "sessionId": &*opened.id })).await {
            tracing::debug!(%error, "the agent has not closed a session");
        }
    }
}

fn opened(id: &str, directory: &Path, answer: &Value, cost: Option<f64>) -> Opened {
    let (options, busy) = (Options::of(answer), watch::Sender::new(false).subscribe());
    Opened { id: id.into(), directory: directory.to_owned(), options, cost, busy }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Files and terminals are not offered: the agent has its own, on the same machine.
async fn greet(connection: &ConnectionTo<Role>, gone: &Gone) -> Result<InitializeResponse, CallError> {
    let session =
        ClientSessionCapabilities::new().compaction(CompactionCapabilities::new()).notices(NoticeCapabilities::new());
    let request = InitializeRequest::new(ProtocolVersion::V1)
        .client_capabilities(
            ClientCapabilities::new()
                .session(session)
                .elicitation(ElicitationCapabilities::new().form(ElicitationFormCapabilities::new())),
        )
        .client_info(Implementation::new("muster", env!("CARGO_PKG_VERSION")));
    tokio::select! {
        answer = connection.send_request(request).block_task() => answer.map_err(|error| CallError::Refused(line(&error))),
        () = gone.cancelled() => Err(CallError::Gone),
    }
}

/// The way to sign in that takes a key from the environment, as agents mark it among each other.
fn by_key(methods: &[AuthMethod]) -> Option<AuthMethodId> {
    let takes_key = |method: &&AuthMethod| method.meta().is_some_and(|meta| meta.contains_key("api-key"));
    methods.iter().find(takes_key).map(|method| method.id().clone())
}

fn how_to_sign_in(methods: &[AuthMethod]) -> String {
    let method = methods.first().map(|method| method.description().unwrap_or_else(|| method.name()).to_owned());
    method.unwrap_or_else(|| "start it in a terminal and sign in there".to_owned())
}

/// What an agent says is wrong, in one line.
fn line(error: &agent_client_protocol::Error) -> String {
    const CHARS: usize = 300;
    let data = error.data.as_ref().map(|data| data.get("details").or_else(|| data.get("message")).unwrap_or(data));
    let more = data.and_then(Value::as_str).unwrap_or_default();
    // Some agents hand on what their model's provider has said, as it came.
    let of_provider = serde_json::from_str(&error.message).ok().and_then(|told| reason(&told));
    let message = of_provider.unwrap_or_else(|| error.message.clone());
    let text = if more.is_empty() { message } else { format!("{message}: {more}") };
    let line = text.lines().next().unwrap_or_default();
    line.chars().filter(|letter| !letter.is_control()).take(CHARS).collect::<String>().trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_one_line() {
        let error = |message: &str| agent_client_protocol::Error::new(-32603, message);
        for (error, told) in [
            (error("It is late."), "It is late"),
            (error("One\nTwo"), "One"),
            (error("Internal error").data(serde_json::json!({"details": "No key."})), "Internal error: No key"),
            (error("{\n \"error\": {\n \"code\": 400, \"message\": \"No key.\"\n }\n}"), "No key"),
            (error("{\"error\": 400}"), "{\"error\": 400}"),
        ] {
            assert_eq!(line(&error), told);
        }
    }
}
