//! What the services share: how a process starts, runs and ends; its
//! configuration, telemetry and health; its database and outbox; its clock; how often something may be tried.
//!
//! The order is always the same: configuration, telemetry, build, announce,
//! serve, drain. A bad configuration ends the process before a port is bound.

pub mod clock;
pub mod config;
pub mod copy;
pub mod db;
pub mod health;
pub mod limiter;
mod lines;
pub mod metric;
pub mod operator;
pub mod outbox;
pub mod problem;
pub mod process;
mod reload;
mod stream;
mod telemetry;
pub mod tls;

pub use clock::Clock;
pub use db::{Db, DbError, Engine, Migrations, Write};
pub use process::{App, Service, StartError, run};
