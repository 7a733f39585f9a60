//! The api's own tables.

pub(crate) mod attempts;
pub(crate) mod audit;
pub(crate) mod devices;
pub(crate) mod idempotency;
pub(crate) mod identities;
pub(crate) mod invitations;
pub(crate) mod passkeys;
pub(crate) mod push;
pub(crate) mod tokens;
pub(crate) mod users;

use muster_service::Migrations;

/// The schema, oldest change first.
pub static MIGRATIONS: Migrations =
    Migrations::with(sqlx::migrate!(), sqlx::migrate!("./migrations/sqlite"), sqlx::migrate!("./migrations/postgres"));
