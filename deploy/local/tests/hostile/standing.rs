//! What may have been decided of a worker before it turns bad.

use muster_contracts::{
    Message as _, method,
    permissions::ServiceUser,
    v1::{RegisterStatus, RestrictWorkerRequest, Restriction},
};
use muster_testkit::{
    stack::{Bare, Person, Stack, Waiting},
    wire::Wire,
};
use reqwest::Method;
use serde_json::json;

use crate::{attempts::Standing, world};

/// By its owner, but for the last two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decided {
    Nothing,
    Approved,
    Removed,
    Rejected,
    /// A key that came before is approved.
    OnAnotherKey,
    /// A process with the same key has the lease.
    OnAnotherProcess,
    AccountDisabled,
    CutOff,
}

/// A worker's process that turned bad.
pub(crate) struct Bad {
    pub(crate) bare: Bare,
    pub(crate) wire: Wire,
    /// Of the same worker, and in order.
    pub(crate) beside: Option<Wire>,
}

impl Decided {
    pub(crate) fn standing(self) -> Standing {
        if self == Self::Approved { Standing::Approved } else { Standing::Unapproved }
    }

    /// What the registry tells whoever comes now.
    const fn told(self) -> RegisterStatus {
        match self {
            Self::Nothing => RegisterStatus::Pending,
            Self::Approved => RegisterStatus::Approved,
            Self::Removed => RegisterStatus::UnknownToken,
            Self::Rejected => RegisterStatus::Rejected,
            Self::OnAnotherKey => RegisterStatus::Mismatch,
            Self::OnAnotherProcess => RegisterStatus::Leased,
            Self::AccountDisabled | Self::CutOff => RegisterStatus::Suspended,
        }
    }

    pub(crate) async fn of(self, stack: &Stack, admin: &Person, owner: &Person, waiting: &Waiting) -> Bad {
        let first = waiting.bare(stack);
        let fingerprint = json!({ "fingerprint": first.fingerprint().to_string() });
        let path = format!("/workers/{}", waiting.id());
        let (bare, beside) = match self {
            Self::Nothing => (first, None),
            Self::Rejected => {
                let (mut asking, _) = first.connect().await;
                decide(owner, Method::POST, &format!("{path}/reject"), Some(fingerprint)).await;
                asking.ended().await;
                (first, None)
            }
            Self::Approved => return Bad { wire: first.approved(owner).await, bare: first, beside: None },
            Self::OnAnotherKey => (waiting.bare(stack), Some(first.approved(owner).await)),
            Self::OnAnotherProcess => (first.twin(), Some(first.approved(owner).await)),
            Self::Removed | Self::AccountDisabled | Self::CutOff => {
                let mut approved = first.approved(owner).await;
                match self {
                    Self::Removed => decide(owner, Method::DELETE, &path, None).await,
                    Self::AccountDisabled => disable(admin, owner).await,
                    _ => cut_off(stack, waiting.id()).await,
                }
                approved.ended().await;
                (first, None)
            }
        };
        let (wire, reply) = bare.connect().await;
        assert_eq!(reply.status(), self.told(), "{}", reply.detail);
        Bad { bare, wire, beside }
    }
}

async fn decide(who: &Person, method: Method, path: &str, body: Option<serde_json::Value>) {
    who.client().send(method, path, body.as_ref()).await.unwrap();
}

async fn disable(admin: &Person, owner: &Person) {
    let user = crate::account(owner).await;
    decide(admin, Method::PATCH, &format!("/users/{user}"), Some(json!({ "disabled": true }))).await;
}

/// As chat does it to one that has filled its part of the stream, and writes on.
async fn cut_off(stack: &Stack, worker: &str) {
    let mut noted = world::database(stack, "chat").await;
    let note = sqlx::query("INSERT INTO quotas (worker_id, cut_off) VALUES ($1, 1)").bind(worker);
    note.execute(&mut noted).await.unwrap();
    let request = RestrictWorkerRequest {
        worker_id: worker.to_owned(),
        restriction: Restriction::CutOff.into(),
        detail: "It wrote on.".to_owned(),
        ..RestrictWorkerRequest::default()
    };
    let chat = world::service(stack, ServiceUser::Chat).await;
    let subject = method::subject::<method::RestrictWorker>();
    let answer = chat.request(subject, request.encode_to_vec().into()).await.unwrap();
    assert_eq!(answer.headers, None, "it is done");
}
