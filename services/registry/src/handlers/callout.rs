//! The broker asks whether a worker may come in.

use bytes::Bytes;
use muster_bus::{Callout, Identity};
use muster_contracts::permissions;
use muster_service::{DbError, limiter};
use nkeys::XKey;

use crate::{
    domain::{
        admission::{Admission, admit},
        callout::{Denial, Grant, Proof, Question},
        jwt::JwtError,
    },
    metric,
    state::{Shared, State},
    store::{leases, workers},
};

/// How long a connection may wait before it must ask anew, seconds.
const WAIT: i64 = 60;
/// How long a worker's rights last at least, seconds.
const RIGHTS: i64 = 3_000;
/// Up to this much longer, so that a thousand workers do not come back at once.
const SPREAD: i64 = 600;

/// Why a question stays without an answer. The client tries again.
#[derive(Debug, thiserror::Error)]
enum Unanswered {
    #[error("the question is not sealed to our key")]
    Seal,
    #[error("the question is not the broker's")]
    Question(#[from] JwtError),
    #[error("the database does not answer")]
    Database(#[from] DbError),
}

/// Answers a question; none when it is not to be answered.
pub(crate) async fn handle(state: Shared, callout: Callout) -> Option<Bytes> {
    match answer(&state, callout).await {
        Ok(answer) => Some(answer),
        Err(error) => {
            metric::CALLOUTS.count("unanswered");
            tracing::warn!(error = &error as &dyn std::error::Error, "the broker's question stays unanswered");
            None
        }
    }
}

async fn answer(state: &State, callout: Callout) -> Result<Bytes, Unanswered> {
    let server = callout.server_xkey.ok_or(Unanswered::Seal)?;
    let server = XKey::from_public_key(&server).map_err(|_| Unanswered::Seal)?;
    let opened = state.keys.xkey.open(&callout.payload, &server).map_err(|_| Unanswered::Seal)?;
    let token = String::from_utf8(opened).map_err(|_| Unanswered::Seal)?;
    let now = state.now();
    let question = Question::read(&token, now)?;
    let issuer = &state.keys.issuer;
    let answer = match decide(state, &question, now).await? {
        Ok(grant) => question.allow(&grant, issuer, now)?,
        Err(denial) => {
            metric::CALLOUTS.count("denied");
            tracing::info!(host = question.client_info.host, reason = %denial, "a connection is not let in");
            question.deny(denial, issuer, now)?
        }
    };
    Ok(state.keys.xkey.seal(answer.as_bytes(), &server).map_err(|_| Unanswered::Seal)?.into())
}

async fn decide(state: &State, question: &Question, now: i64) -> Result<Result<Grant, Denial>, DbError> {
    let proof = match question.proof() {
        Ok(proof) => proof,
        Err(denial) => return Ok(Err(denial)),
    };
    let id = &proof.token.worker;
    let worker = workers::get(state.db.pool(), id).await?;
    let admission = match admit(&proof, worker.as_ref(), now) {
        Ok(admission) => admission,
        Err(denial) => return Ok(Err(denial)),
    };
    let address = limiter::place(&question.client_info.host);
    if !state.arrives(&proof, admission, &address) {
        return Ok(Err(Denial::Often));
    }
    if admission == Admission::Worker
        && let Some(term) = leases::take(&state.db, id, &proof.fingerprint, &proof.instance, now).await?
    {
        metric::CALLOUTS.count("worker");
        return Ok(Ok(full(question, proof, term)));
    }
    let place = (question.server_id.id.clone(), question.client_info.id);
    if !state.waiting().take(place, &proof.token.to_string(), &address, now, now + WAIT * 1_000) {
        return Ok(Err(Denial::Crowded));
    }
    metric::CALLOUTS.count("register_only");
    Ok(Ok(waiting(proof)))
}

fn full(question: &Question, proof: Proof, term: i64) -> Grant {
    let permissions = permissions::worker(&proof.token.machine, &proof.token.worker, &proof.fingerprint);
    let spread = question.user_nkey.bytes().map(i64::from).fold(0, |sum, byte| (sum * 31 + byte) % SPREAD);
    Grant { name: name(proof, term), permissions, seconds: RIGHTS + spread }
}

fn waiting(proof: Proof) -> Grant {
    let permissions = permissions::register_only(&proof.token.machine, &proof.token.worker, &proof.fingerprint);
    Grant { name: name(proof, 0), permissions, seconds: WAIT }
}

fn name(proof: Proof, term: i64) -> String {
    let Proof { token, fingerprint, instance } = proof;
    Identity { worker: token.worker, fingerprint, instance, term }.user_name()
}
