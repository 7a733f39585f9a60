//! A worker that turned bad, with its token, its key and a client without manners.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail anywhere"
)]

mod attempts;
mod chunks;
mod services;
mod standing;
mod world;

use std::collections::BTreeSet;

use muster_contracts::{
    Message as _,
    id::{MessageId, SessionId, UserId},
    permissions::ServiceUser,
    subject::{RegistryVerb, every::Ids, worker_inbox},
    v1,
};
use muster_testkit::{
    stack::{Bare, Machine, Person, Stack},
    wire::Wire,
};

use crate::{
    attempts::{Standing, eavesdropping, foreign, may_hear, nobody, own, replies},
    standing::{Bad, Decided},
};

/// What subjects of this worker are made of.
fn ids(bare: &Bare, user: &UserId) -> Ids {
    Ids {
        machine: bare.token().machine.clone(),
        worker: bare.token().worker.clone(),
        fingerprint: bare.fingerprint(),
        user: user.clone(),
        session: SessionId::random(),
        message: MessageId::random(),
    }
}

async fn account(person: &Person) -> UserId {
    let account = person.client().get::<serde_json::Value>("/auth/me").await.unwrap();
    account["userId"].as_str().unwrap().parse().unwrap()
}

/// A worker that only listens, to all that it may hear.
async fn quiet(stack: &Stack, machine: &Machine, owner: &Person, user: &UserId) -> (Wire, Ids) {
    let waiting = machine.worker().await;
    let quiet = waiting.bare(stack);
    let mut wire = quiet.approved(owner).await;
    waiting.seen("online", |worker| worker.status == "online").await;
    let ids = ids(&quiet, user);
    wire.subscribe(&format!("wrk.v1.{}.>", ids.worker));
    wire.subscribe(&format!("{}.>", worker_inbox(&ids.fingerprint)));
    assert!(wire.settle().await.unwrap().refused.is_empty());
    (wire, ids)
}

/// Tries all of it as somebody of whom this was decided.
async fn nothing_but_its_own(decided: Decided) {
    let stack = Stack::start().await;
    let admin = stack.admin().await;
    let user = account(&admin).await;
    let machine = admin.machine("desk").await;
    let victim = machine.worker().await.started(&stack).await.approved().await;
    let session = victim.session("demo/fast").await;
    let sent = session.send("count 20").await;
    let reply = session.reply_to(&sent).await;
    let owner = stack.person("owner").await;
    let waiting = owner.machine("elsewhere").await.worker().await;
    let Bad { bare: bad, mut wire, beside: _beside } = decided.of(&stack, &admin, &owner, &waiting).await;
    let me = ids(&bad, &user);
    let names = [me.worker.to_string(), me.machine.to_string(), me.fingerprint.to_string()];
    let victim_ids = Ids {
        machine: machine.id().parse().unwrap(),
        worker: victim.id().parse().unwrap(),
        fingerprint: victim.fingerprint(&stack),
        user: user.clone(),
        session: session.id().parse().unwrap(),
        message: reply.message_id.parse().unwrap(),
    };
    let (mut quiet, quiet_ids) = quiet(&stack, &machine, &admin, &user).await;

    let standing = decided.standing();
    // Another key with the same token, and somebody of whom nobody has heard.
    let second = ids(&waiting.bare(&stack), &user);

    let subjects = foreign(&me, &[victim_ids.clone(), quiet_ids.clone(), second, nobody()], standing);
    let replies = replies(&[victim_ids.clone(), quiet_ids]);
    let mut listeners = Vec::new();
    world::all_is_told(&stack).await;
    for user in ServiceUser::ALL {
        listeners.push((user, world::listener(&stack, *user).await));
    }
    let before = world::World::as_it_is(&stack, &names).await;
    assert!(before.knows(victim.id()) && before.knows(session.id()), "it looks where things are");

    is_refused_to_hear(&mut wire, &eavesdropping(&subjects), &me, standing).await;
    is_refused_to_say(&mut wire, &subjects).await;
    let traced = own(&me, &victim_ids, standing);
    sends_no_trace_elsewhere(&mut wire, &traced, subjects.union(&replies)).await;
    says_its_own_with_every_reply(&mut wire, (&bad, &me), &victim_ids, &replies, standing).await;

    let victim_name = format!("{}.", victim.id());
    for (user, listener) in &mut listeners {
        for heard in listener.settle().await.unwrap().heard {
            let by_the_victim = world::speaker(&heard).is_some_and(|name| name.starts_with(&victim_name));
            // What it may write is republished under its own name, and the registry tells of it.
            let stored = heard.subject.starts_with(&format!("live.v1.{}.", me.worker))
                || heard.subject.contains("evt.v1.") && heard.subject.ends_with(me.worker.as_str());
            let foreign = subjects.contains(&heard.subject) || replies.contains(&heard.subject);
            let fine = by_the_victim || stored || !foreign;
            assert!(fine, "{} heard {} of {:?}", user.name(), heard.subject, world::speaker(&heard));
        }
    }
    // The most that a reply subject does: another worker's bell rings, and an inbox whose name is known has an answer
    // that nobody there waits for.
    for heard in quiet.settle().await.unwrap().heard {
        assert!(replies.contains(&heard.subject), "{heard:?}");
    }
    let after = world::World::as_it_is(&stack, &names).await;
    assert_eq!(before, after);
    let again = session.send("count 20").await;
    assert_eq!(session.reply_to(&again).await.content, reply.content);
    assert_eq!(session.messages().await.items.len(), 4);
    victim.online().await;
}

async fn is_refused_to_hear(wire: &mut Wire, attempts: &BTreeSet<String>, me: &Ids, standing: Standing) {
    let attempts = attempts.iter().filter(|subject| !may_hear(subject, me, standing)).collect::<Vec<_>>();
    assert!(attempts.len() > 1_000, "{}", attempts.len());
    for subject in &attempts {
        wire.subscribe(subject);
    }
    let outcome = wire.settle().await.unwrap();
    for (subject, refused) in attempts.iter().zip(&outcome.refused) {
        assert_eq!(*refused, format!("'Permissions Violation for Subscription to \"{subject}\"'"));
    }
    assert_eq!((outcome.refused.len(), outcome.heard.len()), (attempts.len(), 0));
    println!("{} subscriptions were refused", attempts.len());
}

async fn is_refused_to_say(wire: &mut Wire, subjects: &BTreeSet<String>) {
    for subject in subjects {
        wire.publish(subject, None, b"hostile");
    }
    let outcome = wire.settle().await.unwrap();
    for (subject, refused) in subjects.iter().zip(&outcome.refused) {
        assert_eq!(*refused, format!("'Permissions Violation for Publish to \"{subject}\"'"));
    }
    assert_eq!((outcome.refused.len(), outcome.heard.len()), (subjects.len(), 0));
    println!("{} publishes were refused", subjects.len());
}

/// A message may name a subject on which the broker is to tell its way (ADR-41 of NATS). That is a publish as well, and
/// in a name that is not the worker's.
async fn sends_no_trace_elsewhere(wire: &mut Wire, own: &[String], attempts: impl Iterator<Item = &String>) {
    let attempts = attempts.filter(|subject| !own.contains(subject)).collect::<Vec<_>>();
    for subject in own {
        for elsewhere in &attempts {
            wire.publish_with(subject, &[("Nats-Trace-Dest", elsewhere)], b"hostile");
        }
        let outcome = wire.settle().await.unwrap();
        for (elsewhere, refused) in attempts.iter().zip(&outcome.refused) {
            assert_eq!(*refused, format!("'Permissions Violation for Publish to \"{elsewhere}\"'"), "{subject}");
        }
        assert_eq!((outcome.refused.len(), outcome.heard.len()), (attempts.len(), 0), "{subject}");
    }
    println!("{} traces to elsewhere were refused", own.len() * attempts.len());
    for subject in own {
        for to in own {
            wire.publish_with(subject, &[("Nats-Trace-Dest", to), ("Nats-Trace-Only", "true")], b"hostile");
        }
    }
    let outcome = wire.settle().await.unwrap();
    assert_eq!((outcome.refused, outcome.heard), (vec![], vec![]), "what it may say itself is told to nobody else");
}

async fn says_its_own_with_every_reply(
    wire: &mut Wire,
    (bad, me): (&Bare, &Ids),
    victim: &Ids,
    replies: &BTreeSet<String>,
    standing: Standing,
) {
    let caller = v1::Caller { user_id: victim.user.to_string(), ..v1::Caller::default() };
    let machine_id = victim.machine.to_string();
    let delete = v1::MachineRef { caller: Some(caller), machine_id }.encode_to_vec();
    let mut said = 0;
    for subject in own(me, victim, standing) {
        for reply in replies {
            for payload in [&[][..], &delete] {
                wire.publish(&subject, Some(reply), payload);
                said += 1;
            }
        }
        let outcome = wire.settle().await.unwrap();
        // Some replies the broker itself refuses.
        let odd = outcome.refused.iter().find(|refused| !refused.contains("for Publish with Reply of"));
        assert_eq!(odd, None, "{subject}");
    }
    // Answered after all of the above.
    wire.request(&bad.subject(RegistryVerb::Register), &[]).await.unwrap();
    println!("{said} permitted publishes named a foreign reply");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approved_worker_reaches_nothing_but_its_own() {
    nothing_but_its_own(Decided::Approved).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_waits_reaches_nothing_but_its_registration() {
    nothing_but_its_own(Decided::Nothing).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_worker_reaches_nothing_but_the_news() {
    nothing_but_its_own(Decided::Removed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejected_key_reaches_nothing_but_the_news() {
    nothing_but_its_own(Decided::Rejected).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_key_than_the_approved_one_reaches_nothing_but_its_registration() {
    nothing_but_its_own(Decided::OnAnotherKey).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_process_of_a_worker_reaches_nothing_but_its_registration() {
    nothing_but_its_own(Decided::OnAnotherProcess).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_of_a_disabled_account_reaches_nothing_but_the_news() {
    nothing_but_its_own(Decided::AccountDisabled).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_was_cut_off_reaches_nothing_but_the_news() {
    nothing_but_its_own(Decided::CutOff).await;
}
