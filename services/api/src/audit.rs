//! What registry and chat tell of what was done goes into the audit log.

use std::time::Duration;

use muster_bus::{Delivery, Outcome};
use muster_contracts::{
    Message as _,
    audit::Action,
    stream::EVENTS,
    subject::{Entity, EventAddress, Subject, filter},
    v1::{Event, event::Object},
};
use muster_service::DbError;
use tokio_util::sync::CancellationToken;

use crate::{
    state::Shared,
    store::{self, audit::Deed},
};

/// The database is back by then, or it is tried again.
const LATER: Duration = Duration::from_secs(1);

/// Writes down what is told, until `stop`.
pub(crate) async fn keep(api: Shared, stop: CancellationToken) {
    let filters = vec![filter::entity(Entity::Audit)];
    let bus = api.bus.clone();
    bus.consume(EVENTS, "api", filters, stop, move |delivery| handle(api.clone(), delivery)).await;
}

async fn handle(api: Shared, delivery: Delivery) -> Outcome {
    let Subject::Event(EventAddress { user, entity: Entity::Audit, id }) = &delivery.message.subject else {
        return Outcome::Ack;
    };
    let Ok(event) = Event::decode(delivery.message.payload.clone()) else { return Outcome::Ack };
    let Some(Object::Audit(audit)) = event.object else { return Outcome::Ack };
    let actor = event.actor.unwrap_or_default();
    let place = i64::try_from(delivery.message.sequence).unwrap_or(i64::MAX);
    match insert(&api, Deed { id, at: event.timestamp, place, owner: user, actor: &actor, audit: &audit }).await {
        Ok(()) => Outcome::Ack,
        Err(error) => {
            tracing::warn!(%error, "an entry of the audit log waits");
            Outcome::Retry(LATER)
        }
    }
}

async fn insert(api: &Shared, deed: Deed<'_>) -> Result<(), DbError> {
    let (owner, audit) = (deed.owner, deed.audit);
    let mut write = api.db.write().await?;
    store::audit::insert(&mut write, deed).await?;
    let erases = audit.action == Action::SessionDeleted.as_str();
    if erases {
        store::audit::forget_words(&mut write, owner, &audit.session_id).await?;
    }
    write.commit().await?;
    if erases { api.db.fold_log().await } else { Ok(()) }
}
