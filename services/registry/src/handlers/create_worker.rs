//! Makes a worker without an approved key. The same values again are the same worker.

use muster_bus::Handled;
use muster_contracts::{audit::Action, v1};
use muster_service::problem;

use super::input::{caller, failed, name, new_id, take_machine};
use crate::{
    domain::worker::{About, Lease, Status, Worker},
    state::Shared,
    store::workers,
    tell::Change,
    view,
};

/// Workers that one machine may have.
const WORKERS: i64 = 100;

pub(super) async fn handle(state: Shared, request: v1::CreateWorkerRequest) -> Handled<v1::Worker> {
    let (user, actor) = caller(request.caller)?;
    let mut change = Change::begin(&state, actor).await.map_err(failed)?;
    let machine = take_machine(&mut change.write, &user, &request.machine_id).await?;
    let wanted = Worker {
        id: new_id("/workerId", &request.worker_id)?,
        machine: machine.id,
        user,
        name: request.name.as_deref().map(name).transpose()?,
        status: Status::Pending,
        fingerprint: None,
        created_at: state.now(),
        approved_at: None,
        approved_by: None,
        about: About::default(),
        process: None,
        lease: Lease::default(),
        seen: false,
        offline_since: None,
        offline_closed: false,
        suspended: false,
        restriction: v1::Restriction::Unspecified,
        restriction_detail: String::new(),
        readmissions: 0,
        revision: 1,
    };
    let count = workers::count(&mut change.write, &wanted.machine).await.map_err(failed)?;
    if workers::insert(&mut change.write, &wanted).await.map_err(failed)? {
        // Asked only now: the insertion has waited for whoever was removing the worker with this id.
        let before = workers::removed_owner(&mut change.write, &wanted.id).await.map_err(failed)?;
        if before.is_some_and(|owner| owner != wanted.user) {
            return Err(taken());
        }
        if count >= WORKERS {
            let detail = format!("A machine can have at most {WORKERS} workers; remove one first.");
            return Err(problem::limit("too-many-workers", detail));
        }
        let most = state.limits().workers;
        if workers::count_of_user(&mut change.write, &wanted.user).await.map_err(failed)? > most {
            let detail = format!("You can have at most {most} workers here; remove one first.");
            return Err(problem::limit("too-many-workers", detail));
        }
        change.worker(&wanted.id).await.map_err(failed)?;
        change.did_to_worker(Action::WorkerCreated, &wanted, String::new()).await.map_err(failed)?;
        change.commit().await.map_err(failed)?;
    } else {
        drop(change);
    }
    let worker = workers::get(state.db.pool(), &wanted.id).await.map_err(failed)?;
    let worker = worker
        .filter(|worker| (&worker.user, &worker.machine, &worker.name) == (&wanted.user, &wanted.machine, &wanted.name))
        .ok_or_else(taken)?;
    let mut connection = state.db.pool().acquire().await.map_err(failed)?;
    view::worker(&state, &mut connection, worker).await.map_err(failed)
}

fn taken() -> v1::Problem {
    problem::conflict("id-taken", "This workerId is taken; choose another.")
}
