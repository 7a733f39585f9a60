//! Accounts.

use muster_contracts::id::UserId;
use muster_service::{Db, DbError, Write};
use sqlx::{Row as _, any::AnyRow};

/// What an account may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Everything of the server's accounts.
    Admin,
    /// Its own things.
    Member,
}

impl Role {
    /// As it stands in the database.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Member => "member",
        }
    }
}

/// An account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) user_id: UserId,
    pub(crate) username: String,
    pub(crate) role: Role,
}

/// An account as administrators see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) user: User,
    pub(crate) disabled: bool,
    pub(crate) created_at: i64,
    pub(crate) revision: i64,
}

/// Stands for the hash where there is no password: see the migration `0005_identities.sql`.
const NO_PASSWORD: &str = "";

/// Columns that [`user`] reads.
pub(crate) const COLUMNS: &str = "users.user_id, users.username, users.role";

pub(crate) fn user(row: &AnyRow) -> Result<User, DbError> {
    let id = row.try_get::<String, _>("user_id")?;
    let role = row.try_get::<String, _>("role")?;
    Ok(User {
        user_id: id.parse().map_err(|error| sqlx::Error::Decode(Box::new(error)))?,
        username: row.try_get("username")?,
        role: if role == Role::Admin.as_str() { Role::Admin } else { Role::Member },
    })
}

/// Whether there is any account.
pub(crate) async fn any(db: &Db) -> Result<bool, DbError> {
    Ok(sqlx::query("SELECT 1 FROM users LIMIT 1").fetch_optional(db.pool()).await?.is_some())
}

/// Whether this transaction makes the first account; true for one of all.
pub(crate) async fn claim_first(write: &mut Write) -> Result<bool, DbError> {
    let done = sqlx::query("INSERT INTO founder (one) VALUES (1) ON CONFLICT (one) DO NOTHING")
        .execute(write.connection())
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Makes an account, with the hash of its password or without one; `false` if the name is taken.
pub(crate) async fn insert(write: &mut Write, user: &User, hash: Option<&str>, now: i64) -> Result<bool, DbError> {
    let done = sqlx::query(
        "INSERT INTO users (user_id, username, password_hash, role, created_at) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (username) DO NOTHING",
    )
    .bind(user.user_id.as_str())
    .bind(&user.username)
    .bind(hash.unwrap_or(NO_PASSWORD))
    .bind(user.role.as_str())
    .bind(now)
    .execute(write.connection())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// An enabled account by name, with its password's hash if it has one.
pub(crate) async fn by_name(db: &Db, username: &str) -> Result<Option<(User, Option<String>)>, DbError> {
    let row = sqlx::query(
        "SELECT users.user_id, users.username, users.role, password_hash FROM users WHERE username = $1 AND disabled = 0",
    )
    .bind(username)
    .fetch_optional(db.pool())
    .await?;
    row.map(|row| {
        let hash: String = row.try_get("password_hash")?;
        Ok((user(&row)?, (hash != NO_PASSWORD).then_some(hash)))
    })
    .transpose()
}

/// Whether there is such an account, and people can sign in to it.
pub(crate) async fn is_enabled(db: &Db, user_id: &str) -> Result<bool, DbError> {
    let row = sqlx::query("SELECT 1 FROM users WHERE user_id = $1 AND disabled = 0")
        .bind(user_id)
        .fetch_optional(db.pool())
        .await?;
    Ok(row.is_some())
}

/// Whether an account has a password.
pub(crate) async fn has_password(db: &Db, user: &UserId) -> Result<bool, DbError> {
    let row = sqlx::query("SELECT 1 FROM users WHERE user_id = $1 AND password_hash <> $2")
        .bind(user.as_str())
        .bind(NO_PASSWORD)
        .fetch_optional(db.pool())
        .await?;
    Ok(row.is_some())
}

/// Makes changes to the ways in which a user signs in wait for each other; the hash of the password that there is now,
/// if the account is enabled.
pub(crate) async fn lock(write: &mut Write, user: &UserId) -> Result<Option<String>, DbError> {
    let hash = sqlx::query_scalar::<_, String>(
        "UPDATE users SET username = username WHERE user_id = $1 AND disabled = 0 RETURNING password_hash",
    )
    .bind(user.as_str())
    .fetch_optional(write.connection())
    .await?;
    Ok(hash.filter(|hash| hash != NO_PASSWORD))
}

/// Whether an account is enabled; it stays so until the transaction ends.
pub(crate) async fn stays_enabled(write: &mut Write, user: &UserId) -> Result<bool, DbError> {
    let done = sqlx::query("UPDATE users SET username = username WHERE user_id = $1 AND disabled = 0")
        .bind(user.as_str())
        .execute(write.connection())
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Changes a password.
pub(crate) async fn set_password(write: &mut Write, user: &UserId, hash: &str) -> Result<(), DbError> {
    sqlx::query("UPDATE users SET password_hash = $1 WHERE user_id = $2")
        .bind(hash)
        .bind(user.as_str())
        .execute(write.connection())
        .await?;
    Ok(())
}

/// Accounts behind a name, by name.
pub(crate) async fn list(db: &Db, behind: &str, limit: usize) -> Result<Vec<Account>, DbError> {
    let rows = sqlx::query(sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS}, users.disabled, users.created_at, users.revision FROM users WHERE username > $1 ORDER BY username LIMIT $2"
    )))
    .bind(behind)
    .bind(i64::try_from(limit).unwrap_or(i64::MAX))
    .fetch_all(db.pool())
    .await?;
    rows.iter().map(account).collect()
}

/// Makes those who administer accounts wait for each other, so that no two of them can take each other's role at once.
pub(crate) async fn administer(write: &mut Write) -> Result<(), DbError> {
    sqlx::query("UPDATE founder SET one = one").execute(write.connection()).await?;
    Ok(())
}

/// One account.
pub(crate) async fn get(write: &mut Write, user: &UserId) -> Result<Option<Account>, DbError> {
    let row = sqlx::query(sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS}, users.disabled, users.created_at, users.revision FROM users WHERE user_id = $1"
    )))
    .bind(user.as_str())
    .fetch_optional(write.connection())
    .await?;
    row.as_ref().map(account).transpose()
}

/// Changes the role of an account, and whether it is disabled.
pub(crate) async fn update(write: &mut Write, account: &mut Account) -> Result<(), DbError> {
    let change =
        "UPDATE users SET role = $2, disabled = $3, revision = revision + 1 WHERE user_id = $1 RETURNING revision";
    account.revision = sqlx::query_scalar(change)
        .bind(account.user.user_id.as_str())
        .bind(account.user.role.as_str())
        .bind(i64::from(account.disabled))
        .fetch_one(write.connection())
        .await?;
    Ok(())
}

/// Deletes an account with its sign-ins and tokens.
pub(crate) async fn delete(write: &mut Write, user: &UserId) -> Result<(), DbError> {
    let keys = "DELETE FROM idempotency_keys WHERE user_id = $1";
    sqlx::query(keys).bind(user.as_str()).execute(write.connection()).await?;
    sqlx::query("DELETE FROM users WHERE user_id = $1").bind(user.as_str()).execute(write.connection()).await?;
    Ok(())
}

/// How many administrators can sign in.
pub(crate) async fn administrators(write: &mut Write) -> Result<i64, DbError> {
    sqlx::query_scalar("SELECT COUNT(*) FROM users WHERE role = $1 AND disabled = 0")
        .bind(Role::Admin.as_str())
        .fetch_one(write.connection())
        .await
}

fn account(row: &AnyRow) -> Result<Account, DbError> {
    Ok(Account {
        user: user(row)?,
        disabled: row.try_get::<i64, _>("disabled")? != 0,
        created_at: row.try_get("created_at")?,
        revision: row.try_get("revision")?,
    })
}
