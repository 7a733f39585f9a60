//! Machines as JSON.

use muster_contracts::v1;
use serde::Serialize;
use utoipa::ToSchema;

/// A computer that its user registered.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Machine {
    machine_id: String,
    name: String,
    user_id: String,
    status: MachineStatus,
    /// When one of its workers was last connected.
    #[schema(required = true)]
    last_seen: Option<i64>,
    #[schema(required = true)]
    last_heartbeat: Option<i64>,
    /// The sum of the counts.
    assistant_count: u32,
    worker_counts: WorkerCounts,
    hidden: bool,
    created_at: i64,
    revision: i64,
}

/// Whether one of the machine's workers is online.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum MachineStatus {
    Online,
    Offline,
}

/// How many workers are how.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WorkerCounts {
    online: u32,
    /// Approved, but not connected.
    offline: u32,
    /// Without an approved key.
    pending: u32,
}

impl From<v1::Machine> for Machine {
    fn from(machine: v1::Machine) -> Self {
        let v1::Machine {
            machine_id,
            user_id,
            name,
            online,
            last_seen,
            last_heartbeat,
            workers_online,
            workers_offline,
            workers_pending,
            hidden,
            revision,
            created_at,
        } = machine;
        Self {
            machine_id,
            name,
            user_id,
            status: if online { MachineStatus::Online } else { MachineStatus::Offline },
            last_seen,
            last_heartbeat,
            assistant_count: workers_online.saturating_add(workers_offline).saturating_add(workers_pending),
            worker_counts: WorkerCounts { online: workers_online, offline: workers_offline, pending: workers_pending },
            hidden,
            created_at,
            revision,
        }
    }
}
