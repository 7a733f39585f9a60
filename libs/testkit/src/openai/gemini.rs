//! The same script in the words of Google's Gemini API, as far as Gemini CLI needs it.

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State},
    response::{IntoResponse as _, Response},
};
use serde_json::{Value, json};

use super::{Script, Step, play};

fn said(part: &Value, finish: Option<&str>) -> Value {
    json!({"candidates": [{"index": 0, "content": {"role": "model", "parts": [part]}, "finishReason": finish}],
        "usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": 5, "totalTokenCount": 15}})
}

/// `MODEL:streamGenerateContent` is the agent's own question. What it asks beside that, without a stream, it can do
/// without.
pub(super) async fn call(
    State(script): State<Script>,
    Path(call): Path<String>,
    Json(mut request): Json<Value>,
) -> Response {
    let Some(model) = call.strip_suffix(":streamGenerateContent") else {
        let next = json!({"next_speaker": "user", "reasoning": "scripted"});
        return Json(said(&json!({"text": next.to_string()}), Some("STOP"))).into_response();
    };
    // Where other endpoints have it.
    if let Some(request) = request.as_object_mut() {
        request.insert("model".to_owned(), json!(model));
    }
    let steps = {
        let mut script = script.lock();
        script.requests.push(request);
        script.next()
    };
    let event = |part: &Value, finish: Option<&str>| Bytes::from(format!("data: {}\n\n", said(part, finish)));
    let say = move |_: usize, step: Step| {
        let part = match step {
            Step::Text(text) => json!({"text": text}),
            Step::Reasoning(text) => json!({"text": text, "thought": true}),
            Step::Tool { name, arguments } => json!({"functionCall": {"name": name, "args": arguments}}),
            _ => return None,
        };
        Some(event(&part, None))
    };
    play(script, steps, say, vec![event(&json!({"text": ""}), Some("STOP"))])
}
