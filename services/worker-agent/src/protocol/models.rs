//! Publishes the backend's models: at the start, when they change, when chat asks.

use std::{sync::Arc, time::Duration};

use muster_contracts::{
    limits::{MODEL_ID_BYTES, MODELS, PAYLOAD_BYTES},
    subject::RegistryVerb,
    v1::{Empty, Model, ModelsRequest},
};
use prost::Message as _;
use tokio::{sync::Notify, time::sleep};

use super::Link;
use crate::backend::Backend;

const TIMEOUT: Duration = Duration::from_secs(5);
/// Between attempts while the registry or the backend does not answer.
const PAUSE: Duration = Duration::from_secs(2);

/// Publishes again and again until it is dropped. `again` asks for it.
pub async fn publish(link: Link, backend: Arc<dyn Backend>, again: Arc<Notify>) {
    let mut changed = backend.models_changed();
    loop {
        changed.borrow_and_update();
        while let Err(reason) = publish_once(&link, backend.as_ref()).await {
            tracing::warn!(reason, "the models could not be published; trying again");
            sleep(PAUSE).await;
        }
        tokio::select! {
            () = again.notified() => {}
            Ok(()) = changed.changed() => {}
        }
    }
}

async fn publish_once(link: &Link, backend: &dyn Backend) -> Result<(), String> {
    let models = fitting(backend.models().await.map_err(|error| error.to_string())?);
    tracing::info!(count = models.len(), "publishing the models");
    let request = ModelsRequest {
        models,
        capabilities: Some(backend.capabilities()),
        backend: backend.name().to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let subject = link.registry(RegistryVerb::Models);
    link.bus.request::<_, Empty>(&subject, &request, TIMEOUT).await.map(|_| ()).map_err(|error| error.to_string())
}

/// As many as one message takes.
fn fitting(models: Vec<Model>) -> Vec<Model> {
    let mut room = PAYLOAD_BYTES - 4096;
    models
        .into_iter()
        .filter(|model| model.model_id.len() <= MODEL_ID_BYTES)
        .take(MODELS)
        .take_while(|model| {
            let weight = model.encoded_len() + 8;
            let fits = weight <= room;
            room = room.saturating_sub(weight);
            fits
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_models_fit_a_message() {
        let model = Model { model_id: "a/b".into(), name: "x".repeat(1000), ..Model::default() };
        let models = fitting(vec![model; 1000]);
        let request = ModelsRequest { models, ..ModelsRequest::default() };
        assert!(request.models.len() > 200);
        assert!(request.encoded_len() <= PAYLOAD_BYTES);
    }
}
