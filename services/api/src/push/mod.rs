//! Tells browsers that nobody looks at: a turn has ended, an agent asks, a worker wants to join.
//!
//! Each event is looked at a moment later, so that nothing is sent of what was read or answered on another screen; the
//! broker brings it again, to whichever instance is there then.

mod sender;
mod services;
mod vapid;

use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use muster_bus::{CallError, Delivery, Outcome};
use muster_contracts::{
    Message as _,
    id::UserId,
    method,
    stream::{EVENTS, PUSH},
    subject::{Entity, EventAddress, Subject, filter},
    v1,
};
use tokio_util::sync::CancellationToken;

pub(crate) use self::{
    sender::{Sender, browser_key},
    services::PushServices,
};
use crate::{
    domain::notice::{self, Notice},
    metric,
    push::sender::Sent,
    state::Shared,
    store,
};

/// Whoever looks has read it by then.
const A_MOMENT: Duration = Duration::from_secs(5);
/// When something is in the way: how long until it is tried again, and how often.
const LATER: Duration = Duration::from_secs(30);
const ATTEMPTS: u64 = 5;
/// Browsers of one user that are told at once.
const AT_ONCE: usize = 8;

/// Tells them, until `stop`; for ever nothing when no push service may be used.
pub(crate) async fn keep(api: Shared, stop: CancellationToken) {
    if api.settings.push.is_none() {
        return;
    }
    let filters = [Entity::Session, Entity::Request, Entity::Registration].map(filter::entity).to_vec();
    let bus = api.bus.clone();
    bus.consume(EVENTS, PUSH, filters, stop, move |delivery| handle(api.clone(), delivery)).await;
}

async fn handle(api: Shared, delivery: Delivery) -> Outcome {
    let Delivery { message, attempt } = delivery;
    let Subject::Event(EventAddress { user, .. }) = &message.subject else { return Outcome::Ack };
    let Ok(event) = v1::Event::decode(message.payload.clone()) else { return Outcome::Ack };
    let Some(notice) = notice::of(event, api.clock.now()) else { return Outcome::Ack };
    if attempt == 1 {
        return Outcome::Retry(A_MOMENT);
    }
    match tell(&api, user, notice).await {
        Ok(()) => Outcome::Ack,
        Err(reason) if attempt < ATTEMPTS => {
            tracing::debug!(reason, "a notice waits");
            Outcome::Retry(LATER)
        }
        Err(reason) => {
            tracing::warn!(reason, "a notice could not be sent");
            Outcome::Ack
        }
    }
}

async fn tell(api: &Shared, user: &UserId, notice: Notice) -> Result<(), String> {
    let subscriptions =
        store::push::of_user(&api.db, user, api.clock.now()).await.map_err(|error| error.to_string())?;
    let Some(sender) = api.settings.push.as_ref().filter(|_| !subscriptions.is_empty()) else { return Ok(()) };
    let Some(notice) = current(api, user, notice).await? else { return Ok(()) };
    let key = sender.key(&api.db).await.map_err(|error| error.to_string())?;
    let sending = subscriptions.into_iter().map(|subscription| {
        let (notice, key) = (&notice, &key);
        async move {
            let sent = sender.send(&subscription, notice, key, api.clock.now()).await;
            (subscription.subscription_id, sent)
        }
    });
    let outcomes = stream::iter(sending).buffer_unordered(AT_ONCE).collect::<Vec<_>>().await;
    let mut late = None;
    for (subscription, sent) in outcomes {
        let outcome = match sent {
            Sent::Taken => "taken",
            Sent::Gone => {
                store::push::forget(&api.db, &subscription).await.map_err(|error| error.to_string())?;
                "gone"
            }
            Sent::Refused(reason) => {
                tracing::warn!(reason, "a push service refuses a notice");
                "refused"
            }
            Sent::Later(reason) => {
                late = Some(reason);
                "later"
            }
        };
        metric::NOTICES.count(outcome);
    }
    // Whoever has it already sees it once: a notice takes the place of the one before.
    late.map_or(Ok(()), Err)
}

/// The notice as it holds now, with the session's present title; none when it does not any more.
async fn current(api: &Shared, user: &UserId, notice: Notice) -> Result<Option<Notice>, String> {
    let Some(session) = &notice.chat_session_id else { return Ok(Some(notice)) };
    let caller = Some(v1::Caller { user_id: user.to_string(), ..v1::Caller::default() });
    let asked = v1::SessionRef { caller, chat_session_id: session.clone() };
    match api.call::<method::GetSession>(asked).await {
        Ok(session) if notice.kind.still_holds(&session) => Ok(Some(Notice { title: session.title, ..notice })),
        // It was read or answered, or is gone.
        Ok(_) | Err(CallError::Refused(_)) => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}
