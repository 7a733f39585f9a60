//! One turn with the endpoint, from the user's words to the stored answer.

use std::{io, pin::pin, time::Duration};

use tokio::time::{sleep, timeout};

use super::{
    OpenAi,
    answer::Answer,
    endpoint::EndpointError,
    history::{self, History, Role, Said},
    question, retry,
    wire::Chunk,
};
use crate::{
    backend::{lines::Lines, reason::reason, silence::Silence},
    domain::event::{Event, Outcome},
    turn::{Turn, TurnIo},
};

/// The longest line that is read: one event.
const LINE_BYTES: usize = 1024 * 1024;
/// Bytes in a row without anything in them that can be read.
const USELESS_BYTES: usize = 16 * 1024 * 1024;
/// How long usage may follow the end of an answer.
const AFTERTHOUGHT: Duration = Duration::from_secs(5);

/// Runs the turn. Stopping it ends the request at once; what was said until then is remembered.
pub(super) async fn run(backend: &OpenAi, turn: &Turn, io: &TurnIo) -> Outcome {
    if !backend.offers(&turn.model) {
        return Outcome::Failed(format!("This worker does not offer the model {}: choose another one.", turn.model));
    }
    let (mut history, next) = match recall(backend, turn, io).await {
        Ok(recalled) => recalled,
        Err(error) => return Outcome::Failed(format!("The worker cannot keep what is said: {error}.")),
    };
    let request = question::request(&turn.model, backend.checked.system.as_deref(), &history, &next);
    let mut answer = Answer::default();
    let outcome = tokio::select! {
        biased;
        () = io.stopped().cancelled() => Outcome::Cancelled,
        asked = ask(backend, io, &request, &mut answer) => match asked {
            Ok(()) => Outcome::Completed,
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "the endpoint has not answered");
                Outcome::Failed(format!("{error}."))
            }
        },
    };
    for event in answer.end() {
        io.say(event).await;
    }
    let kept = answer.kept();
    // A question without an answer is left out: many models want the two to alternate.
    if !kept.is_empty() {
        history.messages.extend([next, Said { role: Role::Assistant, text: kept, images: Vec::new() }]);
    }
    let begun = !history.messages.is_empty();
    history.open = false;
    if let Err(error) = backend.histories.write(&turn.session, &history) {
        tracing::error!(%error, "what was said cannot be kept");
        io.notice("kept", "The worker cannot keep this turn: the model will not know it later.").await;
    } else if begun {
        // From here on a fork has a conversation of its own, and is not given what came before it again.
        io.say(Event::SessionId(turn.session.to_string())).await;
    }
    outcome
}

/// What the model shall know, and what it is asked; whatever is lost is told.
async fn recall(backend: &OpenAi, turn: &Turn, io: &TurnIo) -> io::Result<(History, Said)> {
    let known = backend.histories.read(&turn.session)?;
    if known.is_none() && !turn.first && !turn.has_context {
        io.notice("context", "Context was lost: the model does not know what was said here before.").await;
    }
    let mut history = known.unwrap_or_default();
    if history.open {
        io.notice("open", "The turn before was cut off when the worker ended: the model does not know of it.").await;
    }
    let (next, whole) = question::of(&turn.content, &turn.attachments).await?;
    if !whole {
        io.notice("attached", "An attached file is too long: the model only gets its beginning.").await;
    }
    let left_out = history::trim(&mut history.messages, &next, history::room(backend.context_of(&turn.model)));
    if left_out > 0 {
        let text = format!(
            "The session has grown longer than the model takes: its oldest {left_out} messages are left out from now on."
        );
        io.notice("trimmed", text).await;
    }
    if history::trim_images(&mut history.messages) > 0 {
        io.notice("images", "The oldest images of this session are left out from now on.").await;
    }
    history.open = true;
    backend.histories.write(&turn.session, &history)?;
    Ok((history, next))
}

/// Asks until there is an answer. Once something of it was said, it is not asked for again.
async fn ask(
    backend: &OpenAi,
    io: &TurnIo,
    request: &serde_json::Value,
    answer: &mut Answer,
) -> Result<(), EndpointError> {
    let (mut attempt, mut silence) = (1, Silence::new(backend.silence));
    loop {
        let error = match listen(backend, io, request, answer, &mut silence).await {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        let pause = retry::pause(&error, attempt, rand::random()).filter(|_| !answer.has_begun());
        let Some(pause) = pause else { return Err(error) };
        attempt += 1;
        let text = format!(
            "{error}. Trying again in {} s, attempt {attempt} of {}.",
            pause.as_secs_f64().ceil(),
            retry::ATTEMPTS
        );
        io.notice(&format!("retry {attempt}"), text).await;
        sleep(pause).await;
    }
}

/// Asks once, and passes on what comes.
async fn listen(
    backend: &OpenAi,
    io: &TurnIo,
    request: &serde_json::Value,
    answer: &mut Answer,
    silence: &mut Silence,
) -> Result<(), EndpointError> {
    let mut incoming = heard(backend.endpoint.complete(request), io, silence).await?;
    let mut lines = Lines::up_to(LINE_BYTES);
    let (mut useless, mut understood, mut ended) = (0_usize, false, false);
    while !ended {
        let bytes = if answer.is_finished() {
            timeout(AFTERTHOUGHT, incoming.next()).await.ok().and_then(Result::ok).flatten()
        } else {
            heard(incoming.next(), io, silence).await?
        };
        ended = bytes.is_none();
        useless += bytes.as_ref().map_or(0, bytes::Bytes::len);
        // The last line may lack its end.
        for line in lines.push(bytes.as_deref().unwrap_or(b"\n")) {
            match read(&line) {
                Line::Event(Chunk { error, .. }) if !error.is_null() => {
                    let reason = reason(&serde_json::json!({ "error": error }));
                    let reason = reason.unwrap_or_else(|| "it does not say why".to_owned());
                    return Err(EndpointError::GaveUp(backend.endpoint.without_key(reason)));
                }
                Line::Event(chunk) => {
                    (useless, understood) = (0, true);
                    for event in answer.take(chunk) {
                        io.say(event).await;
                    }
                }
                Line::Done => return Ok(()),
                Line::Alive => useless = 0,
                Line::Useless => {}
            }
        }
        if useless > USELESS_BYTES {
            return Err(EndpointError::Unreadable);
        }
    }
    match (answer.is_finished(), understood || useless == 0) {
        (true, _) => Ok(()),
        (false, true) => Err(EndpointError::Cut),
        (false, false) => Err(EndpointError::Unreadable),
    }
}

/// Waits for the endpoint; the user is told when that takes long.
async fn heard<T>(word: impl Future<Output = T>, io: &TurnIo, silence: &mut Silence) -> T {
    let mut word = pin!(word);
    loop {
        tokio::select! {
            biased;
            said = &mut word => {
                silence.broken();
                return said;
            }
            () = silence.too_long(false) => {
                let (part, text) = silence.notice("the endpoint");
                io.notice(&part, text).await;
            }
        }
    }
}

enum Line {
    Event(Chunk),
    Done,
    /// A comment, with which a server tells that it still works on it.
    Alive,
    Useless,
}

/// A line of an event stream (HTML Living Standard, 9.2), of which only data matters here.
fn read(line: &[u8]) -> Line {
    if line.starts_with(b":") {
        return Line::Alive;
    }
    // Some proxies answer an error as it is, without a stream.
    let data = line.strip_prefix(b"data:").or_else(|| line.starts_with(br#"{"error""#).then_some(line));
    match data.map(<[u8]>::trim_ascii) {
        Some(b"[DONE]") => Line::Done,
        Some(data) => serde_json::from_slice(data).map_or(Line::Useless, Line::Event),
        None => Line::Useless,
    }
}
