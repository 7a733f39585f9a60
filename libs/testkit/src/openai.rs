//! An OpenAI-compatible endpoint that answers as a test says, and remembers what it was asked.
//!
//! Speaks streaming chat completions, enough for opencode and its AI SDK, and misbehaves in whichever way it is told.

mod gemini;

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::{DefaultBodyLimit, State},
    http::{
        HeaderMap, StatusCode,
        header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER},
    },
    response::{IntoResponse as _, Response},
    routing::{get, post},
    serve::ListenerExt as _,
};
use futures_util::{StreamExt as _, stream};
use serde_json::{Value, json};
use tokio::{
    net::TcpListener,
    sync::{Semaphore, watch},
    task::JoinHandle,
    time::Instant,
};

/// One step of a reply.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// A delta of text.
    Text(String),
    /// A delta of reasoning.
    Reasoning(String),
    /// A tool is called with these arguments; the reply ends with it.
    Tool {
        /// Its name.
        name: String,
        /// Its arguments.
        arguments: Value,
    },
    /// These bytes, whatever they are.
    Raw(Vec<u8>),
    /// The reply ends with this reason instead of the usual one.
    Finish(String),
    /// So many tokens were asked with, instead of ten.
    Asked(u64),
    /// A delta of text that is the time: see [`now`].
    Now,
    /// Nothing for a while.
    Pause(Duration),
    /// Nothing until so long after the reply began, or after the last [`Step::Wait`] was passed.
    At(Duration),
    /// Nothing until the test calls [`OpenAi::go_on`].
    Wait,
    /// Nothing ever again, with the connection open.
    Hang,
    /// The connection ends in the middle.
    Cut,
    /// The connection breaks in the middle.
    Break,
    /// No stream at all: this HTTP status.
    Status(u16),
    /// No stream at all: 429, and after so many seconds it may be tried again.
    RetryAfter(u64),
}

/// How long it is since this was first asked.
#[must_use]
pub fn now() -> Duration {
    static BEGUN: LazyLock<Instant> = LazyLock::new(Instant::now);
    BEGUN.elapsed()
}

/// Text in deltas of one word each, with a pause after each.
#[must_use]
pub fn words(text: &str, pause: Duration) -> Vec<Step> {
    text.split_inclusive(' ').flat_map(|word| [Step::Text(word.to_owned()), Step::Pause(pause)]).collect()
}

/// The endpoint. It ends when it is dropped.
#[derive(Debug)]
pub struct OpenAi {
    address: SocketAddr,
    script: Script,
    serving: JoinHandle<()>,
}

/// What is to be said, and how many waits may be passed.
#[derive(Debug, Clone)]
struct Script {
    inner: Arc<Mutex<Inner>>,
    passes: Arc<Semaphore>,
    /// Replies that are on their way.
    open: watch::Sender<usize>,
}

#[derive(Debug)]
struct Inner {
    replies: VecDeque<Vec<Step>>,
    requests: Vec<Value>,
    keys: Vec<Option<String>>,
    models: Value,
    /// Requests without tools get the script too.
    all: bool,
}

impl Inner {
    fn next(&mut self) -> Vec<Step> {
        self.replies.pop_front().unwrap_or_else(|| vec![Step::Text("Done.".to_owned())])
    }
}

impl Script {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl OpenAi {
    /// Serves on any free port of loopback.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start() -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let inner = Inner {
            replies: VecDeque::new(),
            requests: Vec::new(),
            keys: Vec::new(),
            models: json!([{"id": "tiny", "object": "model"}]),
            all: false,
        };
        let script = Script {
            inner: Arc::new(Mutex::new(inner)),
            passes: Arc::new(Semaphore::new(0)),
            open: watch::Sender::new(0),
        };
        let routes = Router::new()
            .route("/v1/chat/completions", post(complete))
            .route("/v1/models", get(models))
            .route("/v1beta/models/{call}", post(gemini::call))
            .layer(DefaultBodyLimit::disable())
            .with_state(script.clone());
        let serving = tokio::spawn(async move {
            // A token is sent when it is said.
            let listener = listener.tap_io(|connection| {
                if let Err(error) = connection.set_nodelay(true) {
                    tracing::warn!(%error, "tokens may come late");
                }
            });
            if let Err(error) = axum::serve(listener, routes).await {
                tracing::error!(%error, "the scripted endpoint has ended");
            }
        });
        Ok(Self { address, script, serving })
    }

    /// What the next request for a reply gets. Without a script, a reply is "Done.".
    pub fn reply(&self, steps: impl IntoIterator<Item = Step>) {
        self.script.lock().replies.push_back(steps.into_iter().collect());
    }

    /// Gives the script to requests without tools too: those of a backend that has none.
    pub fn answer_all(&self) {
        self.script.lock().all = true;
    }

    /// Lists these models from now on.
    pub fn list(&self, models: Value) {
        self.script.lock().models = models;
    }

    /// Lets a reply pass one [`Step::Wait`].
    pub fn go_on(&self) {
        self.script.passes.add_permits(1);
    }

    /// How many replies are on their way, as it changes.
    #[must_use]
    pub fn open(&self) -> watch::Receiver<usize> {
        self.script.open.subscribe()
    }

    /// What every request so far had as its authorization.
    #[must_use]
    pub fn keys(&self) -> Vec<Option<String>> {
        self.script.lock().keys.clone()
    }

    /// Every request so far that got the script: without those that make a title.
    #[must_use]
    pub fn requests(&self) -> Vec<Value> {
        self.script.lock().requests.clone()
    }

    /// `http://127.0.0.1:PORT/v1`.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// `http://127.0.0.1:PORT`, where the same script is given to those who speak Gemini's own protocol.
    #[must_use]
    pub fn gemini_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Configuration of opencode with this endpoint as the provider `scripted`,
    /// its models `tiny`, `deep/er/tiny` and `seeing`, which takes images, and the permissions of this value.
    #[must_use]
    pub fn opencode_config(&self, permission: &Value) -> Value {
        json!({
            "$schema": "https://opencode.ai/config.json",
            "enabled_providers": ["scripted"],
            "model": "scripted/tiny",
            "permission": permission,
            "provider": {"scripted": {
                "npm": "@ai-sdk/openai-compatible",
                "name": "Scripted",
                "options": {"baseURL": self.base_url(), "apiKey": "sk-scripted-secret"},
                "models": {
                    "tiny": {"name": "Tiny", "limit": {"context": 32_000, "output": 4_000}},
                    "seeing": {"name": "Seeing", "attachment": true,
                        "modalities": {"input": ["text", "image"], "output": ["text"]},
                        "limit": {"context": 32_000, "output": 4_000}},
                    "deep/er/tiny": {"name": "Deeper", "limit": {"context": 32_000, "output": 4_000},
                        "variants": {"high": {"reasoningEffort": "high"}}},
                },
            }},
        })
    }
}

impl Drop for OpenAi {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn models(State(script): State<Script>, headers: HeaderMap) -> Json<Value> {
    let mut script = script.lock();
    script.keys.push(key(&headers));
    Json(json!({"object": "list", "data": script.models}))
}

fn key(headers: &HeaderMap) -> Option<String> {
    headers.get(AUTHORIZATION)?.to_str().ok().map(str::to_owned)
}

async fn complete(State(script): State<Script>, headers: HeaderMap, Json(request): Json<Value>) -> Response {
    let model = request.get("model").cloned().unwrap_or_default();
    let has_tools = request.get("tools").and_then(Value::as_array).is_some_and(|tools| !tools.is_empty());
    let mut turn = 0;
    let steps = {
        let mut script = script.lock();
        script.keys.push(key(&headers));
        if has_tools || script.all {
            script.requests.push(request);
            turn = script.requests.len();
            script.next()
        } else {
            // opencode asks a small model without tools for a title.
            vec![Step::Text("A scripted title".to_owned())]
        }
    };
    let asked = steps.iter().find_map(|step| if let Step::Asked(tokens) = step { Some(*tokens) } else { None });
    let asked = asked.unwrap_or(10);
    let chunk = move |delta: Value, finish: Value| {
        let chunk = json!({"id": "scripted", "object": "chat.completion.chunk", "created": 1, "model": model,
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
            "usage": {"prompt_tokens": asked, "completion_tokens": 5, "total_tokens": asked + 5}});
        Bytes::from(format!("data: {chunk}\n\n"))
    };
    let mut finish = if steps.iter().any(|step| matches!(step, Step::Tool { .. })) { "tool_calls" } else { "stop" };
    if let Some(Step::Finish(reason)) = steps.iter().find(|step| matches!(step, Step::Finish(_))) {
        finish = reason;
    }
    let last = vec![chunk(json!({}), json!(finish)), Bytes::from_static(b"data: [DONE]\n\n")];
    let tools = steps.iter().enumerate().filter(|(_, step)| matches!(step, Step::Tool { .. }));
    let tools = tools.map(|(index, _)| index).collect::<Vec<_>>();
    let say = move |index: usize, step: Step| {
        let delta = match step {
            Step::Text(text) => json!({"role": "assistant", "content": text}),
            Step::Reasoning(text) => json!({"role": "assistant", "reasoning_content": text}),
            Step::Tool { name, arguments } => {
                let place = tools.iter().position(|tool| *tool == index);
                json!({"tool_calls": [{"index": place, "id": format!("call_{turn}_{index}"),
                    "type": "function", "function": {"name": name, "arguments": arguments.to_string()}}]})
            }
            _ => return None,
        };
        Some(chunk(delta, Value::Null))
    };
    play(script, steps, say, last)
}

/// Answers step by step. `say` puts the words of one into the endpoint's own form, and `last` ends what ends well.
fn play(
    script: Script,
    steps: Vec<Step>,
    say: impl Fn(usize, Step) -> Option<Bytes> + Clone + Send + 'static,
    last: Vec<Bytes>,
) -> Response {
    let refused = |status: StatusCode| (status, Json(json!({"error": {"message": format!("scripted {status}")}})));
    match steps.first() {
        Some(Step::Status(status)) => {
            return refused(StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)).into_response();
        }
        Some(Step::RetryAfter(seconds)) => {
            return ([(RETRY_AFTER, seconds.to_string())], refused(StatusCode::TOO_MANY_REQUESTS)).into_response();
        }
        _ => {}
    }
    let ends_badly = steps.contains(&Step::Cut) || steps.contains(&Step::Break);
    let last = if ends_badly { Vec::new() } else { last };
    let open = Open::one(script.open.clone());
    let begun = Arc::new(Mutex::new(Instant::now()));
    let told = stream::iter(steps.into_iter().take_while(|step| *step != Step::Cut).enumerate()).filter_map(
        move |(index, step)| {
            let (say, passes, begun) = (say.clone(), Arc::clone(&script.passes), Arc::clone(&begun));
            async move {
                let begun = || begun.lock().unwrap_or_else(PoisonError::into_inner);
                match step {
                    Step::Raw(bytes) => Some(Ok(bytes.into())),
                    Step::Break => Some(Err(std::io::Error::other("scripted"))),
                    Step::Pause(pause) => {
                        tokio::time::sleep(pause).await;
                        None
                    }
                    Step::At(time) => {
                        let due = *begun() + time;
                        tokio::time::sleep_until(due).await;
                        None
                    }
                    Step::Wait => {
                        passes.acquire().await.ok()?.forget();
                        *begun() = Instant::now();
                        None
                    }
                    Step::Now => say(index, Step::Text(format!("{} ", now().as_micros()))).map(Ok),
                    Step::Hang => std::future::pending().await,
                    step => say(index, step).map(Ok),
                }
            }
        },
    );
    let said = told.chain(stream::iter(last.into_iter().map(Ok))).inspect(move |_| {
        // It is open as long as its stream is.
        let _ = &open;
    });
    ([(CONTENT_TYPE, "text/event-stream")], Body::from_stream(said)).into_response()
}

/// A reply that is on its way.
struct Open(watch::Sender<usize>);

impl Open {
    fn one(count: watch::Sender<usize>) -> Self {
        count.send_modify(|count| *count += 1);
        Self(count)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}
