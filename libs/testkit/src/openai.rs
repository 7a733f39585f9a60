//! An OpenAI-compatible endpoint that answers as a test says, and remembers what it was asked.
//!
//! Speaks streaming chat completions, enough for opencode and its AI SDK.

use std::{
    collections::VecDeque,
    convert::Infallible,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    response::{
        IntoResponse as _, Response,
        sse::{Event, Sse},
    },
    routing::{get, post},
};
use futures_util::{StreamExt as _, stream};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::Semaphore, task::JoinHandle};

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
    /// Nothing for a while.
    Pause(Duration),
    /// Nothing until the test calls [`OpenAi::go_on`].
    Wait,
    /// Nothing ever again, with the connection open.
    Hang,
    /// The connection ends in the middle.
    Cut,
    /// No stream at all: this HTTP status.
    Status(u16),
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
struct Script(Arc<Mutex<Inner>>, Arc<Semaphore>);

#[derive(Debug, Default)]
struct Inner {
    replies: VecDeque<Vec<Step>>,
    requests: Vec<Value>,
}

impl Script {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
        let script = Script(Arc::default(), Arc::new(Semaphore::new(0)));
        let routes = Router::new()
            .route("/v1/chat/completions", post(complete))
            .route(
                "/v1/models",
                get(async || Json(json!({"object": "list", "data": [{"id": "tiny", "object": "model"}]}))),
            )
            .with_state(script.clone());
        let serving = tokio::spawn(async move {
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

    /// Lets a reply pass one [`Step::Wait`].
    pub fn go_on(&self) {
        self.script.1.add_permits(1);
    }

    /// Every request so far that offered tools: the agent's own, without those that make a title.
    #[must_use]
    pub fn requests(&self) -> Vec<Value> {
        self.script.lock().requests.clone()
    }

    /// `http://127.0.0.1:PORT/v1`.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
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
                    "deep/er/tiny": {"name": "Deeper", "limit": {"context": 32_000, "output": 4_000}},
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

async fn complete(State(script): State<Script>, Json(request): Json<Value>) -> Response {
    let model = request.get("model").cloned().unwrap_or_default();
    let has_tools = request.get("tools").and_then(Value::as_array).is_some_and(|tools| !tools.is_empty());
    let mut turn = 0;
    let steps = if has_tools {
        let mut script = script.lock();
        script.requests.push(request);
        turn = script.requests.len();
        script.replies.pop_front().unwrap_or_else(|| vec![Step::Text("Done.".to_owned())])
    } else {
        // opencode asks a small model without tools for a title.
        vec![Step::Text("A scripted title".to_owned())]
    };
    if let Some(Step::Status(status)) = steps.first() {
        let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        return (status, Json(json!({"error": {"message": format!("scripted {status}")}}))).into_response();
    }
    let calls_tool = steps.iter().any(|step| matches!(step, Step::Tool { .. }));
    let finish = if calls_tool { "tool_calls" } else { "stop" };
    let cut = steps.contains(&Step::Cut);
    let chunk = move |delta: Value, finish: Value| {
        json!({"id": "scripted", "object": "chat.completion.chunk", "created": 1, "model": model,
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
            "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}})
        .to_string()
    };
    let last = if cut { Vec::new() } else { vec![chunk(json!({}), json!(finish)), "[DONE]".to_owned()] };
    let told = stream::iter(steps.into_iter().take_while(|step| *step != Step::Cut).enumerate()).filter_map(
        move |(index, step)| {
            let (chunk, passes) = (chunk.clone(), Arc::clone(&script.1));
            async move {
                let delta = match step {
                    Step::Text(text) => json!({"role": "assistant", "content": text}),
                    Step::Reasoning(text) => json!({"role": "assistant", "reasoning_content": text}),
                    Step::Tool { name, arguments } => {
                        json!({"tool_calls": [{"index": 0, "id": format!("call_{turn}_{index}"),
                        "type": "function", "function": {"name": name, "arguments": arguments.to_string()}}]})
                    }
                    Step::Pause(pause) => {
                        tokio::time::sleep(pause).await;
                        return None;
                    }
                    Step::Wait => {
                        passes.acquire().await.ok()?.forget();
                        return None;
                    }
                    Step::Hang => std::future::pending().await,
                    Step::Cut | Step::Status(_) => return None,
                };
                Some(chunk(delta, Value::Null))
            }
        },
    );
    let events = told.chain(stream::iter(last)).map(|data| Ok::<_, Infallible>(Event::default().data(data)));
    Sse::new(events).into_response()
}
