//! POST /push/subscriptions

use axum::{Json, extract::State};
use data_encoding::BASE64URL_NOPAD;
use http::StatusCode;
use muster_contracts::id;
use serde::{Deserialize, Serialize};
use url::Url;
use utoipa::ToSchema;

use super::sender;
use crate::{
    http::{
        caller::{Caller, Credential},
        extract::Body,
        problem::Problem,
    },
    push::browser_key,
    state::Shared,
    store::{self, push::Subscription},
};

/// Characters of an address at most.
const ENDPOINT: usize = 2048;

/// What `PushSubscription.toJSON()` gives.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Subscribe {
    /// Address at the browser's push service.
    endpoint: String,
    keys: SubscriptionKeys,
    /// Not used: a subscription is good until its service says otherwise.
    #[serde(default)]
    #[expect(dead_code, reason = "browsers send it")]
    expiration_time: Option<f64>,
}

/// The browser's keys, base64url.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SubscriptionKeys {
    p256dh: String,
    auth: String,
}

/// A subscription.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PushSubscription {
    subscription_id: String,
}

/// From now on this sign-in's browser is told what happens while nobody looks. It ends with the sign-in.
#[utoipa::path(post, path = "/push/subscriptions", tag = "push", operation_id = "push_subscribe",
    request_body = Subscribe, responses((status = 201, body = PushSubscription)))]
pub(crate) async fn subscribe(
    State(api): State<Shared>,
    caller: Caller,
    Body(Subscribe { endpoint, keys, expiration_time: _ }): Body<Subscribe>,
) -> Result<(StatusCode, Json<PushSubscription>), Problem> {
    let sender = sender(&api)?;
    let Credential::Device(device) = &caller.credential else {
        let detail = "Only a browser that is signed in is told.";
        return Err(Problem::new(StatusCode::FORBIDDEN, "missing-scope", detail));
    };
    let address = Url::parse(&endpoint).ok().filter(|_| endpoint.len() <= ENDPOINT);
    if !address.is_some_and(|address| sender.serves(&address)) {
        return Err(Problem::invalid("/endpoint", "must be the address of a push service that this server sends to"));
    }
    let decoded = |text: &str| BASE64URL_NOPAD.decode(text.trim_end_matches('=').as_bytes()).ok();
    let (p256dh, auth) = match (decoded(&keys.p256dh), decoded(&keys.auth)) {
        (Some(p256dh), Some(auth)) if browser_key(&p256dh, &auth).is_some() => (p256dh, auth),
        _ => return Err(Problem::invalid("/keys", "must be a P-256 public key and a secret of 16 bytes, base64url")),
    };
    let subscription = Subscription { subscription_id: id::random(), endpoint, p256dh, auth };
    let mut write = api.db.write().await?;
    store::push::insert(&mut write, caller.id(), device, &subscription, api.clock.now()).await?;
    write.commit().await?;
    Ok((StatusCode::CREATED, Json(PushSubscription { subscription_id: subscription.subscription_id })))
}
