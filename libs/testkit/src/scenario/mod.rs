//! Faults on a whole stack while it is at work, and what must hold after them: the tests of the fault matrix and
//! `cargo muster soak` are made of it.
//!
//! ```no_run
//! # async fn nothing_is_lost() {
//! use std::time::Duration;
//! use muster_testkit::{
//!     scenario::{Fault, Plan, Process, World},
//!     stack::{Engine, Part, Setup},
//! };
//!
//! let mut world = World::begin(Setup::on(Engine::Postgres).linked()).await;
//! world.round(&Plan::one(Fault::Kill(Process::from(Part::Chat)), Duration::from_secs(1))).await;
//! # }
//! ```
#![expect(clippy::panic, reason = "tests only: each failure says what was expected and what came")]

mod check;
mod plan;
mod stored;
mod world;

pub use check::Checked;
pub use plan::{Fault, Injection, Length, Plan, Process, Shape};
pub use world::{Round, World};
