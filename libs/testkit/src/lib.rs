//! Real things to test against, and what the local launcher stands on: a
//! nats-server, PostgreSQL and SQLite, the services' own binaries, and faults.
//!
//! What the launcher uses (`nats`, `credentials`, `broker`, `process`,
//! `binaries`, `client`) answers errors; what only tests use says what went
//! wrong and ends the test.

pub mod balancer;
pub mod binaries;
pub mod broker;
pub mod certificates;
pub mod client;
pub mod credentials;
pub mod nats;
pub mod openai;
pub mod ports;
pub mod postgres;
pub mod process;
pub mod proxy;
pub mod push_service;
pub mod scenario;
pub mod script;
pub mod service;
pub mod sqlite;
pub mod stack;
pub mod wire;
