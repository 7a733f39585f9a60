//! Databases as a whole, for a backup: all of them as they are at one moment.
//!
//! What a service changes and what it tells of that is one transaction, which puts the telling into its outbox. While
//! the outboxes of all services are held, nothing new is told: so whatever the stream EVENTS has at that moment is in
//! the databases, and whatever the databases tell later is in an outbox or was never done.

use std::{collections::HashSet, path::Path, time::Duration};

use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret, SecretString};
use sqlx::{AnyConnection, AssertSqlSafe, Connection as _, Executor as _, Row as _};
use url::Url;

use crate::{DbError, Engine, db};

/// A table in which a backup that is being made stands, for a service that would remove what belongs to the tables.
pub const HOLDS: &str = "holds (hold_id TEXT PRIMARY KEY, until BIGINT NOT NULL)";
/// Another transaction is over by then. SQLite waits as long.
const PATIENCE: Duration = Duration::from_secs(10);

/// A service's database.
#[derive(Debug, Clone)]
pub struct Place {
    /// Its schema, which bears the service's name.
    pub schema: &'static str,
    /// As the service has it.
    pub url: SecretString,
}

/// Databases that are held: nothing is told meanwhile.
#[derive(Debug)]
pub struct Held {
    databases: Vec<One>,
}

#[derive(Debug)]
struct One {
    place: Place,
    engine: Engine,
    /// Has the lock until it is closed.
    lock: AnyConnection,
}

/// A database at the moment at which it was held, to be copied from now on.
#[derive(Debug)]
pub struct Moment {
    /// Which.
    pub place: Place,
    /// On PostgreSQL, what others name to see that moment; the copy is there already on SQLite.
    pub snapshot: Option<String>,
    _open: Option<AnyConnection>,
}

/// Which engine an address is of.
///
/// # Errors
/// When it is of neither.
pub fn engine(place: &Place) -> Result<Engine, DbError> {
    db::address(place.url.expose_secret()).map(|(engine, _)| engine)
}

/// How PostgreSQL's own programs reach a database: an address without its password, and the password.
///
/// # Errors
/// When it is no address.
pub fn reach(place: &Place) -> Result<(String, Option<SecretString>), DbError> {
    let invalid = |_| sqlx::Error::Configuration("the address of the database cannot be read".into());
    let mut url = Url::parse(place.url.expose_secret()).map_err(invalid)?;
    let password = url.password().map(|password| percent_decode_str(password).decode_utf8_lossy().into_owned().into());
    let _ = url.set_password(None);
    Ok((url.into(), password))
}

/// The version of the PostgreSQL that has a database: 18 of 18.1.
///
/// # Errors
/// When the database fails.
pub async fn server_version(place: &Place) -> Result<u32, DbError> {
    let (_, mut connection) = connect(place).await?;
    let version = sqlx::query_scalar::<_, i32>("SELECT current_setting('server_version_num')::INT / 10000")
        .fetch_one(&mut connection)
        .await?;
    connection.close().await?;
    Ok(u32::try_from(version).unwrap_or_default())
}

impl Held {
    /// Waits for what is under way, and holds everything else.
    ///
    /// # Errors
    /// When a database is not to be had in time.
    pub async fn hold(places: &[Place]) -> Result<Self, DbError> {
        let mut databases = Vec::new();
        for place in places {
            let (engine, mut lock) = connect(place).await?;
            match engine {
                Engine::Sqlite => {
                    lock.execute("BEGIN IMMEDIATE").await?;
                }
                Engine::Postgres => {
                    lock.execute(AssertSqlSafe(format!("SET lock_timeout = {}", PATIENCE.as_millis()))).await?;
                    lock.execute("BEGIN").await?;
                    // A lock on one table alone cannot wait for somebody who waits for it.
                    lock.execute(AssertSqlSafe(format!("LOCK TABLE {}.outbox IN SHARE MODE", place.schema))).await?;
                }
            }
            databases.push(One { place: place.clone(), engine, lock });
        }
        Ok(Self { databases })
    }

    /// Fixes the moment, and lets everything go on. SQLite is copied for it, into `directory`, while its writers wait;
    /// PostgreSQL keeps the moment as long as the [`Moment`] lives.
    ///
    /// # Errors
    /// When a database fails.
    pub async fn fix(self, directory: &Path) -> Result<Vec<Moment>, DbError> {
        let mut moments = Vec::new();
        for One { place, engine, .. } in &self.databases {
            let (_, mut open) = connect(place).await?;
            let (snapshot, open) = match engine {
                Engine::Sqlite => {
                    let file = directory.join(format!("{}.db", place.schema));
                    sqlx::query("VACUUM INTO $1").bind(file.display().to_string()).execute(&mut open).await?;
                    open.close().await?;
                    (None, None)
                }
                Engine::Postgres => {
                    open.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
                    let row = sqlx::query("SELECT pg_export_snapshot()").fetch_one(&mut open).await?;
                    (Some(row.try_get(0)?), Some(open))
                }
            };
            moments.push(Moment { place: place.clone(), snapshot, _open: open });
        }
        for mut one in self.databases {
            one.lock.execute("ROLLBACK").await?;
            one.lock.close().await?;
        }
        Ok(moments)
    }
}

/// A row in [`HOLDS`].
#[derive(Debug)]
pub struct Hold {
    place: Place,
    id: String,
}

impl Hold {
    /// Stands there until `until` (milliseconds since the epoch), or later by [`Hold::keep`]. What had begun before is
    /// over when this returns.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn take(place: &Place, now: i64, until: i64) -> Result<Self, DbError> {
        let hold = Self { place: place.clone(), id: muster_contracts::id::random() };
        let table = hold.table()?;
        let (engine, mut connection) = connect(place).await?;
        connection.execute(if engine == Engine::Sqlite { "BEGIN IMMEDIATE" } else { "BEGIN" }).await?;
        let old = format!("DELETE FROM {table} WHERE until <= $1");
        sqlx::query(AssertSqlSafe(old)).bind(now).execute(&mut connection).await?;
        let new = format!("INSERT INTO {table} (hold_id, until) VALUES ($1, $2)");
        sqlx::query(AssertSqlSafe(new)).bind(&hold.id).bind(until).execute(&mut connection).await?;
        if engine == Engine::Postgres {
            // Others see the row from the end of this on; whoever did not is done by then.
            let attachments = format!("LOCK TABLE {}.attachments IN SHARE MODE", place.schema);
            connection.execute(AssertSqlSafe(attachments)).await?;
        }
        connection.execute("COMMIT").await?;
        connection.close().await?;
        Ok(hold)
    }

    /// Until later.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn keep(&self, until: i64) -> Result<(), DbError> {
        let (_, mut connection) = connect(&self.place).await?;
        let later = format!("UPDATE {} SET until = $2 WHERE hold_id = $1", self.table()?);
        sqlx::query(AssertSqlSafe(later)).bind(&self.id).bind(until).execute(&mut connection).await?;
        connection.close().await
    }

    /// No longer.
    ///
    /// # Errors
    /// When the database fails; then it ends by itself.
    pub async fn end(&self) -> Result<(), DbError> {
        let (_, mut connection) = connect(&self.place).await?;
        let gone = format!("DELETE FROM {} WHERE hold_id = $1", self.table()?);
        sqlx::query(AssertSqlSafe(gone)).bind(&self.id).execute(&mut connection).await?;
        connection.close().await
    }

    fn table(&self) -> Result<String, DbError> {
        Ok(match engine(&self.place)? {
            Engine::Sqlite => "holds".to_owned(),
            Engine::Postgres => format!("{}.holds", self.place.schema),
        })
    }
}

/// Which of the schemas have tables already; an empty one is none.
///
/// # Errors
/// When a database is not to be had.
pub async fn occupied(places: &[Place]) -> Result<Vec<&'static str>, DbError> {
    let mut occupied = Vec::new();
    for place in places {
        let (_, mut connection) = connect(place).await?;
        let tables = "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = $1";
        let tables = sqlx::query_scalar::<_, i64>(tables).bind(place.schema).fetch_one(&mut connection).await?;
        if tables > 0 {
            occupied.push(place.schema);
        }
        connection.close().await?;
    }
    Ok(occupied)
}

/// Ids of what services have still to tell: what EVENTS has of these is told again otherwise.
///
/// # Errors
/// When a database is not to be had.
pub async fn untold(places: &[Place]) -> Result<HashSet<String>, DbError> {
    let mut untold = HashSet::new();
    for place in places {
        let (engine, mut connection) = connect(place).await?;
        let schema = if engine == Engine::Sqlite { "main" } else { place.schema };
        let ids = AssertSqlSafe(format!("SELECT id FROM {schema}.outbox"));
        untold.extend(sqlx::query_scalar::<_, String>(ids).fetch_all(&mut connection).await?);
        connection.close().await?;
    }
    Ok(untold)
}

/// Ends the connections in the registry's tables: the broker that is put back has none of them. Left to itself the
/// registry would believe for a minute that their processes live, and turn away others of the same workers.
///
/// # Errors
/// When the database fails.
pub async fn cut_off(registry: &Place, now: i64) -> Result<(), DbError> {
    let (engine, mut connection) = connect(registry).await?;
    let schema = if engine == Engine::Sqlite { "main" } else { registry.schema };
    let closed = format!("UPDATE {schema}.connections SET closed_at = $1 WHERE closed_at IS NULL");
    sqlx::query(AssertSqlSafe(closed)).bind(now).execute(&mut connection).await?;
    connection.close().await
}

/// Makes room for a schema that is to be put back: removes an empty one, and with `all` also what is in it.
///
/// # Errors
/// When the database fails, or the schema is not empty.
pub async fn clear(place: &Place, all: bool) -> Result<(), DbError> {
    let (_, mut connection) = connect(place).await?;
    let how = if all { "CASCADE" } else { "RESTRICT" };
    connection.execute(AssertSqlSafe(format!("DROP SCHEMA IF EXISTS {} {how}", place.schema))).await?;
    connection.close().await
}

/// One connection, to a database that is there.
async fn connect(place: &Place) -> Result<(Engine, AnyConnection), DbError> {
    sqlx::any::install_default_drivers();
    let (engine, address) = db::address(place.url.expose_secret())?;
    // A backup makes no database.
    let address = if engine == Engine::Sqlite { address.replace("mode=rwc", "mode=rw") } else { address };
    let mut connection = db::in_time(PATIENCE, AnyConnection::connect(&address)).await?;
    if engine == Engine::Sqlite {
        connection.execute("PRAGMA busy_timeout = 10000").await?;
    }
    Ok((engine, connection))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_no_part_of_what_others_see() {
        let place =
            Place { schema: "chat", url: "postgres://muster:p%40ss%2Bw%20rd@db:5432/muster?sslmode=require".into() };
        let (address, password) = reach(&place).unwrap();
        assert_eq!(address, "postgres://muster@db:5432/muster?sslmode=require");
        assert_eq!(password.unwrap().expose_secret(), "p@ss+w rd");
    }
}
