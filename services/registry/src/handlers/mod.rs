//! One file for each message that the registry takes.

pub(crate) mod account;
mod approve_worker;
mod bye;
pub(crate) mod callout;
mod create_machine;
mod create_worker;
mod delete_machine;
mod delete_worker;
mod dismiss_registration;
mod get_worker;
mod heartbeat;
mod input;
mod list_machines;
mod list_workers;
pub(crate) mod models;
mod presence;
mod readmit_worker;
mod register;
mod reject_worker;
mod restrict_worker;
mod update_machine;
mod update_worker;

use std::{future::Future, sync::Arc};

use bytes::Bytes;
use futures_util::StreamExt as _;
use muster_bus::{CallError, Endpoints, Handled, Identity, Incoming};
use muster_contracts::{
    Message,
    method::{self, Method},
    subject::{RegistryVerb, Subject, filter},
};
use muster_service::{DbError, db::in_time, problem};

use crate::{presence::PATIENCE, state::Shared};

/// Answers the methods, until stopped.
pub(crate) async fn answer_methods(state: &Shared) -> Result<(), CallError> {
    let endpoints =
        state.bus.announce(method::Service::Registry, env!("CARGO_PKG_VERSION"), state.stop.clone()).await?;
    let endpoints = add::<method::ListMachines, _, _>(endpoints, state, list_machines::handle).await?;
    let endpoints = add::<method::CreateMachine, _, _>(endpoints, state, create_machine::handle).await?;
    let endpoints = add::<method::UpdateMachine, _, _>(endpoints, state, update_machine::handle).await?;
    let endpoints = add::<method::DeleteMachine, _, _>(endpoints, state, delete_machine::handle).await?;
    let endpoints = add::<method::ListWorkers, _, _>(endpoints, state, list_workers::handle).await?;
    let endpoints = add::<method::CreateWorker, _, _>(endpoints, state, create_worker::handle).await?;
    let endpoints = add::<method::GetWorker, _, _>(endpoints, state, get_worker::handle).await?;
    let endpoints = add::<method::UpdateWorker, _, _>(endpoints, state, update_worker::handle).await?;
    let endpoints = add::<method::DeleteWorker, _, _>(endpoints, state, delete_worker::handle).await?;
    let endpoints = add::<method::ApproveWorker, _, _>(endpoints, state, approve_worker::handle).await?;
    let endpoints = add::<method::RejectWorker, _, _>(endpoints, state, reject_worker::handle).await?;
    let endpoints = add::<method::DismissRegistration, _, _>(endpoints, state, dismiss_registration::handle).await?;
    let endpoints = add::<method::RestrictWorker, _, _>(endpoints, state, restrict_worker::handle).await?;
    let endpoints = add::<method::ReadmitWorker, _, _>(endpoints, state, readmit_worker::handle).await?;
    let endpoints = add::<method::Presence, _, _>(endpoints, state, presence::handle).await?;
    endpoints.run().await;
    Ok(())
}

async fn add<M, H, F>(endpoints: Endpoints, state: &Shared, handle: H) -> Result<Endpoints, CallError>
where
    M: Method,
    H: Fn(Shared, M::Request) -> F + Send + Sync + 'static,
    F: Future<Output = Handled<M::Reply>> + Send + 'static,
{
    let (state, handle) = (state.clone(), Arc::new(handle));
    endpoints.method::<M, _, _>(move |request| handle(state.clone(), request)).await
}

/// Who speaks, as the subject and the broker's header say alike.
#[derive(Debug, Clone)]
pub(crate) struct Speaker {
    /// Its machine, by its token.
    pub machine: muster_contracts::id::MachineId,
    /// Worker, key, process and term.
    pub process: Identity,
    /// From where.
    pub address: String,
}

fn speaker(incoming: &Incoming) -> Option<Speaker> {
    let Incoming { subject, identity, address, .. } = incoming;
    let (Subject::RegistryWorker { machine, worker, fingerprint, .. }, Some(process)) = (subject, identity) else {
        return None;
    };
    let agree = process.worker == *worker && process.fingerprint == *fingerprint;
    agree.then(|| Speaker { machine: machine.clone(), process: process.clone(), address: address.clone() })
}

/// Answers what workers ask with this verb, one instance each, until stopped.
pub(crate) async fn answer_workers(state: &Shared, verb: RegistryVerb) -> Result<(), CallError> {
    let shared = state.clone();
    state
        .bus
        .answer(&filter::registry_verb(verb), "registry", state.stop.clone(), move |incoming| {
            answer_worker(shared.clone(), verb, incoming)
        })
        .await
}

async fn answer_worker(state: Shared, verb: RegistryVerb, incoming: Incoming) -> Handled<Bytes> {
    let Some(speaker) = speaker(&incoming) else {
        tracing::warn!(subject = %incoming.subject, "a request without the broker's word on who asks is refused");
        return Err(problem::invalid("", "The broker does not say who asks; connect as a worker."));
    };
    if let Err(seconds) = state.ask(&speaker.process) {
        let detail = format!("This worker asks too often; it may ask again in {seconds} s.");
        return Err(problem::limit("too-many-requests", detail));
    }
    match verb {
        RegistryVerb::Register => Ok(encode(&register::handle(state, speaker, decode(incoming.payload)?).await?)),
        RegistryVerb::Models => Ok(encode(&models::handle(state, speaker, decode(incoming.payload)?).await?)),
        RegistryVerb::Heartbeat | RegistryVerb::Bye => Ok(Bytes::new()),
    }
}

fn decode<T: Message + Default>(payload: Bytes) -> Handled<T> {
    T::decode(payload).map_err(|_| problem::invalid("", "The request cannot be read."))
}

fn encode(message: &impl Message) -> Bytes {
    message.encode_to_vec().into()
}

/// Hears what workers tell with this verb, in every instance, until stopped.
pub(crate) async fn hear_workers(state: &Shared, verb: RegistryVerb) -> Result<(), CallError> {
    let mut told = state.bus.hear(filter::registry_verb(verb)).await?;
    loop {
        let incoming = tokio::select! {
            incoming = told.next() => incoming,
            () = state.stop.cancelled() => None,
        };
        let Some(incoming) = incoming else { return Ok(()) };
        let Some(speaker) = speaker(&incoming).filter(|speaker| speaker.process.term > 0) else { continue };
        // Each costs a transaction, in every instance. Whoever goes too often is seen to go when the connection closes.
        if verb == RegistryVerb::Bye && state.ask(&speaker.process).is_err() {
            continue;
        }
        let noting = async {
            let done: Result<(), DbError> = match verb {
                RegistryVerb::Heartbeat => heartbeat::handle(state, &speaker).await,
                RegistryVerb::Bye => bye::handle(state, &speaker).await,
                RegistryVerb::Register | RegistryVerb::Models => Ok(()),
            };
            done
        };
        if let Err(error) = in_time(PATIENCE, noting).await {
            tracing::warn!(worker = %speaker.process.worker, %error, "what a worker told could not be written down");
        }
    }
}
