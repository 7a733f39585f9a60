//! One turn with opencode, from the prompt to the idle session.

use std::{
    collections::{HashSet, VecDeque},
    future::pending,
    path::Path,
    sync::Arc,
    time::Duration,
};

use data_encoding::BASE64;
use futures_util::{FutureExt as _, StreamExt as _, future::BoxFuture, stream::FuturesUnordered};
use serde_json::{Map, Value, json};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::{
    Gone,
    client::{Client, ClientError},
    events::{Ear, Heard},
    ids, past,
    requests::{self, Waiting},
    server::Running,
    transcript::Transcript,
    wire::{Error, Info, Payload},
};
use crate::{
    backend::silence::Silence,
    clock::Clock,
    domain::{
        event::{Event, Outcome},
        model_id,
    },
    turn::{Asked, Attachment, Turn, TurnIo},
};

/// After an idle session without an answer: an error may still follow.
const AFTERTHOUGHT: Duration = Duration::from_secs(2);
/// How long a session may still be busy with a turn that was stopped.
const BUSY: Duration = Duration::from_secs(20);
/// How long the last words of a stopped turn are waited for.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// How long an abort is waited for; it goes on without us.
const ABORT: Duration = Duration::from_secs(2);
/// Even without an event, the record is looked at now and then.
const LOOK: Duration = Duration::from_secs(30);

/// Runs the turn; it ends early when it is stopped or the process has `gone`.
pub(super) async fn run(
    running: &Running,
    turn: &Turn,
    io: &TurnIo,
    clock: Clock,
    gone: &Gone,
    silence: Silence,
) -> Outcome {
    let message = ids::message(clock(), &turn.message);
    let mut talk = Talk {
        running,
        turn,
        io,
        transcript: Transcript::new(message.clone()),
        message,
        session: None,
        ear: None,
        error: None,
        asked: HashSet::new(),
        queue: VecDeque::new(),
        answers: FuturesUnordered::new(),
        command: None,
        give_up: None,
        silence,
    };
    let interrupted = tokio::select! {
        biased;
        () = io.stopped().cancelled() => Interrupted::Stopped,
        () = gone.cancelled() => Interrupted::Gone,
        outcome = talk.drive() => return outcome,
    };
    match interrupted {
        Interrupted::Stopped => {
            talk.stop().await;
            Outcome::Cancelled
        }
        Interrupted::Gone => {
            talk.speak().await;
            Outcome::Failed(
                "opencode has ended unexpectedly; it is started again, and your next message goes on.".to_owned(),
            )
        }
    }
}

enum Interrupted {
    Stopped,
    Gone,
}

struct Talk<'a> {
    running: &'a Running,
    turn: &'a Turn,
    io: &'a TurnIo,
    /// Id of the prompt.
    message: String,
    /// opencode's id of the session.
    session: Option<Arc<str>>,
    ear: Option<Ear>,
    transcript: Transcript,
    error: Option<Error>,
    asked: HashSet<Waiting>,
    /// Permissions that are asked for once the one before them is answered.
    queue: VecDeque<(Waiting, Asked)>,
    /// Answers on their way from the user to opencode.
    answers: FuturesUnordered<BoxFuture<'static, Waiting>>,
    /// opencode answers a command only when all is done; that it refuses it comes at once.
    command: Option<BoxFuture<'a, Result<(), ClientError>>>,
    /// When an idle session without an answer is a failure.
    give_up: Option<Instant>,
    silence: Silence,
}

impl Talk<'_> {
    async fn drive(&mut self) -> Outcome {
        if let Err(error) = self.begin().await {
            return refused(&error);
        }
        loop {
            self.speak().await;
            let give_up = self.give_up;
            let excused = give_up.is_some() || !self.asked.is_empty() || self.transcript.works();
            let heard = tokio::select! {
                biased;
                Some(waiting) = self.answers.next() => {
                    self.asked.remove(&waiting);
                    self.silence.broken();
                    if waiting.is_permission() {
                        self.ask_next().await;
                    }
                    continue;
                }
                heard = next(self.ear.as_mut()) => heard,
                answered = answered(&mut self.command) => match answered {
                    // What it has said comes as events.
                    Ok(()) => continue,
                    Err(error) => return refused(&error),
                },
                () = at(give_up) => return self.silent_end(),
                () = self.silence.too_long(excused) => {
                    let (part, text) = self.silence.notice("opencode");
                    self.transcript.notice(&part, text);
                    continue;
                }
                () = sleep(LOOK) => Some(Heard::Nothing),
            };
            if matches!(heard, Some(Heard::Own(_) | Heard::Child(_))) {
                self.silence.broken();
            }
            let ended = match heard {
                Some(Heard::Own(payload)) => self.own(payload).await,
                Some(Heard::Child(payload)) => {
                    self.request(&payload).await;
                    None
                }
                Some(Heard::Gap) => {
                    self.transcript.gap();
                    self.look_again().await
                }
                Some(Heard::Nothing) => self.look_again().await,
                None => return Outcome::Failed("opencode has ended unexpectedly.".to_owned()),
            };
            if let Some(outcome) = ended {
                self.speak().await;
                return outcome;
            }
        }
    }

    /// Finds or makes the session and gives it the prompt.
    async fn begin(&mut self) -> Result<(), ClientError> {
        let Turn { directory, attachments, model, mode, superseded, .. } = self.turn;
        let client = &self.running.client;
        let (session, content) = self.session().await?;
        self.session = Some(Arc::clone(&session));
        self.io.say(Event::SessionId(session.to_string())).await;
        self.wait_until_idle(&session).await?;
        let files = past::rewind(client, directory, &session, superseded).await?;
        if !files.is_empty() {
            self.transcript.notice("rewind", past::told(&files));
        }
        self.ear = Some(self.running.hub.listen(&session));
        let command = command(client, directory, &content).await?;
        let mut parts = Vec::new();
        if command.is_none() && (!content.trim().is_empty() || attachments.is_empty()) {
            parts.push(json!({ "type": "text", "text": content }));
        }
        for attachment in attachments {
            parts.push(file(attachment).await.map_err(ClientError::File)?);
        }
        let mut body =
            Map::from_iter([("messageID".to_owned(), json!(self.message)), ("parts".to_owned(), json!(parts))]);
        if let Some(mode) = mode {
            body.insert("agent".to_owned(), json!(mode));
        }
        let split = model_id::split(model);
        let Some((name, arguments)) = command else {
            if let Some((provider, model)) = split {
                body.insert("model".to_owned(), json!({ "providerID": provider, "modelID": model }));
            }
            return client.prompt(directory, &session, &body.into()).await;
        };
        if split.is_some() {
            body.insert("model".to_owned(), json!(model));
        }
        body.insert("command".to_owned(), json!(name));
        body.insert("arguments".to_owned(), json!(arguments));
        self.command = Some(Box::pin(client.command(directory, &session, &body.into())));
        Ok(())
    }

    /// The session and what is said in it.
    async fn session(&mut self) -> Result<(Arc<str>, String), ClientError> {
        let Turn { directory, content, backend_session_id, first, fork, .. } = self.turn;
        let client = &self.running.client;
        if let Some(known) = backend_session_id {
            match client.session(directory, known).await {
                Ok(session) => {
                    self.transcript.title(&session.title);
                    return Ok((session.id.into(), content.clone()));
                }
                Err(error) if error.is_lost() => {}
                Err(error) => return Err(error),
            }
        }
        if let Some(fork) = fork {
            return match past::fork(client, directory, fork).await? {
                Some(session) => Ok((session.id.into(), content.clone())),
                None => {
                    let content = self.turn.with_context(self.io).await;
                    Ok((client.create_session(directory).await?.id.into(), content))
                }
            };
        }
        if !first || backend_session_id.is_some() {
            self.transcript.notice(
                "context",
                "opencode no longer has this session: it begins anew, without what was said before.",
            );
        }
        Ok((client.create_session(directory).await?.id.into(), content.clone()))
    }

    /// A prompt to a busy session would be answered together with what is running.
    async fn wait_until_idle(&mut self, session: &str) -> Result<(), ClientError> {
        let client = &self.running.client;
        let directory = &self.turn.directory;
        let deadline = Instant::now() + BUSY;
        let mut aborted = false;
        while client.busy(directory, session).await? {
            if !std::mem::replace(&mut aborted, true)
                && let Err(error) = client.abort(directory, session).await
            {
                // It may have worked nevertheless, or the turn ends by itself.
                tracing::warn!(%error, "opencode could not stop the turn before");
            }
            if Instant::now() > deadline {
                let detail =
                    "the session is still busy with the turn before; stop it or wait, then send again".to_owned();
                return Err(ClientError::Refused { status: reqwest::StatusCode::CONFLICT, detail });
            }
            sleep(Duration::from_millis(200)).await;
        }
        Ok(())
    }

    /// Says what was heard. An event stays in the transcript until it is said, so stopping here loses nothing.
    async fn speak(&mut self) {
        while let Some(event) = self.transcript.next().cloned() {
            self.io.say(event).await;
            self.transcript.was_said();
        }
    }

    async fn own(&mut self, payload: Payload) -> Option<Outcome> {
        let Payload { kind, mut properties } = payload;
        let mut take = |name: &str| properties.get_mut(name).map(Value::take).unwrap_or_default();
        match kind.as_str() {
            "message.updated" => {
                if let Ok(info) = serde_json::from_value::<Info>(take("info")) {
                    self.transcript.message(&info);
                    self.give_up = None;
                }
            }
            "message.part.updated" => {
                if let Ok(part) = serde_json::from_value(take("part")) {
                    self.transcript.part(part);
                }
            }
            "message.part.delta" => {
                if let Ok(delta) = serde_json::from_value(properties) {
                    self.transcript.delta(delta);
                }
            }
            "todo.updated" => {
                if let Ok(todos) = serde_json::from_value(take("todos")) {
                    self.transcript.plan(todos);
                }
            }
            "session.updated" => {
                let title = take("info");
                self.transcript.title(title.get("title").and_then(Value::as_str).unwrap_or_default());
            }
            "session.error" => {
                // The second one of a turn is the same with a stack trace.
                if self.error.is_none() {
                    self.error = serde_json::from_value(take("error")).ok();
                }
                return self.look().await;
            }
            "session.status" => {
                let status = take("status");
                let text =
                    |name: &str| status.get(name).map(|value| value.as_str().map_or(value.to_string(), str::to_owned));
                match status.get("type").and_then(Value::as_str) {
                    Some("idle") => return self.look().await,
                    Some("retry") => {
                        let (attempt, message) =
                            (text("attempt").unwrap_or_default(), text("message").unwrap_or_default());
                        self.transcript.notice(
                            "retry",
                            format!("The model's provider asks to wait, attempt {attempt}: {message}"),
                        );
                    }
                    _ => self.give_up = None,
                }
            }
            "session.compacted" => self.transcript.notice("compacted", "opencode has compacted the session's context."),
            "permission.asked" | "question.asked" => self.request(&Payload { kind, properties }).await,
            _ => {}
        }
        None
    }

    /// Passes a request on to the user, once.
    async fn request(&mut self, payload: &Payload) {
        let properties = payload.properties.clone();
        let request = match payload.kind.as_str() {
            "permission.asked" => serde_json::from_value(properties).ok().map(requests::permission),
            "question.asked" => serde_json::from_value(properties).ok().map(requests::question),
            _ => None,
        };
        if let Some((waiting, asked)) = request {
            self.ask(waiting, asked).await;
        }
    }

    /// Permissions one after the other: whoever allows something always may have settled what waits behind it.
    async fn ask(&mut self, waiting: Waiting, asked: Asked) {
        let busy = waiting.is_permission() && self.asked.iter().any(Waiting::is_permission);
        if !self.asked.insert(waiting.clone()) {
            return;
        }
        if busy {
            self.queue.push_back((waiting, asked));
        } else {
            self.put(waiting, asked).await;
        }
    }

    /// The next permission that opencode still waits for.
    async fn ask_next(&mut self) {
        if self.queue.is_empty() {
            return;
        }
        let still = self.running.client.permissions(&self.turn.directory).await;
        while let Some((waiting, asked)) = self.queue.pop_front() {
            if still.as_ref().is_ok_and(|still| !still.iter().any(|(_, permission)| waiting.is(permission))) {
                self.asked.remove(&waiting);
                continue;
            }
            return self.put(waiting, asked).await;
        }
    }

    async fn put(&mut self, waiting: Waiting, asked: Asked) {
        // What led to it is said before it.
        self.speak().await;
        let answer = self.io.ask(asked).await;
        let (client, directory) = (self.running.client.clone(), self.turn.directory.clone());
        let giving = async move {
            if let Ok(answer) = answer.await {
                requests::answer(&client, &directory, &waiting, &answer).await;
            }
            waiting
        };
        self.answers.push(giving.boxed());
    }

    /// Looks at everything that events could have told.
    async fn look_again(&mut self) -> Option<Outcome> {
        let (client, directory) = (self.running.client.clone(), self.turn.directory.clone());
        let session = self.session.clone()?;
        let family = family(self.running, &directory, &session).await;
        for (of, permission) in client.permissions(&directory).await.unwrap_or_default() {
            if family.contains(&of) {
                let (waiting, asked) = requests::permission(permission);
                self.ask(waiting, asked).await;
            }
        }
        for (of, question) in client.questions(&directory).await.unwrap_or_default() {
            if family.contains(&of) {
                let (waiting, asked) = requests::question(question);
                self.ask(waiting, asked).await;
            }
        }
        self.look().await
    }

    /// Compares with opencode's record, and tells whether the turn is over.
    async fn look(&mut self) -> Option<Outcome> {
        let session = self.session.clone()?;
        let (client, directory) = (&self.running.client, &self.turn.directory);
        // First whether it is idle, then what there is: so nothing comes between them.
        let busy = client.busy(directory, &session).await.unwrap_or(true);
        let record = client.messages(directory, &session).await.ok()?;
        self.transcript.reconcile(&record);
        if busy {
            return None;
        }
        let answer = record.iter().rev().map(|message| &message.info).find(|info| self.transcript.is_answer(info));
        match answer {
            Some(Info { error: Some(error), .. }) => Some(failure(error)),
            Some(Info { time, .. }) if time.completed.is_some() => Some(Outcome::Completed),
            _ => {
                if let Some(error) = &self.error {
                    return Some(failure(error));
                }
                self.give_up.get_or_insert_with(|| Instant::now() + AFTERTHOUGHT);
                None
            }
        }
    }

    fn silent_end(&self) -> Outcome {
        self.error
            .as_ref()
            .map_or_else(|| Outcome::Failed("opencode has ended the turn without an answer.".to_owned()), failure)
    }

    /// Stops the session and takes what it still says.
    async fn stop(&mut self) {
        let Some(session) = self.session.clone() else { return };
        let running = self.running.clone();
        let directory = self.turn.directory.clone();
        let withdrawn = std::mem::take(&mut self.asked);
        self.answers.clear();
        // In a task of its own: it may take longer than the turn is given.
        let aborting = tokio::spawn({
            let (running, directory, session) = (running.clone(), directory.clone(), Arc::clone(&session));
            async move { abort(&running, &directory, &session, withdrawn).await }
        });
        if timeout(ABORT, aborting).await.is_err() {
            tracing::warn!("opencode takes its time to stop a turn");
        }
        let deadline = Instant::now() + LAST_WORDS;
        while Instant::now() < deadline {
            let busy = running.client.busy(&directory, &session).await.unwrap_or(false);
            let Ok(record) = running.client.messages(&directory, &session).await else { break };
            self.transcript.reconcile(&record);
            let open = record.iter().any(|message| {
                self.transcript.is_answer(&message.info)
                    && message.info.time.completed.is_none()
                    && message.info.error.is_none()
            });
            if !busy && !open {
                break;
            }
            sleep(Duration::from_millis(50)).await;
        }
        self.speak().await;
    }
}

/// A file as opencode takes it: within the prompt, since it keeps what it is told of a file's place and reads it again
/// later. It shows text to the model as if the model had read the file.
async fn file(attachment: &Attachment) -> std::io::Result<Value> {
    let Attachment { name, media_type, size: _, file } = attachment;
    let url = format!("data:{media_type};base64,{}", BASE64.encode(&tokio::fs::read(file).await?));
    Ok(json!({ "type": "file", "mime": media_type, "filename": name, "url": url }))
}

async fn abort(running: &Running, directory: &Path, session: &str, withdrawn: HashSet<Waiting>) {
    if let Err(error) = running.client.abort(directory, session).await {
        tracing::warn!(%error, "opencode could not stop a turn");
    }
    // They would be listed for ever.
    for waiting in withdrawn {
        requests::withdraw(&running.client, directory, &waiting).await;
    }
}

/// A turn's session and those of its sub-agents, and of theirs, which may have begun unheard.
async fn family(running: &Running, directory: &Path, session: &str) -> HashSet<String> {
    let mut family = HashSet::from([session.to_owned()]);
    let mut unseen = vec![session.to_owned()];
    while let Some(parent) = unseen.pop() {
        for child in running.client.children(directory, &parent).await.unwrap_or_default() {
            if family.insert(child.id.clone()) {
                running.hub.adopt(session, child.id.clone());
                unseen.push(child.id);
            }
        }
    }
    family
}

fn failure(error: &Error) -> Outcome {
    if error.is_abort() { Outcome::Cancelled } else { Outcome::Failed(format!("opencode: {}", error.line())) }
}

/// The command that a message begins with, and what it is told; a slash may also begin a path.
async fn command(client: &Client, directory: &Path, content: &str) -> Result<Option<(String, String)>, ClientError> {
    let Some(typed) = content.trim().strip_prefix('/') else { return Ok(None) };
    let (name, arguments) = typed.split_once(char::is_whitespace).unwrap_or((typed, ""));
    let is_known = client.commands(directory).await?.iter().any(|command| command.name == name);
    Ok(is_known.then(|| (name.to_owned(), arguments.trim().to_owned())))
}

fn refused(error: &ClientError) -> Outcome {
    tracing::warn!(error = error as &dyn std::error::Error, "opencode has not taken a prompt");
    Outcome::Failed(format!("{error}."))
}

/// What is being waited for, once; never when it is nothing.
async fn answered<T>(waiting: &mut Option<BoxFuture<'_, T>>) -> T {
    let Some(future) = waiting else { return pending().await };
    let answer = future.await;
    *waiting = None;
    answer
}

async fn next(ear: Option<&mut Ear>) -> Option<Heard> {
    match ear {
        Some(ear) => ear.next().await,
        None => None,
    }
}

async fn at(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => pending().await,
    }
}
