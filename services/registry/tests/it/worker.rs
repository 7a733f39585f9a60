//! A worker's connection, as the worker-agent makes it.

use std::time::Duration;

use muster_bus::{Bus, CallError, WorkerConnect};
use muster_contracts::{
    fingerprint::Fingerprint,
    id::InstanceId,
    method,
    subject::{RegistryVerb, Subject},
    token::WorkerToken,
    v1::{self, RegisterStatus},
};
use nkeys::KeyPair;

use crate::stack::{PATIENCE, Stack, eventually};

pub(crate) struct Worker {
    pub(crate) token: WorkerToken,
    pub(crate) key: KeyPair,
    pub(crate) instance: InstanceId,
    pub(crate) bus: Bus,
    pub(crate) directory: String,
}

impl Worker {
    /// A process with a new key.
    pub(crate) async fn connect(stack: &Stack, token: &WorkerToken) -> Self {
        Self::with(stack, token, KeyPair::new_user(), InstanceId::random()).await
    }

    pub(crate) async fn with(stack: &Stack, token: &WorkerToken, key: KeyPair, instance: InstanceId) -> Self {
        let connect = || async {
            let connect = WorkerConnect {
                servers: vec![stack.broker.url()],
                token: token.to_string().into(),
                seed: key.seed().unwrap().into(),
                instance: instance.to_string(),
                ca_file: None,
            };
            Bus::connect_worker(connect).await.ok()
        };
        let bus = eventually("the worker is let in", connect).await;
        Self { token: token.clone(), key, instance, bus, directory: "/home/ada/src".to_owned() }
    }

    /// A process with an approved key.
    pub(crate) async fn approved(stack: &Stack) -> Self {
        let token = stack.token().await;
        let worker = Self::connect(stack, &token).await;
        assert_eq!(worker.register().await.unwrap().status(), RegisterStatus::Pending);
        worker.approve(stack).await;
        worker.until(RegisterStatus::Approved).await;
        worker
    }

    /// Another process with the same key, in another place.
    pub(crate) async fn twin(&self, stack: &Stack) -> Self {
        let key = KeyPair::from_seed(&self.key.seed().unwrap()).unwrap();
        let twin = Self::with(stack, &self.token, key, InstanceId::random()).await;
        Self { directory: "/home/ada/copy".to_owned(), ..twin }
    }

    pub(crate) async fn approve(&self, stack: &Stack) -> v1::Worker {
        let asked = stack.registration(&self.token, self.fingerprint().as_str());
        stack.call::<method::ApproveWorker>(asked).await.unwrap()
    }

    pub(crate) fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.key.public_key())
    }

    pub(crate) fn subject(&self, verb: RegistryVerb) -> Subject {
        Subject::RegistryWorker {
            machine: self.token.machine.clone(),
            worker: self.token.worker.clone(),
            fingerprint: self.fingerprint(),
            verb,
        }
    }

    pub(crate) async fn register(&self) -> Result<v1::RegisterReply, CallError> {
        self.ask(false).await
    }

    pub(crate) async fn ask(&self, takeover: bool) -> Result<v1::RegisterReply, CallError> {
        self.ask_within(PATIENCE, takeover).await
    }

    /// The answer, unless it was lost with a connection that is cut.
    pub(crate) async fn try_register(&self) -> Option<v1::RegisterReply> {
        self.ask_within(Duration::from_secs(2), false).await.ok()
    }

    async fn ask_within(&self, patience: Duration, takeover: bool) -> Result<v1::RegisterReply, CallError> {
        let request = v1::RegisterRequest {
            hostname: "host".to_owned(),
            os_user: "ada".to_owned(),
            directory: self.directory.clone(),
            version: "0.1.0".to_owned(),
            backend: "demo".to_owned(),
            takeover,
        };
        self.bus.request(&self.subject(RegistryVerb::Register), &request, patience).await
    }

    /// Asks until it hears this.
    pub(crate) async fn until(&self, status: RegisterStatus) -> v1::RegisterReply {
        eventually(status.as_str_name(), || async {
            self.try_register().await.filter(|reply| reply.status() == status)
        })
        .await
    }

    pub(crate) async fn heartbeat(&self) {
        self.bus.send(&self.subject(RegistryVerb::Heartbeat), &v1::Heartbeat {}).await.unwrap();
    }

    pub(crate) async fn models(&self, ids: &[&str]) -> Result<v1::Empty, CallError> {
        let models = ids.iter().map(|id| v1::Model { model_id: (*id).to_owned(), ..Default::default() }).collect();
        let request = v1::ModelsRequest { models, ..Default::default() };
        self.bus.request(&self.subject(RegistryVerb::Models), &request, PATIENCE).await
    }
}
