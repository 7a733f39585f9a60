//! Ways to sign in that only a browser and a provider can make: written where the api keeps them.

use muster_contracts::id;
use sqlx::{AnyConnection, AssertSqlSafe, Connection as _};

/// A passkey and an identity of this user, in the database of an api: their ids.
pub(crate) async fn of(url: &str, user: &str) -> (String, String) {
    sqlx::any::install_default_drivers();
    let schema = if url.starts_with("sqlite") { "" } else { "api." };
    let mut connection = AnyConnection::connect(url).await.unwrap();
    let (passkey, identity) = (id::random(), id::random());
    sqlx::query(AssertSqlSafe(format!(
        "INSERT INTO {schema}passkeys (passkey_id, user_id, credential_id, domain, name, fixed_state, state, transports, \
         created_at) VALUES ($1, $2, $1, 'localhost', 'key', $3, $3, 0, 0)"
    )))
    .bind(&passkey)
    .bind(user)
    .bind(Vec::<u8>::new())
    .execute(&mut connection)
    .await
    .unwrap();
    sqlx::query(AssertSqlSafe(format!(
        "INSERT INTO {schema}identities (identity_id, user_id, issuer, subject, name, created_at, last_used_at) \
         VALUES ($1, $2, 'https://id.example', $1, 'somebody', 0, 0)"
    )))
    .bind(&identity)
    .bind(user)
    .execute(&mut connection)
    .await
    .unwrap();
    (passkey, identity)
}
