//! A worker that is nothing but its token, its key and a connection.

use std::net::SocketAddr;

use muster_contracts::{
    Message as _,
    fingerprint::Fingerprint,
    subject::{RegistryVerb, Subject},
    token::WorkerToken,
    v1::{RegisterReply, RegisterStatus},
};

use super::{Stack, must, person::Person, worker::Waiting};
use crate::wire::{Login, Wire};

/// See the module.
#[derive(Debug, Clone)]
pub struct Bare {
    token: WorkerToken,
    login: Login,
    address: SocketAddr,
}

impl Waiting {
    /// With a new key, of which nobody has heard.
    ///
    /// # Panics
    /// When its token is none.
    #[must_use]
    pub fn bare(&self, stack: &Stack) -> Bare {
        let token = must("its token", self.token().parse());
        Bare { token, login: Login::worker(self.token()), address: stack.broker().address() }
    }
}

impl Bare {
    /// What it says that it is.
    #[must_use]
    pub const fn token(&self) -> &WorkerToken {
        &self.token
    }

    /// Of its key.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        self.login.fingerprint()
    }

    /// Another process with the same key.
    #[must_use]
    pub fn twin(&self) -> Self {
        Self { login: self.login.twin(), ..self.clone() }
    }

    /// Where it asks the registry something.
    #[must_use]
    pub fn subject(&self, verb: RegistryVerb) -> String {
        let WorkerToken { machine, worker } = self.token.clone();
        Subject::RegistryWorker { machine, worker, fingerprint: self.fingerprint(), verb }.to_string()
    }

    /// A connection, and what it is told of itself.
    ///
    /// # Panics
    /// When it is not let in, or not answered.
    pub async fn connect(&self) -> (Wire, RegisterReply) {
        let mut wire = must("a connection", Wire::connect(self.address, &self.login).await);
        let answer = must("an answer", wire.request(&self.subject(RegistryVerb::Register), &[]).await);
        (wire, must("the answer", RegisterReply::decode(answer.payload.as_slice())))
    }

    /// Waits for its owner, and comes back with its rights.
    ///
    /// # Panics
    /// When it does not get them.
    pub async fn approved(&self, owner: &Person) -> Wire {
        let (mut wire, reply) = self.connect().await;
        assert_eq!(reply.status(), RegisterStatus::Pending, "nobody has approved it before");
        let approved = owner.client().approve(self.token.worker.as_str(), self.fingerprint().as_str()).await;
        must("approving the worker", approved);
        wire.ended().await;
        let (wire, reply) = self.connect().await;
        assert_eq!(reply.status(), RegisterStatus::Approved, "{}", reply.detail);
        wire
    }
}
