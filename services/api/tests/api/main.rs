//! The api over HTTP, on a real broker and SQLite. Registry and chat are
//! played by scripts on that broker.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "clippy's exception for tests does not reach what tests share"
)]

mod administration;
mod audit;
mod auth;
mod authenticator;
mod events;
mod https;
mod install;
mod oidc;
mod openapi;
mod passkeys;
mod protection;
mod provider;
mod resources;
mod support;
mod tokens;
