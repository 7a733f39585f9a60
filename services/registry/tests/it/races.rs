//! Decisions of the owner at random moments of a worker's reconnecting, and many workers at once.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::{StreamExt as _, stream};
use muster_bus::Storing;
use muster_contracts::{
    Message as _, id, method,
    subject::{Entity, EventAddress, RegistryVerb, Subject},
    token::WorkerToken,
    v1::{self, RegisterStatus},
};
use muster_testkit::{
    process::Child,
    wire::{Login, Wire},
};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

use crate::{
    on_both_engines,
    stack::{Stack, eventually},
    worker::Worker,
};

/// How long a decision may take until it holds.
const AT_ONCE: Duration = Duration::from_secs(1);
/// Of seven rounds five remove the worker and approve it anew: 500 together.
const ROUNDS: usize = 490;
const ROUNDS_OF_TWO_REGISTRIES: usize = 210;

/// What the owner has decided, since when; nothing while the decision is being made.
#[derive(Debug, Clone, Copy)]
struct Decided {
    allowed: bool,
    since: Instant,
}

/// What is decided, and what the worker finds.
#[derive(Debug, Default)]
struct Judge {
    decided: Mutex<Option<Decided>>,
    found: Mutex<Option<(bool, Instant)>>,
    wrong: Mutex<Option<String>>,
    over: AtomicBool,
}

impl Judge {
    fn deciding(&self) {
        *self.decided.lock().unwrap() = None;
    }

    fn decided(&self, allowed: bool) {
        *self.decided.lock().unwrap() = Some(Decided { allowed, since: Instant::now() });
    }

    /// The worker has found at this moment whether it has its rights.
    fn finds(&self, rights: bool, at: Instant) {
        *self.found.lock().unwrap() = Some((rights, at));
        let decided = *self.decided.lock().unwrap();
        if let Some(Decided { allowed, since }) = decided
            && allowed != rights
            && at > since + AT_ONCE
        {
            let late = at - since;
            *self.wrong.lock().unwrap() = Some(format!("{late:?} after allowed became {allowed}, rights are {rights}"));
        }
    }

    /// Waits until the worker has found what was decided.
    async fn settled(&self, allowed: bool) -> Duration {
        let begun = Instant::now();
        eventually("what was decided holds", || async {
            let found = *self.found.lock().unwrap();
            found.filter(|(rights, at)| *rights == allowed && *at > begun).map(|(_, at)| at - begun)
        })
        .await
    }
}

fn subject(token: &WorkerToken, login: &Login, verb: RegistryVerb) -> String {
    let WorkerToken { machine, worker } = token.clone();
    Subject::RegistryWorker { machine, worker, fingerprint: login.fingerprint(), verb }.to_string()
}

async fn register(wire: &mut Wire, token: &WorkerToken, login: &Login) -> Option<RegisterStatus> {
    let asked = subject(token, login, RegistryVerb::Register);
    let answer = wire.request(&asked, &[]).await.ok()?;
    v1::RegisterReply::decode(answer.payload.as_slice()).ok().map(|reply| reply.status())
}

/// A worker that comes back whenever it is cut, and now and then goes by itself.
async fn restless(stack: Arc<Stack>, token: WorkerToken, login: Login, judge: Arc<Judge>, seed: u64) {
    let mut random = StdRng::seed_from_u64(seed);
    let heartbeat = subject(&token, &login, RegistryVerb::Heartbeat);
    while !judge.over.load(Ordering::Relaxed) {
        let began = Instant::now();
        let Ok(mut wire) = Wire::connect(stack.broker.address(), &login).await else {
            judge.finds(false, began);
            continue;
        };
        while !random.random_ratio(1, 50) {
            let at = Instant::now();
            wire.publish(&heartbeat, None, &[]);
            let Ok(outcome) = wire.settle().await else { break };
            let rights = outcome.refused.is_empty();
            judge.finds(rights, at);
            if !rights
                && !matches!(register(&mut wire, &token, &login).await, Some(status) if status != RegisterStatus::Reconnect)
            {
                break;
            }
            tokio::time::sleep(Duration::from_millis(random.random_range(1..8))).await;
        }
    }
}

async fn create(stack: &Stack, token: &WorkerToken) {
    let request = v1::CreateWorkerRequest {
        caller: stack.caller(),
        machine_id: token.machine.to_string(),
        worker_id: token.worker.to_string(),
        name: None,
    };
    stack.call::<method::CreateWorker>(request).await.unwrap();
}

/// Approves this key once it asks.
async fn approve(stack: &Stack, token: &WorkerToken, login: &Login) {
    let asked = stack.registration(token, login.fingerprint().as_str());
    eventually("the key asks and is approved", || async {
        stack.call::<method::ApproveWorker>(asked.clone()).await.ok()
    })
    .await;
}

/// The api tells that the owner's account is disabled, or enabled.
async fn tell_account(stack: &Stack, disabled: bool, revision: i64) {
    let user = stack.user.clone();
    let account = v1::User { user_id: user.to_string(), disabled, revision, ..v1::User::default() };
    let event = v1::Event { actor: None, timestamp: 1, object: Some(v1::event::Object::User(account)) };
    let id = user.to_string();
    let subject = Subject::Event(EventAddress { user, entity: Entity::User, id }).to_string();
    let payload = event.encode_to_vec().into();
    stack
        .api
        .store(Storing { subject, id: id::random(), payload, first_only: false, traceparent: None })
        .await
        .unwrap();
}

async fn decide_at_random(stack: Stack, another: Option<Child>, rounds: usize, seed: u64) {
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let stack = Arc::new(stack);
    let token = stack.token().await;
    let (login, other) = (Login::worker(&token.to_string()), Login::worker(&token.to_string()));
    let judge = Arc::new(Judge::default());
    let worker = restless(stack.clone(), token.clone(), login.clone(), judge.clone(), seed);
    let worker = tokio::spawn(worker);
    approve(&stack, &token, &login).await;
    judge.decided(true);
    let log = || {
        let both = [Some(&stack.registry), another.as_ref()].into_iter().flatten();
        both.map(|registry| registry.log_tail(20)).collect::<Vec<_>>().join("\n\n")
    };

    let (begun, mut longest, mut revision) = (Instant::now(), Duration::ZERO, 0);
    for round in 0..rounds {
        for allowed in [false, true] {
            judge.deciding();
            match (round % 7, allowed) {
                (0..5, false) => {
                    let removed = stack.call::<method::DeleteWorker>(stack.worker_ref(&token)).await;
                    removed.unwrap_or_else(|problem| panic!("seed {seed}, round {round}: {problem:?}\n{}", log()));
                }
                (0..5, true) => {
                    create(&stack, &token).await;
                    approve(&stack, &token, &login).await;
                }
                (5, _) => {
                    // Two registries may hear of two changes in either order.
                    revision += 1;
                    tell_account(&stack, !allowed, revision).await;
                }
                (_, false) => {
                    // Until its account is known to be enabled again it is told to come back.
                    eventually("another key asks", || async {
                        let mut wire = Wire::connect(stack.broker.address(), &other).await.ok()?;
                        (register(&mut wire, &token, &other).await? == RegisterStatus::Mismatch).then_some(())
                    })
                    .await;
                    approve(&stack, &token, &other).await;
                }
                (_, true) => approve(&stack, &token, &login).await,
            }
            judge.decided(allowed);
            match random.random_range(0..40) {
                0 => tokio::time::sleep(AT_ONCE + Duration::from_millis(100)).await,
                1..20 => longest = longest.max(judge.settled(allowed).await),
                _ => tokio::time::sleep(Duration::from_millis(random.random_range(0..20))).await,
            }
            let wrong = judge.wrong.lock().unwrap().take();
            assert_eq!(wrong, None, "seed {seed}, round {round}\n{}", log());
        }
    }
    judge.over.store(true, Ordering::Relaxed);
    worker.await.unwrap();
    println!("{rounds} rounds in {:?}; at most {longest:?} until it held", begun.elapsed());
    assert!(longest < AT_ONCE, "seed {seed}: {longest:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_is_never_in_without_approval_nor_out_with_it_for_more_than_a_second() {
    let mut stack = Stack::on_sqlite().await;
    // A second is measured hundreds of times: nobody else is to take it.
    stack.alone().await;
    stack.let_come_often().await;
    decide_at_random(stack, None, ROUNDS, rand::rng().random()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_registries_on_postgresql_neither_lets_it_in_nor_keeps_it_out_for_longer() {
    let mut stack = Stack::on_postgres().await;
    stack.alone().await;
    stack.let_come_often().await;
    let another = stack.another_registry().await;
    decide_at_random(stack, Some(another), ROUNDS_OF_TWO_REGISTRIES, rand::rng().random()).await;
}

/// A process of an approved worker, until it is heard to live.
async fn comes(stack: &Stack, token: &WorkerToken, login: &Login) -> Wire {
    eventually("the worker has its rights", || async {
        let mut wire = Wire::connect(stack.broker.address(), login).await.ok()?;
        let approved = register(&mut wire, token, login).await? == RegisterStatus::Approved;
        wire.publish(&subject(token, login, RegistryVerb::Heartbeat), None, &[]);
        wire.settle().await.ok()?;
        approved.then_some(wire)
    })
    .await
}

on_both_engines! {
    async fn what_is_told_late_of_an_account_changes_nothing(stack: Stack) {
        let worker = Worker::approved(&stack).await;
        let told = async |disabled, revision, status| {
            tell_account(&stack, disabled, revision).await;
            worker.until(status).await;
        };
        told(true, 2, RegisterStatus::Suspended).await;
        told(false, 4, RegisterStatus::Approved).await;
        // What came before is delivered once more.
        tell_account(&stack, true, 3).await;
        tell_account(&stack, false, 5).await;
        told(true, 6, RegisterStatus::Suspended).await;
        // Written down when the worker has lost its rights, a moment after it is told.
        let times = eventually("three changes are written down", || async {
            let times = stack.registry.log_tail(1_000).matches("an account was disabled or enabled").count();
            (times >= 3).then_some(times)
        });
        assert_eq!(times.await, 3, "{}", stack.registry.log_tail(1_000));
    }

    async fn who_comes_too_often_is_kept_out_and_no_other(stack: Stack) {
        let token = stack.token().await;
        let (login, waits) = (Login::worker(&token.to_string()), Login::worker(&stack.token().await.to_string()));
        let come = async |login: &Login| Wire::connect(stack.broker.address(), login).await;
        let mut wire = come(&login).await.unwrap();
        assert_eq!(register(&mut wire, &token, &login).await, Some(RegisterStatus::Pending));
        approve(&stack, &token, &login).await;
        stack.configure("connections_per_minute = 1\n");
        stack.says("the configuration has changed").await;

        let mut there = comes(&stack, &token, &login).await;
        assert!(come(&login).await.is_err(), "the approved key");
        come(&waits).await.unwrap();
        assert!(come(&waits).await.is_err(), "one that waits");
        assert_eq!(register(&mut there, &token, &login).await, Some(RegisterStatus::Approved), "who is there stays");
        Worker::approved(&stack).await;
    }

    async fn three_hundred_workers_that_come_within_two_seconds_are_online_within_ten(stack: Stack) {
        const WORKERS: u32 = 300;
        // What one registry does in this time, it does not do beside others on one computer.
        stack.alone().await;
        let mut machines = Vec::new();
        for _ in 0..3 {
            machines.push(stack.machine("farm").await.machine_id);
        }
        let stack = Arc::new(stack);
        let known = machines.iter().cycle().take(WORKERS as usize).map(|machine| {
            let (stack, machine) = (stack.clone(), machine.parse().unwrap());
            async move {
                let token = WorkerToken { machine, worker: muster_contracts::id::WorkerId::random() };
                let login = Login::worker(&token.to_string());
                create(&stack, &token).await;
                let mut wire = Wire::connect(stack.broker.address(), &login).await.unwrap();
                assert_eq!(register(&mut wire, &token, &login).await, Some(RegisterStatus::Pending));
                approve(&stack, &token, &login).await;
                (token, login)
            }
        });
        // One after the other, or nearly: it is not this that is tried.
        let workers: Vec<_> = stream::iter(known).buffer_unordered(8).collect().await;
        let online = || async { stack.machines().await.unwrap().iter().map(|it| it.workers_online).sum::<u32>() };
        eventually("nobody is there", || async { (online().await == 0).then_some(()) }).await;

        let begun = Instant::now();
        let mut coming = tokio::task::JoinSet::new();
        for (number, (token, login)) in (0..).zip(workers) {
            let stack = stack.clone();
            coming.spawn(async move {
                tokio::time::sleep(Duration::from_secs(2) * number / WORKERS).await;
                comes(&stack, &token, &login.twin()).await
            });
        }
        let wires = coming.join_all().await;
        println!("the last of {} has its rights after {:?}", wires.len(), begun.elapsed());
        eventually("all are online", || async {
            // Whoever asks all the time keeps the registry from its work.
            tokio::time::sleep(Duration::from_millis(100)).await;
            (online().await == WORKERS).then_some(())
        })
        .await;
        println!("all are online after {:?}", begun.elapsed());
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    }
}
