//! The api: what browsers and programs speak to.
//!
//! - Duty: accounts and sign-ins; HTTP to methods of registry and chat; event
//!   streams that continue exactly where they were cut; the page itself.
//! - Consumes: the live tails of CHUNKS (one for each watched session) and
//!   EVENTS (one for each watching user), direct reads of both; as a durable
//!   consumer what was done (`audit` in EVENTS), as another one what people who do not look should hear of.
//! - Publishes: EVENTS about `user`, `device` and `token`.
//! - Owns: users, sign-ins, accounts at providers, passkeys, API tokens, invitations, push subscriptions, idempotency keys,
//!   the audit log.
//! - When it dies: event streams break, and browsers continue them at any other
//!   instance, or at this one once it is back. Nothing else notices.

mod audit;
mod config;
mod connections;
mod domain;
mod downloads;
mod feed;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzz;
pub mod http;
mod metric;
mod oidc;
mod password;
mod push;
mod relying_party;
mod start;
pub mod state;
mod store;
mod tell;

pub use config::{ApiConfig, RegistrationSetting};
pub use start::{Api, background, serve};
pub use store::MIGRATIONS;
