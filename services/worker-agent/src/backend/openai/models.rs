//! An endpoint's list as models. What each server tells beside the id differs.

use muster_contracts::v1::Model;
use serde_json::Value;

use super::settings::Checked;

/// Where servers tell how many tokens a model takes: the one it was started with first.
const CONTEXT: &[&str] = &[
    "/loaded_context_length", // LM Studio
    "/meta/n_ctx",            // llama.cpp
    "/max_model_len",         // vLLM
    "/context_length",        // OpenRouter, Together
    "/context_window",        // Groq
    "/max_context_length",    // LM Studio, Mistral
    "/meta/n_ctx_train",      // llama.cpp
];
/// Where they tell of kinds of input.
const INPUT: &[&str] = &["/architecture/input_modalities", "/input_modalities", "/modalities/input"];

/// The models that are offered. Those that the command line names are offered though the endpoint does not list them.
pub(super) fn list(told: &Value, checked: &Checked) -> Vec<Model> {
    let listed = told.pointer("/data").or(Some(told)).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let models = listed.iter().filter_map(|entry| model(entry, checked));
    if checked.models.is_empty() {
        return models.collect();
    }
    let models = models.collect::<Vec<_>>();
    let known = |id: &String| models.iter().find(|model| model.model_id == *id).cloned();
    checked.models.iter().map(|id| known(id).unwrap_or_else(|| named(id, checked))).collect()
}

/// What is known of a model that the endpoint does not list.
fn named(id: &str, checked: &Checked) -> Model {
    Model {
        model_id: id.to_owned(),
        name: id.to_owned(),
        provider: checked.provider.clone(),
        context_tokens: checked.context.and_then(|tokens| i64::try_from(tokens).ok()),
        ..Model::default()
    }
}

fn model(entry: &Value, checked: &Checked) -> Option<Model> {
    let id = entry.get("id").and_then(Value::as_str).filter(|id| !id.is_empty())?;
    // LM Studio lists what makes vectors beside what answers.
    if entry.get("type").and_then(Value::as_str) == Some("embeddings") {
        return None;
    }
    let context = CONTEXT.iter().find_map(|path| entry.pointer(path)?.as_i64().filter(|&tokens| tokens > 0));
    let kinds = INPUT.iter().find_map(|path| entry.pointer(path)?.as_array());
    let sees = kinds.is_some_and(|kinds| kinds.iter().any(|kind| kind == "image"))
        || entry.pointer("/capabilities/vision") == Some(&Value::Bool(true))
        || entry.get("type").and_then(Value::as_str) == Some("vlm");
    let model = named(id, checked);
    Some(Model {
        name: entry.get("name").and_then(Value::as_str).filter(|name| !name.is_empty()).unwrap_or(id).to_owned(),
        context_tokens: context.or(model.context_tokens),
        input: if sees { vec!["image".to_owned()] } else { Vec::new() },
        ..model
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;

    fn checked(models: &[&str]) -> Checked {
        Checked {
            base: String::new(),
            key: None,
            is_local: true,
            provider: "127.0.0.1:8000".to_owned(),
            system: None,
            models: models.iter().map(|&id| id.to_owned()).collect(),
            context: Some(4_096),
            silence: Duration::ZERO,
        }
    }

    #[test]
    fn every_server_s_way_of_telling_is_read() {
        let told = json!({"object": "list", "data": [
            {"id": "plain"},
            {"id": "meta/llama/70b", "max_model_len": 8_192, "name": "Llama"},
            {"id": "gguf", "meta": {"n_ctx_train": 32_768}},
            {"id": "router", "context_length": 128_000, "architecture": {"input_modalities": ["text", "image"]}},
            {"id": "mistral", "max_context_length": 32_000, "capabilities": {"vision": true}},
            {"id": "studio", "type": "vlm", "max_context_length": 9, "loaded_context_length": 8},
            {"id": "vectors", "type": "embeddings"},
            {"object": "model"},
        ]});
        let models = list(&told, &checked(&[]));
        let seen = models.iter().map(|model| {
            (model.model_id.as_str(), model.name.as_str(), model.context_tokens.unwrap(), model.input.len())
        });
        assert_eq!(
            seen.collect::<Vec<_>>(),
            [
                ("plain", "plain", 4_096, 0),
                ("meta/llama/70b", "Llama", 8_192, 0),
                ("gguf", "gguf", 32_768, 0),
                ("router", "router", 128_000, 1),
                ("mistral", "mistral", 32_000, 1),
                ("studio", "studio", 8, 1),
            ]
        );
        assert!(models.iter().all(|model| model.provider == "127.0.0.1:8000" && model.cost.is_none()));
    }

    #[test]
    fn the_command_line_chooses_and_may_name_what_is_not_listed() {
        let told = json!({"data": [{"id": "a", "context_length": 7}, {"id": "b"}]});
        let models = list(&told, &checked(&["hidden", "a"]));
        let ids = models.iter().map(|model| (model.model_id.as_str(), model.context_tokens)).collect::<Vec<_>>();
        assert_eq!(ids, [("hidden", Some(4_096)), ("a", Some(7))]);
        assert!(list(&json!("garbage"), &checked(&[])).is_empty());
    }
}
