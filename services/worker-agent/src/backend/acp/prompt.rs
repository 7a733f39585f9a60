//! One turn with the agent, from the session to the end of its answer.

use std::time::Duration;

use agent_client_protocol::v1::schema::{CreateElicitationResponse, StopReason};
use futures_util::{FutureExt as _, StreamExt as _, future::BoxFuture, stream::FuturesUnordered};
use muster_contracts::v1::{Answer, RequestBody};
use serde_json::{Value, json};
use tokio::{sync::watch, time::timeout};

use super::{
    agent::{Agent, CallError, Opened},
    content,
    hub::{Ask, Ear},
    requests,
    transcript::Transcript,
};
use crate::{
    backend::silence::Silence,
    domain::event::{Event, Outcome},
    turn::{Asked, Asking, Turn, TurnIo},
};

/// How long the last words of a turn that was stopped are waited for.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// Runs the turn in its session; it ends early when it is stopped or the process has gone. `name` is the agent's.
pub(super) async fn run(
    agent: &Agent,
    opened: Opened,
    (name, silence): (&str, Silence),
    turn: &Turn,
    io: &TurnIo,
) -> Outcome {
    io.say(Event::SessionId(opened.id.to_string())).await;
    let prompt = match content::of(turn, agent.can().prompt_capabilities.image, io).await {
        Ok(prompt) => prompt,
        Err(error) => return Outcome::Failed(format!("What is attached cannot be read: {error}.")),
    };
    let mut talk = Talk {
        name,
        turn,
        io,
        ear: agent.hub().listen(&opened.id),
        transcript: Transcript::new(turn.directory.clone(), opened.options.clone(), opened.cost),
        waiting: Vec::new(),
        answers: FuturesUnordered::new(),
        asked: 0,
        silence,
    };
    // A turn that is stopped by now is none for the agent; from here on it is told of both.
    if io.stopped().is_cancelled() {
        return Outcome::Cancelled;
    }
    let params = json!({ "sessionId": &*opened.id, "prompt": prompt });
    let mut answering = agent.call_at_length("session/prompt", params).boxed();
    let answered = tokio::select! {
        biased;
        () = io.stopped().cancelled() => None,
        answered = talk.drive(&mut answering) => Some(answered),
    };
    let mut busy = opened.busy.clone();
    let outcome = match answered {
        Some(Ok(answer)) => ended(&mut talk.transcript, &answer),
        Some(Err(error)) => failure(name, &error),
        None => {
            agent.tell("session/cancel", json!({ "sessionId": &*opened.id }));
            talk.withdraw();
            if timeout(LAST_WORDS, talk.drive(&mut answering)).await.is_err() {
                tracing::warn!("the agent takes its time to stop a turn");
                busy = wait_for(answering);
            }
            Outcome::Cancelled
        }
    };
    talk.withdraw();
    talk.transcript.end();
    talk.speak().await;
    let (options, cost) = talk.transcript.session();
    agent.keep(&turn.session, Opened { options: options.clone(), cost, busy, ..opened });
    outcome
}

/// The agent goes on with a turn that was stopped. The next one has to know when it is done.
fn wait_for(answering: BoxFuture<'static, Result<Value, CallError>>) -> watch::Receiver<bool> {
    let (sender, busy) = watch::channel(true);
    tokio::spawn(async move {
        if let Err(error) = answering.await {
            tracing::debug!(%error, "a turn that was stopped has ended late");
        }
        sender.send_replace(false);
    });
    busy
}

fn ended(transcript: &mut Transcript, answer: &Value) -> Outcome {
    transcript.usage(answer);
    let reason = answer.get("stopReason").cloned().and_then(|reason| serde_json::from_value(reason).ok());
    let told = match reason {
        Some(StopReason::Cancelled) => return Outcome::Cancelled,
        Some(StopReason::MaxTokens) => "The answer ends here because it reached the model's limit.",
        Some(StopReason::MaxTurnRequests) => {
            "The agent has asked its model as often as it may in one turn: tell it to go on."
        }
        Some(StopReason::Refusal) => "The agent refused to answer this, and will not remember it.",
        _ => return Outcome::Completed,
    };
    transcript.notice("stop", told);
    Outcome::Completed
}

pub(super) fn failure(name: &str, error: &CallError) -> Outcome {
    Outcome::Failed(match error {
        CallError::Gone => format!("{name} has ended unexpectedly; your next message starts it again."),
        error => format!("{name}: {error}."),
    })
}

struct Talk<'a> {
    name: &'a str,
    turn: &'a Turn,
    io: &'a TurnIo,
    ear: Ear,
    transcript: Transcript,
    /// What the agent waits for an answer to.
    waiting: Vec<Waiting>,
    /// What was answered; or what was asked, where the agent waits for it no more.
    answers: FuturesUnordered<BoxFuture<'static, (u64, Result<Answer, RequestBody>)>>,
    asked: u64,
    silence: Silence,
}

struct Waiting {
    number: u64,
    ask: Ask,
}

impl Talk<'_> {
    /// Says what is heard until the prompt is answered.
    async fn drive(
        &mut self,
        answering: &mut BoxFuture<'static, Result<Value, CallError>>,
    ) -> Result<Value, CallError> {
        loop {
            self.speak().await;
            let excused = !self.waiting.is_empty() || self.transcript.works();
            tokio::select! {
                biased;
                Some((number, answer)) = self.answers.next() => self.answer(number, answer).await,
                Some(update) = self.ear.updates.recv() => self.transcript.update(update),
                Some(ask) = self.ear.asks.recv() => self.ask(ask).await,
                () = self.silence.too_long(excused) => {
                    let (part, text) = self.silence.notice(self.name);
                    self.transcript.notice(&part, text);
                    continue;
                }
                answered = &mut *answering => {
                    self.hear().await;
                    return answered;
                }
            }
            self.silence.broken();
        }
    }

    /// Takes what was told before; it was put there before whatever comes next was read.
    async fn hear(&mut self) {
        while let Ok(update) = self.ear.updates.try_recv() {
            self.transcript.update(update);
            self.speak().await;
        }
    }

    /// An event stays in the transcript until it is said, so stopping here loses nothing.
    async fn speak(&mut self) {
        while let Some(event) = self.transcript.next().cloned() {
            self.io.say(event).await;
            self.transcript.was_said();
        }
    }

    /// Passes a request on to the user.
    async fn ask(&mut self, ask: Ask) {
        if self.io.stopped().is_cancelled() {
            return ask.cancel();
        }
        let asked = match &ask {
            Ask::Permission(request, _) if !request.options.is_empty() => {
                requests::permission(request, &self.turn.directory)
            }
            Ask::Form(Some(form), _) => form.asked(None),
            Ask::Permission(..) | Ask::Form(None, _) => {
                self.transcript.notice(
                    "unanswerable",
                    "The agent asked for something and offered no answer that can be given here: it was told no.",
                );
                return ask.cancel();
            }
        };
        self.put(ask, asked).await;
    }

    /// What led to it is said before it.
    async fn put(&mut self, ask: Ask, asked: Asked) {
        self.asked += 1;
        let number = self.asked;
        let withdrawn = ask.cancellation();
        self.waiting.push(Waiting { number, ask });
        self.hear().await;
        let Asking { body, answer } = self.io.ask(asked).await;
        let answering = async move {
            tokio::select! {
                biased;
                answer = answer => (number, Ok(answer.unwrap_or_default())),
                () = withdrawn.cancelled() => (number, Err(body)),
            }
        };
        self.answers.push(answering.boxed());
    }

    async fn answer(&mut self, number: u64, answer: Result<Answer, RequestBody>) {
        let Some(index) = self.waiting.iter().position(|waiting| waiting.number == number) else { return };
        let ask = self.waiting.swap_remove(index).ask;
        let answer = match answer {
            Ok(answer) => answer,
            Err(body) => {
                ask.cancel();
                return self.io.withdraw(body).await;
            }
        };
        let told = match ask {
            Ask::Permission(request, responder) => responder.respond(requests::answer(&request.options, &answer)),
            Ask::Form(Some(form), responder) => match form.filled(&answer) {
                Ok(action) => responder.respond(CreateElicitationResponse::new(action)),
                Err(amiss) => {
                    let asked = form.asked(Some(&amiss));
                    return self.put(Ask::Form(Some(form), responder), asked).await;
                }
            },
            unanswerable @ Ask::Form(None, _) => return unanswerable.cancel(),
        };
        if let Err(error) = told {
            tracing::debug!(code = ?error.code, "an answer could not be given to the agent");
        }
    }

    /// Nobody will answer any more: the agent would wait for ever.
    fn withdraw(&mut self) {
        self.answers.clear();
        for Waiting { ask, .. } in self.waiting.drain(..) {
            ask.cancel();
        }
    }
}
