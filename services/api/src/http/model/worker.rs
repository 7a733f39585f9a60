//! Workers, their models and registrations as JSON.

use muster_contracts::v1;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A worker of a machine.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Worker {
    worker_id: String,
    machine_id: String,
    user_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    name: Option<String>,
    status: WorkerStatus,
    presence: Presence,
    created_at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    approved_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    approved_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    last_heartbeat: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    backend: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    directory: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    hostname: Option<String>,
    models: Vec<Model>,
    /// Whether the worker has ever told its models.
    models_known: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    capabilities: Option<Capabilities>,
    registrations: Vec<Registration>,
    /// What keeps it from working although it may.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    restriction: Option<Restriction>,
    /// Why, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    restriction_detail: Option<String>,
    revision: i64,
}

/// What is in the way of a worker.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Restriction {
    /// The server's storage for replies is full: its turns wait for room.
    StorageFull,
    /// It has filled its share of that storage: its turns were stopped, its messages wait.
    OverQuota,
    /// It went on writing nevertheless: it is kept out until it is readmitted.
    CutOff,
}

/// How far a worker is.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum WorkerStatus {
    /// No key is approved.
    PendingAuthorization,
    /// Approved, and not seen since.
    Ready,
    /// Connected.
    Online,
    /// Not connected.
    Offline,
}

/// Whether the server can tell who is connected.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Presence {
    Known,
    Unknown,
}

/// What the worker's backend can do beside answering.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Capabilities {
    rewind: bool,
    fork: bool,
    attachments: bool,
}

/// A key that asks to be a worker.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Registration {
    worker_id: String,
    machine_id: String,
    revision: i64,
    fingerprint: String,
    hostname: String,
    os_user: String,
    directory: String,
    version: String,
    backend: String,
    requested_at: i64,
    /// Another key than the approved one.
    mismatch: bool,
}

/// A model that the worker's backend offers.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Model {
    model_id: String,
    name: String,
    provider: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    context_tokens: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    cost: Option<ModelCost>,
    /// Chosen by `<modelId>#<variant>`, such as how hard it thinks.
    variants: Vec<String>,
    /// Kinds of input beside text.
    input: Vec<String>,
}

/// In US dollars for a million tokens.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ModelCost {
    input: f64,
    output: f64,
}

impl From<v1::WorkerStatus> for WorkerStatus {
    fn from(status: v1::WorkerStatus) -> Self {
        match status {
            v1::WorkerStatus::PendingAuthorization | v1::WorkerStatus::Unspecified => Self::PendingAuthorization,
            v1::WorkerStatus::Ready => Self::Ready,
            v1::WorkerStatus::Online => Self::Online,
            v1::WorkerStatus::Offline => Self::Offline,
        }
    }
}

impl From<WorkerStatus> for v1::WorkerStatus {
    fn from(status: WorkerStatus) -> Self {
        match status {
            WorkerStatus::PendingAuthorization => Self::PendingAuthorization,
            WorkerStatus::Ready => Self::Ready,
            WorkerStatus::Online => Self::Online,
            WorkerStatus::Offline => Self::Offline,
        }
    }
}

impl From<v1::Worker> for Worker {
    fn from(worker: v1::Worker) -> Self {
        let (status, presence) = (worker.status().into(), worker.presence());
        let restriction = match worker.restriction() {
            v1::Restriction::Unspecified => None,
            v1::Restriction::StorageFull => Some(Restriction::StorageFull),
            v1::Restriction::OverQuota => Some(Restriction::OverQuota),
            v1::Restriction::CutOff => Some(Restriction::CutOff),
        };
        let v1::Worker {
            worker_id,
            machine_id,
            user_id,
            name,
            status: _,
            presence: _,
            created_at,
            approved_at,
            approved_by,
            last_heartbeat,
            backend,
            version,
            directory,
            hostname,
            models,
            registrations,
            revision,
            instance: _,
            term: _,
            capabilities,
            models_known,
            restriction: _,
            restriction_detail,
            readmissions: _,
        } = worker;
        Self {
            worker_id,
            machine_id,
            user_id,
            name,
            status,
            presence: match presence {
                v1::Presence::Known => Presence::Known,
                v1::Presence::Unknown | v1::Presence::Unspecified => Presence::Unknown,
            },
            created_at,
            approved_at,
            approved_by,
            last_heartbeat,
            backend,
            version,
            directory,
            hostname,
            models: models.into_iter().map(Into::into).collect(),
            models_known,
            capabilities: capabilities.map(|v1::Capabilities { rewind, fork, attachments }| Capabilities {
                rewind,
                fork,
                attachments,
            }),
            registrations: registrations.into_iter().map(Into::into).collect(),
            restriction_detail: restriction.is_some().then_some(restriction_detail),
            restriction,
            revision,
        }
    }
}

impl From<v1::Registration> for Registration {
    fn from(registration: v1::Registration) -> Self {
        let v1::Registration {
            worker_id,
            machine_id,
            fingerprint,
            hostname,
            os_user,
            directory,
            version,
            backend,
            requested_at,
            mismatch,
            revision,
        } = registration;
        Self {
            worker_id,
            machine_id,
            revision,
            fingerprint,
            hostname,
            os_user,
            directory,
            version,
            backend,
            requested_at,
            mismatch,
        }
    }
}

impl From<v1::Model> for Model {
    fn from(model: v1::Model) -> Self {
        let v1::Model { model_id, name, provider, context_tokens, cost, variants, input } = model;
        let cost = cost.map(|v1::ModelCost { input, output }| ModelCost { input, output });
        Self { model_id, name, provider, context_tokens, cost, variants, input }
    }
}
