//! What is configured may change while the registry runs.

use muster_contracts::{
    id, method,
    v1::{self, problem::Kind},
};
use nix::sys::signal::Signal;

use crate::stack::{Stack, eventually};

/// The kind of the problem, if it is refused.
async fn refusal(stack: &Stack) -> Option<Kind> {
    let request = v1::CreateMachineRequest { caller: stack.caller(), machine_id: id::random(), name: "one".to_owned() };
    let machine = stack.call::<method::CreateMachine>(request).await;
    machine.err().map(|problem| problem.kind())
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_and_the_log_are_taken_from_a_changed_file_and_what_is_wrong_changes_nothing() {
    let stack = Stack::on_sqlite().await;
    assert_eq!(refusal(&stack).await, None);
    stack.configure("log = 'warn'\nmachines_per_user = 1\nevents_max_days = 3\n");
    stack.says("counts from the next start on").await;
    assert!(stack.registry.log_tail(30).contains("events_max_days"));
    let full = || async { refusal(&stack).await.filter(|kind| *kind == Kind::Limit) };
    eventually("the limit counts", full).await;

    for (wrong, why) in [
        ("machines_per_user = 'many'\n", "`machines_per_user` cannot be \"many\""),
        ("machines_per_user = 7\nlog = 'a=b=c'\n", "`log` cannot be \"a=b=c\""),
    ] {
        stack.configure(wrong);
        stack.says(why).await;
        assert_eq!(refusal(&stack).await, Some(Kind::Limit), "{wrong}");
    }
    assert!(!stack.registry.log_tail(100).contains("the configuration has changed"), "that is no warning");

    stack.configure_unseen("log = 'info'\nmachines_per_user = 1000\n");
    stack.registry.signal(Signal::SIGHUP);
    eventually("the limit is lifted", || async { refusal(&stack).await.is_none().then_some(()) }).await;
    stack.says("the configuration has changed").await;
}
