//! What an endpoint sends, as far as it is read here. What is not named is ignored, and what is
//! of another kind than expected counts as not there: every server has its own dialect.

use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::Value;

/// One event of a streamed answer.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Chunk {
    #[serde(deserialize_with = "lenient")]
    pub(super) choices: Vec<Choice>,
    #[serde(deserialize_with = "lenient")]
    pub(super) usage: Option<Usage>,
    /// The answer has failed in the middle.
    pub(super) error: Value,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Choice {
    #[serde(deserialize_with = "lenient")]
    pub(super) delta: Delta,
    #[serde(deserialize_with = "lenient")]
    pub(super) finish_reason: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Delta {
    #[serde(deserialize_with = "lenient")]
    pub(super) content: Option<String>,
    /// DeepSeek's name for it, which vLLM and llama.cpp have taken over.
    #[serde(deserialize_with = "lenient")]
    pub(super) reasoning_content: Option<String>,
    /// Ollama's, OpenRouter's and newer vLLM's.
    #[serde(deserialize_with = "lenient")]
    pub(super) reasoning: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) refusal: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) tool_calls: Vec<ToolCall>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ToolCall {
    #[serde(deserialize_with = "lenient")]
    pub(super) index: u64,
    #[serde(deserialize_with = "lenient")]
    pub(super) function: Function,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Function {
    #[serde(deserialize_with = "lenient")]
    pub(super) name: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) arguments: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default)]
pub(super) struct Usage {
    #[serde(deserialize_with = "lenient")]
    pub(super) prompt_tokens: u64,
    #[serde(deserialize_with = "lenient")]
    pub(super) completion_tokens: u64,
    /// Only from those who tell it, in US dollars (OpenRouter).
    #[serde(deserialize_with = "lenient")]
    pub(super) cost: Option<f64>,
}

fn lenient<'de, D: Deserializer<'de>, T: DeserializeOwned + Default>(input: D) -> Result<T, D::Error> {
    Ok(serde_json::from_value(Value::deserialize(input)?).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dialects_are_read() {
        for (text, content, thought, finish) in [
            (r#"{"choices":[{"delta":{"content":"a"},"finish_reason":null}]}"#, Some("a"), None, None),
            (r#"{"choices":[{"delta":{"content":null,"reasoning_content":"t"}}]}"#, None, Some("t"), None),
            (r#"{"choices":[{"delta":{"content":"","reasoning":"t"}}]}"#, Some(""), Some("t"), None),
            (
                r#"{"choices":[{"delta":{"content":[1]},"finish_reason":"stop"}],"usage":null}"#,
                None,
                None,
                Some("stop"),
            ),
            (r#"{"choices":[{"delta":null,"finish_reason":"length"}]}"#, None, None, Some("length")),
        ] {
            let chunk = serde_json::from_str::<Chunk>(text).unwrap();
            let choice = &chunk.choices[0];
            let thinking = choice.delta.reasoning_content.as_deref().or(choice.delta.reasoning.as_deref());
            assert_eq!(choice.delta.content.as_deref(), content, "{text}");
            assert_eq!((thinking, choice.finish_reason.as_deref()), (thought, finish), "{text}");
        }
        assert!(
            serde_json::from_str::<Chunk>(r#"{"choices":null,"usage":{"prompt_tokens":3}}"#).unwrap().usage.is_some()
        );
    }
}
