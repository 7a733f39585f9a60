//! The one stream of opencode's events, given to the turns that they are about.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::StreamExt as _;
use serde_json::Value;
use tokio::{
    sync::{mpsc, watch},
    time::{sleep, timeout},
};

use super::{
    Gone,
    client::{Client, ClientError},
    wire::{Frame, Payload},
};
use crate::backend::lines::Lines;

/// Events that wait for a turn before the stream is made to wait.
const WAITING: usize = 256;
/// opencode says something every ten seconds at least.
const SILENCE: Duration = Duration::from_secs(35);
/// Longest line that is read: a tool's whole output may be in it.
const LINE_BYTES: usize = 32 * 1024 * 1024;
/// Between attempts to listen again.
const PAUSE: Duration = Duration::from_millis(200);

/// What a turn hears.
#[derive(Debug)]
pub(super) enum Heard {
    /// An event of its own session.
    Own(Payload),
    /// An event of a sub-agent's session.
    Child(Payload),
    /// Events may be missing here.
    Gap,
    /// Nothing for a while, though nothing is missing.
    Nothing,
}

/// Who listens to which session.
#[derive(Debug, Clone, Default)]
pub(super) struct Hub(Arc<Mutex<Routes>>);

#[derive(Debug, Default)]
struct Routes {
    listeners: HashMap<String, mpsc::Sender<Heard>>,
    parents: HashMap<String, String>,
}

/// A turn's ear. Dropping it ends the listening.
#[derive(Debug)]
pub(super) struct Ear {
    hub: Hub,
    session: String,
    heard: mpsc::Receiver<Heard>,
    route: mpsc::WeakSender<Heard>,
}

impl Ear {
    pub(super) async fn next(&mut self) -> Option<Heard> {
        self.heard.recv().await
    }

    /// What is there already.
    pub(super) fn at_once(&mut self) -> Option<Heard> {
        self.heard.try_recv().ok()
    }
}

impl Drop for Ear {
    fn drop(&mut self) {
        let mut routes = self.hub.routes();
        let own = self.route.upgrade();
        // A later turn in the session listens on when one that was stopped has taken its time.
        if routes.listeners.get(&self.session).is_some_and(|now| own.is_some_and(|own| own.same_channel(now))) {
            routes.listeners.remove(&self.session);
            routes.parents.retain(|_, parent| *parent != self.session);
        }
    }
}

impl Hub {
    pub(super) fn listen(&self, session: &str) -> Ear {
        let (sender, heard) = mpsc::channel(WAITING);
        let route = sender.downgrade();
        self.routes().listeners.insert(session.to_owned(), sender);
        Ear { hub: self.clone(), session: session.to_owned(), heard, route }
    }

    /// Whether a turn listens to a session.
    pub(super) fn hears(&self, session: &str) -> bool {
        self.routes().listeners.contains_key(session)
    }

    /// A sub-agent's session that was begun unheard works for the turn in this one.
    pub(super) fn adopt(&self, session: &str, child: String) {
        let mut routes = self.routes();
        if routes.listeners.contains_key(session) {
            routes.parents.insert(child, session.to_owned());
        }
    }

    fn routes(&self) -> MutexGuard<'_, Routes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Listens until the process has ended. `connected` counts the connections.
    pub(super) async fn run(self, client: Client, connected: watch::Sender<u64>, gone: Gone) {
        while !gone.is_cancelled() {
            let ended = tokio::select! {
                ended = self.read(&client, &connected) => ended,
                () = gone.cancelled() => return,
            };
            tracing::debug!(?ended, "the stream of opencode's events has ended; listening again");
            sleep(PAUSE).await;
        }
    }

    async fn read(&self, client: &Client, connected: &watch::Sender<u64>) -> Result<(), ClientError> {
        let mut stream = client.events().await?.bytes_stream();
        let mut lines = Lines::up_to(LINE_BYTES);
        let mut first = true;
        while let Ok(Some(Ok(bytes))) = timeout(SILENCE, stream.next()).await {
            if std::mem::take(&mut first) {
                connected.send_modify(|count| *count += 1);
                let listeners = self.routes().listeners.values().cloned().collect::<Vec<_>>();
                for listener in listeners {
                    // A turn that ends meanwhile needs no gap.
                    let _ = listener.send(Heard::Gap).await;
                }
            }
            for line in lines.push(&bytes) {
                self.dispatch(&line).await;
            }
        }
        Ok(())
    }

    async fn dispatch(&self, line: &[u8]) {
        let Some(json) = line.strip_prefix(b"data:") else { return };
        let Ok(Frame { payload }) = serde_json::from_slice::<Frame>(json) else { return };
        if let Some((listener, heard)) = self.route(payload) {
            // A turn that has just ended hears nothing more.
            let _ = listener.send(heard).await;
        }
    }

    fn route(&self, payload: Payload) -> Option<(mpsc::Sender<Heard>, Heard)> {
        let text = |path: &str| payload.properties.pointer(path).and_then(Value::as_str).map(str::to_owned);
        let session = text("/sessionID").or_else(|| text("/info/id"))?;
        let mut routes = self.routes();
        if payload.kind.starts_with("session.")
            && let Some(parent) = text("/info/parentID")
        {
            // A sub-agent's sub-agent belongs to the same turn.
            let root = routes.parents.get(&parent).cloned().unwrap_or(parent);
            if routes.listeners.contains_key(&root) {
                routes.parents.insert(session.clone(), root);
            }
        }
        if let Some(listener) = routes.listeners.get(&session) {
            return Some((listener.clone(), Heard::Own(payload)));
        }
        let root = routes.parents.get(&session)?;
        Some((routes.listeners.get(root)?.clone(), Heard::Child(payload)))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_sub_agent_s_events_reach_the_turn_that_it_works_for() {
        let hub = Hub::default();
        let ear = hub.listen("ses_root");
        let payload = |kind: &str, properties: Value| Payload { kind: kind.into(), properties };
        for (id, parent) in [("ses_child", "ses_root"), ("ses_grandchild", "ses_child")] {
            let info = json!({"sessionID": id, "info": {"id": id, "parentID": parent}});
            assert!(matches!(hub.route(payload("session.created", info)), Some((_, Heard::Child(_)))));
        }
        let asked = payload("permission.asked", json!({"sessionID": "ses_grandchild"}));
        assert!(matches!(hub.route(asked), Some((_, Heard::Child(_)))));
        assert!(hub.route(payload("session.idle", json!({"sessionID": "ses_other"}))).is_none());
        let later = hub.listen("ses_root");
        drop(ear);
        assert!(hub.route(payload("session.idle", json!({"sessionID": "ses_child"}))).is_some());
        drop(later);
        assert!(hub.route(payload("session.idle", json!({"sessionID": "ses_child"}))).is_none());
    }
}
