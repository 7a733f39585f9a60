//! A model behind an OpenAI-compatible endpoint: Ollama, vLLM, llama.cpp, LM Studio, OpenAI.
//!
//! Such an endpoint only talks: it runs no tools and remembers nothing. The worker keeps what was
//! said in its state directory and tells it the model anew with every turn.

mod answer;
mod endpoint;
mod history;
mod models;
mod prompt;
mod question;
mod retry;
mod settings;
mod wire;

use std::{
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use futures_util::future::BoxFuture;
use muster_contracts::v1::{Capabilities, Model};
use serde_json::Value;
use tokio::{sync::watch, time::sleep};
use tokio_util::task::AbortOnDropHandle;

pub use self::settings::{KEY_VARIABLE, Settings, URL_VARIABLE, check_address};
use self::{
    endpoint::{Endpoint, EndpointError},
    history::Histories,
    settings::Checked,
};
use super::{Backend, BackendError, Begin, Surroundings};
use crate::{
    domain::event::Outcome,
    turn::{Turn, TurnIo},
};

/// How often the models are looked at for changes.
const MODELS: Duration = Duration::from_secs(60);

/// See the module.
#[derive(Debug)]
pub struct OpenAi {
    checked: Checked,
    endpoint: Endpoint,
    histories: Histories,
    /// Seconds without a word after which the user is told.
    silence: Option<u64>,
    /// As they were told last.
    models: Mutex<Vec<Model>>,
    models_changed: watch::Sender<u64>,
    watching: Mutex<Option<AbortOnDropHandle<()>>>,
}

impl Begin for OpenAi {
    fn is_installed() -> bool {
        false
    }

    /// Checks what it is told, and asks the endpoint for its models. One that does not run yet is waited for later.
    async fn begin(surroundings: Surroundings) -> Result<Arc<dyn Backend>, BackendError> {
        let checked = settings::check(&surroundings)?;
        let endpoint = Endpoint::new(&checked).map_err(|error| BackendError::Broken(error.to_string()))?;
        let histories = Histories::open(surroundings.state.join("openai"))?;
        let backend = Arc::new(Self {
            checked,
            endpoint,
            histories,
            silence: surroundings.settings.agent_silence,
            models: Mutex::default(),
            models_changed: watch::Sender::new(0),
            watching: Mutex::default(),
        });
        match backend.list().await {
            Ok(_) => {}
            Err(error @ (EndpointError::Unreachable { .. } | EndpointError::Silent(_))) => {
                tracing::warn!(%error, "the endpoint's models are not known yet");
            }
            Err(error) => return Err(BackendError::Broken(format!("{error}."))),
        }
        let watching = AbortOnDropHandle::new(tokio::spawn(watch_models(Arc::downgrade(&backend))));
        *backend.watching.lock().unwrap_or_else(PoisonError::into_inner) = Some(watching);
        Ok(Arc::new(backend))
    }
}

impl OpenAi {
    async fn list(&self) -> Result<Vec<Model>, EndpointError> {
        let told = match self.endpoint.models().await {
            // Not every server has a list: then the command line's is all there is.
            Err(EndpointError::Unknown { .. }) if !self.checked.models.is_empty() => Value::Null,
            told => told?,
        };
        let models = models::list(&told, &self.checked);
        self.models.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&models);
        Ok(models)
    }

    /// Whether a model may be asked for. What the endpoint has not told, it may refuse itself.
    fn offers(&self, model: &str) -> bool {
        self.checked.models.is_empty() || self.checked.models.iter().any(|offered| offered == model)
    }

    /// How many tokens a model takes, where known.
    fn context_of(&self, model: &str) -> Option<u64> {
        let models = self.models.lock().unwrap_or_else(PoisonError::into_inner);
        let told = models.iter().find(|known| known.model_id == model).and_then(|known| known.context_tokens);
        told.and_then(|tokens| u64::try_from(tokens).ok()).or(self.checked.context)
    }
}

/// Looks now and then whether the models are others, and tells so.
async fn watch_models(backend: Weak<OpenAi>) {
    loop {
        sleep(MODELS).await;
        let Some(this) = backend.upgrade() else { return };
        let known = this.models.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if this.list().await.is_ok_and(|models| models != known) {
            this.models_changed.send_modify(|count| *count += 1);
        }
    }
}

impl Backend for Arc<OpenAi> {
    fn name(&self) -> &str {
        "openai"
    }

    fn version(&self) -> String {
        String::new()
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { attachments: true, ..Capabilities::default() }
    }

    fn models(&self) -> BoxFuture<'_, Result<Vec<Model>, BackendError>> {
        Box::pin(async { self.list().await.map_err(|error| BackendError::Broken(error.to_string())) })
    }

    fn models_changed(&self) -> watch::Receiver<u64> {
        self.models_changed.subscribe()
    }

    fn run<'a>(&'a self, turn: &'a Turn, io: &'a TurnIo) -> BoxFuture<'a, Outcome> {
        Box::pin(prompt::run(self, turn, io))
    }

    fn shutdown(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}
