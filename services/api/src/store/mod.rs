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

/// The schema, oldest change first.
pub static MIGRATIONS: muster_service::Migrations = muster_service::Migrations::new(sqlx::migrate!());
