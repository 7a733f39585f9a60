//! Somebody who is signed in.

use super::{must, worker::Waiting};
use crate::client::{self, Client};

/// Somebody with an account.
#[derive(Debug, Clone)]
pub struct Person {
    client: Client,
}

impl Person {
    pub(super) const fn new(client: Client) -> Self {
        Self { client }
    }

    /// For requests that have no word here.
    #[must_use]
    pub const fn client(&self) -> &Client {
        &self.client
    }

    /// The same person, reaching the page at another address, such as that of a proxy.
    ///
    /// # Panics
    /// When signing in there is refused.
    pub async fn at(&self, username: &str, url: &str) -> Self {
        let client = Client::new(url);
        must("signing in", client.sign_in(username, super::PASSWORD).await);
        Self { client }
    }

    /// Registers a machine.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn machine(&self, name: &str) -> Machine {
        let machine = must("a new machine", self.client.create_machine(name).await);
        Machine { machine, owner: self.clone() }
    }
}

/// A registered machine.
#[derive(Debug, Clone)]
pub struct Machine {
    machine: client::Machine,
    owner: Person,
}

impl Machine {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.machine.machine_id
    }

    /// Adds a worker to it, whose process does not run yet.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn worker(&self) -> Waiting {
        let made = must("a new worker", self.owner.client.create_worker(self.id(), None).await);
        Waiting::new(made, self.owner.clone())
    }
}
