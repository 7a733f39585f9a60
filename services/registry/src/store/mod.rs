//! The tables of the registry; SQL stands nowhere else. One set of statements
//! serves SQLite and PostgreSQL.
//!
//! Whoever changes a worker or a machine takes its row first (`take`): that
//! raises its revision and makes others wait, on both engines. A worker's row
//! is taken before its machine's and before those of its connections.

pub(crate) mod accounts;
pub(crate) mod connections;
pub(crate) mod leases;
pub(crate) mod machines;
pub(crate) mod registrations;
pub(crate) mod workers;

use std::{error::Error, str::FromStr};

use muster_service::DbError;
use sqlx::{Row as _, any::AnyRow};

/// The schema.
pub(crate) static MIGRATIONS: muster_service::Migrations = muster_service::Migrations::new(sqlx::migrate!());

fn parsed<T>(row: &AnyRow, column: &str) -> Result<T, DbError>
where
    T: FromStr<Err: Error + Send + Sync + 'static>,
{
    row.try_get::<String, _>(column)?.parse().map_err(|error| unreadable(column, error))
}

fn parsed_if_any<T>(row: &AnyRow, column: &str) -> Result<Option<T>, DbError>
where
    T: FromStr<Err: Error + Send + Sync + 'static>,
{
    let text = row.try_get::<Option<String>, _>(column)?;
    text.map(|text| text.parse()).transpose().map_err(|error| unreadable(column, error))
}

fn unreadable(column: &str, error: impl Error + Send + Sync + 'static) -> DbError {
    DbError::ColumnDecode { index: column.to_owned(), source: Box::new(error) }
}
