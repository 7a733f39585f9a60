//! Services that turned bad: each with its own key reaches what it is there for, and nothing of another.

use std::collections::BTreeSet;

use muster_contracts::{
    permissions::{self, ServiceUser},
    stream::{CHUNKS, EVENTS},
};
use muster_testkit::{
    stack::Stack,
    wire::{Login, Wire},
};

use crate::{
    attempts::{administration, concrete, covers, eavesdropping, everything},
    world::World,
};

/// Whether it is this one's to say, as it was meant and not as the rights have it.
fn may_be_said_by(user: ServiceUser, subject: &str) -> bool {
    match subject.split('.').collect::<Vec<_>>()[..] {
        // Whoever keeps a stream makes it; nobody deletes one.
        ["$JS", "API", "STREAM", "CREATE" | "UPDATE", CHUNKS] => user == ServiceUser::Chat,
        ["$JS", "API", "STREAM", "CREATE" | "UPDATE", EVENTS] => user == ServiceUser::Registry,
        ["$JS", "API", "STREAM", "SNAPSHOT" | "RESTORE", ..] => user == ServiceUser::Backup,
        ["$JS", "API", "STREAM", "DELETE" | "PURGE", ..] => false,
        ["$SYS", ..] => user == ServiceUser::System,
        // Nobody speaks in the name of a worker.
        ["chat", "v1", "worker", ..] | ["reg", "v1", "worker", ..] => false,
        ["chat", "v1", "stream", writer, ..] => user == ServiceUser::Chat && writer == "chat",
        // Who is asked by whom.
        ["reg", "v1", "api", "presence" | "restrict_worker"] => user == ServiceUser::Chat,
        ["reg" | "chat", "v1", "api", _] => user == ServiceUser::Api,
        // Who tells of what; EVENTS takes nothing else.
        ["evt", "v1", _, "user" | "device" | "token", _] => user == ServiceUser::Api,
        ["evt", "v1", _, "machine" | "worker" | "registration", _] => user == ServiceUser::Registry,
        ["evt", "v1", _, "session" | "request", _] => user == ServiceUser::Chat,
        ["evt", "v1", _, "audit", _] => matches!(user, ServiceUser::Registry | ServiceUser::Chat),
        ["wrk", "v1", _, what] => what == "wake" && matches!(user, ServiceUser::Registry | ServiceUser::Chat),
        // Live messages come out of a stream; nobody says one.
        ["live", ..] | ["_INBOX", ..] | ["$SRV", ..] => false,
        ["$JS" | "$O", ..] => true,
        _ => false,
    }
}

/// What the broker refuses of these, when they are said or heard.
async fn refused(wire: &mut Wire, attempts: &[&String], say: bool) -> BTreeSet<String> {
    for subject in attempts {
        if say { wire.publish(subject, None, &[]) } else { wire.subscribe(subject) }
    }
    let kind = if say { "Publish to" } else { "Subscription to" };
    let refused = wire.settle().await.unwrap().refused;
    let subject = |refusal: &String| {
        let subject = refusal.strip_prefix(&format!("'Permissions Violation for {kind} \""))?.strip_suffix("\"'")?;
        Some(subject.to_owned())
    };
    refused.iter().map(|refusal| subject(refusal).unwrap_or_else(|| panic!("{refusal}"))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_says_and_hears_nothing_of_another() {
    let stack = Stack::start().await;
    let all = everything();
    let listening = eavesdropping(&all);
    for user in ServiceUser::ALL {
        let rights = permissions::service(*user);
        let may = |rights: &[String], subject: &str| rights.iter().any(|right| covers(right, subject));
        let login = Login::key(&stack.broker().credentials().seed(*user).unwrap());
        let mut wire = Wire::connect(stack.broker().address(), &login).await.unwrap();

        let foreign = all.iter().filter(|subject| !may(&rights.publish, subject)).collect::<Vec<_>>();
        assert_eq!(refused(&mut wire, &foreign, true).await, foreign.iter().copied().cloned().collect(), "{user:?}");
        let unheard = listening.iter().filter(|subject| !may(&rights.subscribe, subject)).collect::<Vec<_>>();
        assert_eq!(refused(&mut wire, &unheard, false).await, unheard.iter().copied().cloned().collect(), "{user:?}");
        println!("{}: {} publishes, {} subscriptions refused", user.name(), foreign.len(), unheard.len());

        for subject in all.iter().filter(|subject| may(&rights.publish, subject)) {
            assert!(may_be_said_by(*user, subject), "{user:?} may say {subject}");
        }
        for right in &rights.subscribe {
            assert!(!right.starts_with('>') && !right.starts_with('*'), "{user:?} may hear {right}");
        }
    }
}

/// What a service says to others, and not to JetStream itself: that answers to wherever it is told, which the broker does
/// not keep anybody from within one account. The threat model tells of it.
fn said_to_others(user: ServiceUser) -> Vec<String> {
    let rights = permissions::service(user).publish.into_iter();
    rights.filter(|right| !right.starts_with('$')).map(|right| concrete(&right)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_to_a_service_is_no_order_to_jetstream() {
    let stack = Stack::start().await;
    let worker = stack.admin().await.machine("desk").await.worker().await.started(&stack).await.approved().await;
    let session = worker.session("demo/fast").await;
    session.reply_to(&session.send("count 20").await).await;
    let said = ServiceUser::ALL.iter().map(|user| (*user, said_to_others(*user))).collect::<Vec<_>>();
    // What it tells by itself is stored under a name that it makes up.
    let made_up = said.iter().flat_map(|(_, subjects)| subjects).flat_map(|subject| subject.split('.'));
    let made_up = made_up.filter(|word| word.len() == 21).map(str::to_owned).collect::<Vec<_>>();
    let before = World::as_it_is(&stack, &made_up).await;
    let mut questions = 0;
    for (user, subjects) in &said {
        let login = Login::key(&stack.broker().credentials().seed(*user).unwrap());
        let mut wire = Wire::connect(stack.broker().address(), &login).await.unwrap();
        for subject in subjects {
            for reply in administration() {
                wire.publish(subject, Some(&reply), &[]);
                questions += 1;
            }
            wire.settle().await.unwrap();
        }
    }
    assert!(questions > 1_000, "{questions}");
    // Answered after all of the above.
    session.reply_to(&session.send("count 20").await).await;
    let after = World::as_it_is(&stack, &made_up).await;
    assert_eq!(before.streams(), after.streams());
}
