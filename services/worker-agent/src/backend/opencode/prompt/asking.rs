//! What opencode asks of the user, and how the answers come to it.

use futures_util::FutureExt as _;

use super::Talk;
use crate::{
    backend::opencode::{
        requests::{self, Waiting},
        wire::Payload,
    },
    turn::Asked,
};

impl Talk<'_> {
    /// Passes a request on to the user, once.
    pub(super) async fn request(&mut self, payload: &Payload) {
        let properties = payload.properties.clone();
        let request = match payload.kind.as_str() {
            "permission.asked" => serde_json::from_value(properties).ok().map(requests::permission),
            "question.asked" => serde_json::from_value(properties).ok().map(requests::question),
            _ => None,
        };
        if let Some((waiting, asked)) = request {
            self.ask(waiting, asked).await;
        }
    }

    /// Permissions one after the other: whoever allows something always may have settled what waits behind it.
    pub(super) async fn ask(&mut self, waiting: Waiting, asked: Asked) {
        let busy = waiting.is_permission() && self.asked.iter().any(Waiting::is_permission);
        if !self.asked.insert(waiting.clone()) {
            return;
        }
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
        let answer = self.io.ask(asked).await;
        let (client, directory) = (self.running.client.clone(), self.turn.directory.clone());
        let giving = async move {
            if let Ok(answer) = answer.await {
                requests::answer(&client, &directory, &waiting, &answer).await;
            }
            waiting
        };
        self.answers.push(giving.boxed());
    }
}
