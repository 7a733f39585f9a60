//! A process asks to be a worker, and learns what the matter is.

use muster_bus::{Handled, Identity};
use muster_contracts::{
    audit::Action,
    limits::REGISTRATIONS_PER_WORKER,
    v1::{Actor, Problem, RegisterReply, RegisterRequest, RegisterStatus},
};
use muster_service::problem;

use super::{Speaker, input::failed};
use crate::{
    domain::{
        registration::{Matter, Registration, State as Standing, Told, matter},
        worker::{About, Worker},
    },
    presence::kick,
    state::{Shared, State},
    store::{connections, leases, registrations, workers},
    tell::Change,
};

pub(super) async fn handle(state: Shared, speaker: Speaker, request: RegisterRequest) -> Handled<RegisterReply> {
    let (told, takeover) =
        Told::read(request).map_err(|error| problem::invalid(&format!("/{}", error.field), error.to_string()))?;
    let id = &speaker.process.worker;
    let worker = workers::get(state.db.pool(), id).await.map_err(failed)?;
    let Some(worker) = worker.filter(|worker| worker.machine == speaker.machine) else {
        let detail = "There is no worker with this token: it was removed, or never existed. Add a worker on the page and use its token.";
        return Ok(RegisterReply {
            status: RegisterStatus::UnknownToken.into(),
            detail: detail.to_owned(),
            ..RegisterReply::default()
        });
    };
    let asked = registrations::get(state.db.pool(), id, &speaker.process.fingerprint).await.map_err(failed)?;
    let now = state.now();
    let what = find_out(&worker, &speaker, asked.as_ref(), takeover, now);
    let worker = match what {
        Matter::Approved => describe(&state, &speaker.process, worker, &told).await?,
        Matter::Takeover => take_over(&state, &speaker, &told).await?,
        Matter::Pending | Matter::Mismatch if asked.as_ref().is_none_or(|asked| asked.told != told) => {
            wait(&state, &speaker, &told).await?
        }
        _ => worker,
    };
    Ok(reply(&worker, what, now))
}

fn find_out(worker: &Worker, speaker: &Speaker, asked: Option<&Registration>, takeover: bool, now: i64) -> Matter {
    let process = &speaker.process;
    let rejected = asked.is_some_and(|asked| asked.state == Standing::Rejected);
    matter(worker, &process.fingerprint, (&process.instance, process.term), (rejected, takeover), now)
}

fn actor(speaker: &Speaker) -> Actor {
    Actor { worker_id: speaker.process.worker.to_string(), address: speaker.address.clone(), ..Actor::default() }
}

/// Something was decided meanwhile: the process asks again and learns it.
fn changed() -> Problem {
    problem::conflict("changed", "Something changed meanwhile; register again.")
}

/// Writes down where and what the approved process is, if that changed.
async fn describe(state: &State, process: &Identity, worker: Worker, told: &Told) -> Handled<Worker> {
    let about = About::from(told);
    if worker.about == about {
        return Ok(worker);
    }
    state.news(process)?;
    let actor = Actor { worker_id: worker.id.to_string(), ..Actor::default() };
    let mut change = Change::begin(state, actor).await.map_err(failed)?;
    let worker = workers::take(&mut change.write, &worker.id).await.map_err(failed)?.ok_or_else(changed)?;
    workers::describe(&mut change.write, &worker.id, &about).await.map_err(failed)?;
    change.worker(&worker.id).await.map_err(failed)?;
    change.commit().await.map_err(failed)?;
    Ok(worker)
}

/// Begins a new term for the process that asks; the one before is cut.
async fn take_over(state: &Shared, speaker: &Speaker, told: &Told) -> Handled<Worker> {
    let process = &speaker.process;
    let mut change = Change::begin(state, actor(speaker)).await.map_err(failed)?;
    let worker = workers::take(&mut change.write, &process.worker).await.map_err(failed)?.ok_or_else(changed)?;
    if find_out(&worker, speaker, None, true, state.now()) != Matter::Takeover {
        return Err(changed());
    }
    leases::take_over(&mut change.write, &worker.id, &process.instance, state.now()).await.map_err(failed)?;
    // Now, and not when it is back: the one that is cut asks who it was.
    workers::describe(&mut change.write, &worker.id, &About::from(told)).await.map_err(failed)?;
    change.worker(&worker.id).await.map_err(failed)?;
    change.did_to_worker(Action::WorkerTakenOver, &worker, process.fingerprint.to_string()).await.map_err(failed)?;
    let open = connections::open(change.write.connection(), &worker.id).await.map_err(failed)?;
    change.commit().await.map_err(failed)?;
    tracing::info!(worker = %worker.id, "another process took the lease over");
    // Not the one that asks: it connects anew by itself once it has the answer.
    kick::cut(state, open.into_iter().filter(|connection| connection.term > 0));
    Ok(worker)
}

/// Writes down that the key waits for the owner.
async fn wait(state: &State, speaker: &Speaker, told: &Told) -> Handled<Worker> {
    let process = &speaker.process;
    let mut change = Change::begin(state, actor(speaker)).await.map_err(failed)?;
    let worker = workers::take(&mut change.write, &process.worker).await.map_err(failed)?.ok_or_else(changed)?;
    let asked =
        registrations::get(change.write.connection(), &worker.id, &process.fingerprint).await.map_err(failed)?;
    if !matches!(find_out(&worker, speaker, asked.as_ref(), false, state.now()), Matter::Pending | Matter::Mismatch) {
        return Err(changed());
    }
    let waiting = registrations::waiting(change.write.connection(), &worker.id).await.map_err(failed)?;
    if asked.is_none() && waiting.len() >= REGISTRATIONS_PER_WORKER {
        let detail = format!(
            "{REGISTRATIONS_PER_WORKER} keys wait for this worker, which is as many as may; ask again once its owner has decided on one of them."
        );
        return Err(problem::limit("too-many-registrations", detail));
    }
    if asked.is_some() {
        state.news(process)?;
    }
    let registration = registrations::put(&mut change.write, &worker.id, &process.fingerprint, told, state.now()).await;
    change.registration(&worker, registration.map_err(failed)?).await.map_err(failed)?;
    change.worker(&worker.id).await.map_err(failed)?;
    if asked.is_none() {
        change.did_to_worker(Action::WorkerAsked, &worker, process.fingerprint.to_string()).await.map_err(failed)?;
    }
    change.commit().await.map_err(failed)?;
    tracing::info!(worker = %worker.id, fingerprint = %process.fingerprint, "a key asks to be a worker");
    Ok(worker)
}

fn reply(worker: &Worker, what: Matter, now: i64) -> RegisterReply {
    let (status, detail) = match what {
        Matter::Approved => (RegisterStatus::Approved, String::new()),
        Matter::Reconnect | Matter::Takeover => (RegisterStatus::Reconnect, String::new()),
        Matter::Leased => (RegisterStatus::Leased, holder(worker, now)),
        Matter::Rejected => (RegisterStatus::Rejected, "The owner has turned this key away.".to_owned()),
        Matter::Suspended => {
            (RegisterStatus::Suspended, "The account that this worker belongs to is disabled.".to_owned())
        }
        Matter::CutOff => (RegisterStatus::Suspended, worker.restriction_detail.clone()),
        Matter::Pending => (RegisterStatus::Pending, "Waits for the owner's approval on the page.".to_owned()),
        Matter::Mismatch => (
            RegisterStatus::Mismatch,
            "Another key is approved for this worker; the owner must approve this one anew.".to_owned(),
        ),
    };
    RegisterReply {
        status: status.into(),
        term: if what == Matter::Approved { worker.lease.term } else { 0 },
        detail,
        worker_name: worker.name.clone().unwrap_or_default(),
    }
}

/// Where the process is that holds the lease.
fn holder(worker: &Worker, now: i64) -> String {
    let About { hostname, directory, .. } = &worker.about;
    let host = hostname.as_deref().map(|host| format!(" on {host}")).unwrap_or_default();
    let directory = directory.as_deref().map(|directory| format!(" in {directory}")).unwrap_or_default();
    let seconds = (now - worker.lease.since).max(0) / 1_000;
    let since = match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        _ => format!("{} h", seconds / 3_600),
    };
    format!("Another process of this worker runs{host}{directory}, for {since}. Stop it, or start with --takeover.")
}
