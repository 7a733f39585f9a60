//! opencode's providers as models. Keys are not even read.

use muster_contracts::v1::{Model, ModelCost};
use serde_json::Value;

use super::wire::{Provider, ProviderModel, Providers};

pub(super) fn list(providers: Providers) -> Vec<Model> {
    providers.providers.into_iter().flat_map(of_provider).collect()
}

fn of_provider(provider: Provider) -> impl Iterator<Item = Model> {
    let Provider { id, name, models } = provider;
    let shown = if name.is_empty() { id.clone() } else { name };
    models.into_iter().filter(|(_, model)| model.status != "deprecated").map(move |(model_id, model)| {
        let ProviderModel { name, limit, cost, capabilities, variants, status: _ } = model;
        let takes = |kind: &str| capabilities.pointer(&format!("/input/{kind}")) == Some(&Value::Bool(true));
        let mut input = Vec::new();
        if takes("image") {
            input.push("image".to_owned());
        }
        if takes("pdf") {
            input.push("file".to_owned());
        }
        Model {
            name: if name.is_empty() { model_id.clone() } else { name },
            model_id: format!("{id}/{model_id}"),
            provider: shown.clone(),
            context_tokens: whole(limit.context)
                .and_then(|tokens| i64::try_from(tokens).ok())
                .filter(|&tokens| tokens > 0),
            cost: Some(ModelCost { input: cost.input, output: cost.output }),
            variants: variants.as_object().map(|map| map.keys().cloned().collect()).unwrap_or_default(),
            input,
        }
    })
}

/// A count that JSON has as any number.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates, and negatives are excluded"
)]
pub(super) fn whole(number: f64) -> Option<u64> {
    (number.is_finite() && number >= 0.0).then_some(number as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_keep_their_slashes_and_no_key_is_taken_over() {
        let providers = serde_json::json!({"providers": [{
            "id": "scripted", "name": "Scripted", "options": {"apiKey": "sk-secret"}, "key": "sk-secret",
            "models": {"a/b": {"name": "", "limit": {"context": 32000}, "cost": {"input": 1.5, "output": 2},
                "capabilities": {"input": {"image": true, "pdf": false}}, "variants": {"low": {}}, "options": {"apiKey": "sk-secret"}}}
        }]});
        let models = list(serde_json::from_value(providers).unwrap());
        assert_eq!(models.len(), 1);
        assert_eq!(models[0].model_id, "scripted/a/b");
        assert_eq!(models[0].context_tokens, Some(32_000));
        assert_eq!(models[0].input, ["image"]);
        assert!(!format!("{models:?}").contains("sk-secret"));
    }
}
