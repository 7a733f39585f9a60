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

use crate::attempts::{covers, eavesdropping, everything};

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
        _ => true,
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
