//! What opencode asks of the user, and how the answers come to it.

use futures_util::FutureExt as _;
use tokio_util::sync::CancellationToken;

use super::Talk;
use crate::{
    backend::opencode::{
        requests::{self, Waiting},
        wire::Payload,
    },
    turn::{Asked, Asking},
};

impl Talk<'_> {
    /// Passes a request on to the user, once, and takes it back when opencode does.
    pub(super) async fn request(&mut self, payload: &Payload) {
        let properties = payload.properties.clone();
        let request = match payload.kind.as_str() {
            "permission.asked" => serde_json::from_value(properties).ok().map(requests::permission),
            "question.asked" => serde_json::from_value(properties).ok().map(requests::question),
            kind => {
                if let Some(waiting) = Waiting::settled(kind, &properties) {
                    self.settle(&waiting);
                }
                None
            }
        };
        if let Some((waiting, asked)) = request {
            self.ask(waiting, asked).await;
        }
    }

    /// opencode waits for this no more: it was answered, here or elsewhere.
    pub(super) fn settle(&mut self, waiting: &Waiting) {
        if let Some(queued) = self.queue.iter().position(|(queued, _)| queued == waiting) {
            self.queue.remove(queued);
            self.asked.remove(waiting);
        } else if let Some(settled) = self.asked.get(waiting) {
            settled.cancel();
        }
    }

    /// Permissions one after the other: whoever allows something always may have settled what waits behind it.
    pub(super) async fn ask(&mut self, waiting: Waiting, asked: Asked) {
        if self.asked.contains_key(&waiting) {
            return;
        }
        let busy = waiting.is_permission() && self.asked.keys().any(Waiting::is_permission);
        self.asked.insert(waiting.clone(), CancellationToken::new());
        if busy {
            self.queue.push_back((waiting, asked));
        } else {
            self.put(waiting, asked).await;
        }
    }

    /// The next permission that opencode still waits for.
    pub(super) async fn ask_next(&mut self) {
        if self.queue.is_empty() {
            return;
        }
        let still = self.running.client.permissions(&self.turn.directory).await;
        while let Some((waiting, asked)) = self.queue.pop_front() {
            if still.as_ref().is_ok_and(|still| !still.iter().any(|(_, permission)| waiting.is(permission))) {
                self.asked.remove(&waiting);
                continue;
            }
            return self.put(waiting, asked).await;
        }
    }

    async fn put(&mut self, waiting: Waiting, asked: Asked) {
        // What led to it is said before it.
        self.speak().await;
        let Asking { body, answer } = self.io.ask(asked).await;
        let (client, directory) = (self.running.client.clone(), self.turn.directory.clone());
        let settled = self.asked.entry(waiting.clone()).or_default().clone();
        let giving = async move {
            let answer = tokio::select! {
                biased;
                answer = answer => answer,
                () = settled.cancelled() => return (waiting, Some(body)),
            };
            if let Ok(answer) = answer {
                requests::answer(&client, &directory, &waiting, &answer).await;
            }
            (waiting, None)
        };
        self.answers.push(giving.boxed());
    }
}
