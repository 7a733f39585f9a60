//! Passkeys.

use muster_contracts::id::UserId;
use muster_service::{Db, DbError, Write};
use sqlx::{Row as _, any::AnyRow};

use crate::store::users::{self, User};

/// A passkey as its user knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Passkey {
    pub(crate) passkey_id: String,
    pub(crate) name: String,
    pub(crate) created_at: i64,
    pub(crate) last_used_at: Option<i64>,
}

/// What is needed to check an answer of its.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Credential {
    /// The authenticator's own name for it, base64url.
    pub(crate) credential_id: String,
    /// Domain for which it was made.
    pub(crate) domain: String,
    pub(crate) fixed_state: Vec<u8>,
    pub(crate) state: Vec<u8>,
    pub(crate) transports: u8,
}

/// Keeps a passkey; `false` if there is one of the same credential.
pub(crate) async fn insert(
    write: &mut Write,
    user: &UserId,
    passkey: &Passkey,
    credential: &Credential,
) -> Result<bool, DbError> {
    let Passkey { passkey_id, name, created_at, last_used_at: _ } = passkey;
    let Credential { credential_id, domain, fixed_state, state, transports } = credential;
    let done = sqlx::query(
        "INSERT INTO passkeys (passkey_id, user_id, credential_id, domain, name, fixed_state, state, transports, \
         created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (credential_id) DO NOTHING",
    )
    .bind(passkey_id)
    .bind(user.as_str())
    .bind(credential_id)
    .bind(domain)
    .bind(name)
    .bind(fixed_state.as_slice())
    .bind(state.as_slice())
    .bind(i64::from(*transports))
    .bind(created_at)
    .execute(write.connection())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The passkey of a credential, and whose it is.
pub(crate) async fn of_credential(db: &Db, credential: &str) -> Result<Option<(Credential, User)>, DbError> {
    let row = sqlx::query(sqlx::AssertSqlSafe(format!(
        "SELECT {CREDENTIAL}, {} FROM passkeys JOIN users ON users.user_id = passkeys.user_id \
         WHERE credential_id = $1",
        users::COLUMNS
    )))
    .bind(credential)
    .fetch_optional(db.pool())
    .await?;
    row.map(|row| Ok((self::credential(&row)?, users::user(&row)?))).transpose()
}

/// Notes a use; `false` if the passkey was removed, or used elsewhere, since `was` was read.
pub(crate) async fn used(write: &mut Write, was: &Credential, state: &[u8], now: i64) -> Result<bool, DbError> {
    let done = sqlx::query("UPDATE passkeys SET state = $3, last_used_at = $4 WHERE credential_id = $1 AND state = $2")
        .bind(&was.credential_id)
        .bind(was.state.as_slice())
        .bind(state)
        .bind(now)
        .execute(write.connection())
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Those of a user, oldest first.
pub(crate) async fn list(db: &Db, user: &UserId) -> Result<Vec<Passkey>, DbError> {
    let rows = sqlx::query(
        "SELECT passkey_id, name, created_at, last_used_at FROM passkeys WHERE user_id = $1 \
         ORDER BY created_at, passkey_id",
    )
    .bind(user.as_str())
    .fetch_all(db.pool())
    .await?;
    rows.iter().map(passkey).collect()
}

/// The credentials of a user's.
pub(crate) async fn credentials(db: &Db, user: &UserId) -> Result<Vec<Credential>, DbError> {
    let rows = sqlx::query(sqlx::AssertSqlSafe(format!("SELECT {CREDENTIAL} FROM passkeys WHERE user_id = $1")))
        .bind(user.as_str())
        .fetch_all(db.pool())
        .await?;
    rows.iter().map(credential).collect()
}

/// How many of a user's work at this domain.
pub(crate) async fn count(write: &mut Write, user: &UserId, domain: &str) -> Result<i64, DbError> {
    sqlx::query_scalar("SELECT COUNT(*) FROM passkeys WHERE user_id = $1 AND domain = $2")
        .bind(user.as_str())
        .bind(domain)
        .fetch_one(write.connection())
        .await
}

/// How many a user has.
pub(crate) async fn count_all(write: &mut Write, user: &UserId) -> Result<i64, DbError> {
    sqlx::query_scalar("SELECT COUNT(*) FROM passkeys WHERE user_id = $1")
        .bind(user.as_str())
        .fetch_one(write.connection())
        .await
}

/// Gives one another name; what it is then, if the user has one of this id.
pub(crate) async fn rename(
    write: &mut Write,
    user: &UserId,
    passkey: &str,
    name: &str,
) -> Result<Option<Passkey>, DbError> {
    let row = sqlx::query(
        "UPDATE passkeys SET name = $3 WHERE passkey_id = $1 AND user_id = $2 \
         RETURNING passkey_id, name, created_at, last_used_at",
    )
    .bind(passkey)
    .bind(user.as_str())
    .bind(name)
    .fetch_optional(write.connection())
    .await?;
    row.as_ref().map(self::passkey).transpose()
}

/// Removes one, and says what it was called; none if the user has none of this id.
pub(crate) async fn delete(write: &mut Write, user: &UserId, passkey: &str) -> Result<Option<String>, DbError> {
    sqlx::query_scalar("DELETE FROM passkeys WHERE passkey_id = $1 AND user_id = $2 RETURNING name")
        .bind(passkey)
        .bind(user.as_str())
        .fetch_optional(write.connection())
        .await
}

const CREDENTIAL: &str =
    "passkeys.credential_id, passkeys.domain, passkeys.fixed_state, passkeys.state, passkeys.transports";

fn credential(row: &AnyRow) -> Result<Credential, DbError> {
    Ok(Credential {
        credential_id: row.try_get("credential_id")?,
        domain: row.try_get("domain")?,
        fixed_state: row.try_get("fixed_state")?,
        state: row.try_get("state")?,
        transports: u8::try_from(row.try_get::<i64, _>("transports")?).unwrap_or_default(),
    })
}

fn passkey(row: &AnyRow) -> Result<Passkey, DbError> {
    Ok(Passkey {
        passkey_id: row.try_get("passkey_id")?,
        name: row.try_get("name")?,
        created_at: row.try_get("created_at")?,
        last_used_at: row.try_get("last_used_at")?,
    })
}
