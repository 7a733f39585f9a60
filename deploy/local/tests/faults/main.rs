//! Whatever dies, is paused, or goes silent: nothing is lost, nothing comes twice, nothing stays open.
//!
//! A stack takes several short faults one after the other, since each leaves everything as it was; the long ones have
//! a stack each, and wait at the same time. `cargo muster soak` goes on from here, by chance and for as long as you like.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail anywhere"
)]

use std::time::Duration;

use futures_util::future::join_all;
use muster_testkit::{
    scenario::{Fault, Length, Plan, Process, Shape, World},
    stack::{Engine, Link, Part, Setup},
};

/// Long enough to be noticed, where it can be noticed.
const SHORT: Duration = Duration::from_secs(2);
/// Longer than it takes to notice that a connection is dead.
const LONG: Duration = Duration::from_secs(30);
/// Longer than a worker whose connection was closed is waited for: its turns are interrupted, and go on.
const CUT_OFF: Duration = Duration::from_secs(10);

const PROCESSES: [Process; 6] =
    [of(Part::Api), of(Part::Chat), of(Part::Registry), Process::Worker, of(Part::Nats), of(Part::Postgres)];

const fn of(part: Part) -> Process {
    Process::Of(part.number(0))
}

/// What suffers.
#[derive(Clone, Copy)]
enum Size {
    /// One of each, as `cargo muster up` starts them: on SQLite.
    Embedded,
    /// One of each, and PostgreSQL.
    Single,
    /// Three nats-servers, and two of each service behind a proxy that takes them in turn.
    Cluster,
}

impl Size {
    async fn world(self) -> World {
        let on = |engine| Setup::on(engine).linked();
        World::begin(match self {
            Self::Embedded => on(Engine::Sqlite),
            Self::Single => on(Engine::Postgres),
            Self::Cluster => on(Engine::Postgres).clustered().instances(2),
        })
        .await
    }

    /// One of each kind; in a cluster another one than the first, and each nats-server: one of them leads.
    fn processes(self) -> Vec<Process> {
        match self {
            Self::Embedded => PROCESSES.into_iter().filter(|process| *process != of(Part::Postgres)).collect(),
            Self::Single => PROCESSES.to_vec(),
            Self::Cluster => {
                let services = [Part::Api, Part::Chat, Part::Registry].map(|part| part.number(1));
                let nodes = (0..3).map(|number| Part::Nats.number(number));
                let all = nodes.chain(services).map(Process::Of);
                all.chain([Process::Worker, of(Part::Postgres)]).collect()
            }
        }
    }

    const fn shape(self) -> Shape {
        match self {
            Self::Embedded | Self::Single => Shape::SINGLE,
            Self::Cluster => Shape::CLUSTER,
        }
    }
}

/// Says what it does, so that a failure tells which fault it was.
async fn suffers(world: &mut World, plan: &Plan) {
    println!("{plan}");
    let round = world.round(plan).await;
    println!("{plan}: held after {:.1} s: {:?}", round.took.as_secs_f32(), round.checked);
}

async fn kills(size: Size) {
    let mut world = size.world().await;
    for process in size.processes() {
        suffers(&mut world, &Plan::one(Fault::Kill(process), SHORT / 4)).await;
    }
    world.beats().await;
}

async fn bad_links(size: Size) {
    let (some, others) = Link::ALL.split_at(Link::ALL.len() / 2);
    let worlds = [some, others].map(async |links| {
        let mut world = size.world().await;
        for &link in links {
            for fault in [Fault::Cut(link), Fault::Delay(link), Fault::Silence(link)] {
                suffers(&mut world, &Plan::one(fault, SHORT)).await;
            }
        }
        world.beats().await;
    });
    join_all(worlds).await;
}

async fn for_long(size: Size) {
    let worlds = PROCESSES.into_iter().zip(Link::ALL).map(async |(process, link)| {
        let mut world = size.world().await;
        suffers(&mut world, &Plan::one(Fault::Pause(process), LONG)).await;
        suffers(&mut world, &Plan::one(Fault::Lose(link), Duration::ZERO)).await;
        suffers(&mut world, &Plan::one(Fault::Cut(link), CUT_OFF)).await;
        world.beats().await;
    });
    join_all(worlds).await;
}

async fn by_chance(size: Size, times: u64) {
    let worlds = [0..times / 2, times / 2..times].map(async |seeds| {
        let mut world = size.world().await;
        for seed in seeds {
            suffers(&mut world, &Plan::of(seed, size.shape(), Length::Brief)).await;
        }
        world.beats().await;
    });
    join_all(worlds).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_process_may_be_killed_in_the_middle_of_replies() {
    kills(Size::Single).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_the_embedded_database_every_process_may_be_killed_in_the_middle_of_replies() {
    kills(Size::Embedded).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_link_may_be_cut_slow_or_silent_in_the_middle_of_replies() {
    bad_links(Size::Single).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_process_may_be_paused_and_every_link_be_lost_or_cut_for_long() {
    for_long(Size::Single).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_times_whatever_comes_by_chance() {
    by_chance(Size::Single, 10).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_cluster_every_process_may_be_killed() {
    kills(Size::Cluster).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_cluster_every_link_may_be_cut_slow_or_silent() {
    bad_links(Size::Cluster).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_cluster_every_process_may_be_paused_and_every_link_be_lost_or_cut_for_long() {
    for_long(Size::Cluster).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_cluster_five_times_whatever_comes_by_chance() {
    by_chance(Size::Cluster, 5).await;
}
