//! API tokens.

use muster_contracts::id::UserId;
use muster_service::{Db, DbError, Write};
use sqlx::{Row as _, any::AnyRow};

use crate::{
    domain::scope::Scope,
    store::users::{self, User},
};

/// A use is noted at most so often, in milliseconds: a busy program costs no write for each request.
const NOTED_EVERY: i64 = 60_000;

/// A token without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) token_id: String,
    pub(crate) name: String,
    pub(crate) scopes: Vec<Scope>,
    pub(crate) created_at: i64,
    pub(crate) last_used_at: Option<i64>,
    pub(crate) expires_at: Option<i64>,
}

/// Keeps a token.
pub(crate) async fn insert(write: &mut Write, user: &UserId, token: &Token, hash: &str) -> Result<(), DbError> {
    let Token { token_id, name, scopes, created_at, last_used_at: _, expires_at } = token;
    sqlx::query(
        "INSERT INTO tokens (token_id, user_id, name, secret_hash, scopes, created_at, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(token_id)
    .bind(user.as_str())
    .bind(name)
    .bind(hash)
    .bind(scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" "))
    .bind(created_at)
    .bind(*expires_at)
    .execute(write.connection())
    .await?;
    Ok(())
}

/// Who has this secret, and by which token; a use is noted.
pub(crate) async fn presented(db: &Db, hash: &str, now: i64) -> Result<Option<(User, Token)>, DbError> {
    let row = sqlx::query(sqlx::AssertSqlSafe(format!(
        "SELECT {}, {COLUMNS} FROM tokens JOIN users ON users.user_id = tokens.user_id \
         WHERE secret_hash = $1 AND (expires_at IS NULL OR expires_at > $2) AND disabled = 0",
        users::COLUMNS
    )))
    .bind(hash)
    .bind(now)
    .fetch_optional(db.pool())
    .await?;
    let Some(row) = row else { return Ok(None) };
    let (user, token) = (users::user(&row)?, token(&row)?);
    if token.last_used_at.is_none_or(|used| now - used >= NOTED_EVERY) {
        let mut write = db.write().await?;
        sqlx::query("UPDATE tokens SET last_used_at = $2 WHERE token_id = $1")
            .bind(&token.token_id)
            .bind(now)
            .execute(write.connection())
            .await?;
        write.commit().await?;
    }
    Ok(Some((user, token)))
}

/// Whether a token is still good.
pub(crate) async fn holds(db: &Db, token: &str, now: i64) -> Result<bool, DbError> {
    let row = sqlx::query(
        "SELECT 1 FROM tokens JOIN users ON users.user_id = tokens.user_id \
         WHERE token_id = $1 AND (expires_at IS NULL OR expires_at > $2) AND disabled = 0",
    )
    .bind(token)
    .bind(now)
    .fetch_optional(db.pool())
    .await?;
    Ok(row.is_some())
}

/// The tokens of a user, newest first, those that have expired too.
pub(crate) async fn list(db: &Db, user: &UserId) -> Result<Vec<Token>, DbError> {
    let rows = sqlx::query(sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM tokens WHERE user_id = $1 ORDER BY created_at DESC, token_id"
    )))
    .bind(user.as_str())
    .fetch_all(db.pool())
    .await?;
    rows.iter().map(token).collect()
}

/// How many tokens a user has.
pub(crate) async fn count(write: &mut Write, user: &UserId) -> Result<i64, DbError> {
    write.count_alone(&format!("tokens of {user}")).await?;
    sqlx::query_scalar("SELECT COUNT(*) FROM tokens WHERE user_id = $1")
        .bind(user.as_str())
        .fetch_one(write.connection())
        .await
}

/// Ends a token and says its name; `None` if the user has none of this id.
pub(crate) async fn delete(write: &mut Write, user: &UserId, token: &str) -> Result<Option<String>, DbError> {
    sqlx::query_scalar("DELETE FROM tokens WHERE token_id = $1 AND user_id = $2 RETURNING name")
        .bind(token)
        .bind(user.as_str())
        .fetch_optional(write.connection())
        .await
}

const COLUMNS: &str =
    "tokens.token_id, tokens.name, tokens.scopes, tokens.created_at, tokens.last_used_at, tokens.expires_at";

fn token(row: &AnyRow) -> Result<Token, DbError> {
    let scopes = row.try_get::<String, _>("scopes")?;
    Ok(Token {
        token_id: row.try_get("token_id")?,
        name: row.try_get("name")?,
        scopes: scopes.split(' ').filter_map(|scope| scope.parse().ok()).collect(),
        created_at: row.try_get("created_at")?,
        last_used_at: row.try_get("last_used_at")?,
        expires_at: row.try_get("expires_at")?,
    })
}
