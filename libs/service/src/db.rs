//! The database: SQLite or PostgreSQL behind the same SQL.
//!
//! Text, BIGINT, DOUBLE PRECISION and BYTEA are the types that both have;
//! parameters are `$1`. A transaction that writes is always [`Db::write`].

use std::{ops::DerefMut, sync::Arc, time::Duration};

use secrecy::{ExposeSecret, SecretString};
use sqlx::{
    Any, AnyConnection, AnyPool, AssertSqlSafe, Connection as _, Executor as _, Transaction, any::AnyPoolOptions,
    migrate::Migrator,
};
use tokio::sync::{Mutex, Notify, OwnedMutexGuard};

use crate::metric;

/// A free connection that does not answer within it is dead: nothing else tells, where a network has lost it.
const ALIVE: Duration = Duration::from_secs(2);
/// PostgreSQL gives up a client that holds locks and says nothing for so long; another one waits for them.
const FORSAKEN: &str = "30s";

/// A database error; the cause is for the log, never for a caller.
pub type DbError = sqlx::Error;

/// Which engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// Embedded.
    Sqlite,
    /// A server.
    Postgres,
}

/// What makes a service's tables, oldest change first.
#[derive(Debug)]
pub struct Migrations {
    shared: Migrator,
    sqlite: Option<Migrator>,
    postgres: Option<Migrator>,
}

impl Migrations {
    /// The same for both engines.
    #[must_use]
    pub const fn new(shared: Migrator) -> Self {
        Self { shared, sqlite: None, postgres: None }
    }

    /// With what each engine has in its own way; together their numbers are the order.
    #[must_use]
    pub const fn with(shared: Migrator, sqlite: Migrator, postgres: Migrator) -> Self {
        Self { shared, sqlite: Some(sqlite), postgres: Some(postgres) }
    }

    fn of(&self, engine: Engine) -> Migrator {
        let own = match engine {
            Engine::Sqlite => &self.sqlite,
            Engine::Postgres => &self.postgres,
        };
        let all = self.shared.iter().chain(own.iter().flat_map(Migrator::iter));
        // It puts them in order.
        let mut migrator = Migrator::with_migrations(all.cloned().collect());
        // What it does not know is of a newer version, which it can run beside.
        migrator.set_ignore_missing(true);
        migrator
    }
}

/// A pool of connections to one service's own schema.
#[derive(Debug, Clone)]
pub struct Db {
    pool: AnyPool,
    engine: Engine,
    /// SQLite has one writer: waiting here is fair and does not spin.
    writer: Arc<Mutex<()>>,
    /// Rung after a commit that left something to tell.
    pub(crate) outbox: Arc<Notify>,
}

/// A transaction that writes. Dropped without [`Write::commit`], it changes nothing.
#[derive(Debug)]
pub struct Write {
    transaction: Transaction<'static, Any>,
    outbox: Arc<Notify>,
    tells: bool,
    /// Held on SQLite.
    writer: Option<OwnedMutexGuard<()>>,
}

impl Db {
    /// Connects, makes the schema and brings it up to date.
    ///
    /// # Errors
    /// When the address is neither `sqlite:` nor `postgres:`, or the database is not to be had.
    pub async fn open(
        url: &SecretString,
        schema: &'static str,
        connections: u32,
        migrations: &Migrations,
    ) -> Result<Self, DbError> {
        sqlx::any::install_default_drivers();
        let (engine, address) = address(url.expose_secret())?;
        if engine == Engine::Postgres {
            let setup = AnyPoolOptions::new().max_connections(1).connect(&address).await?;
            setup.execute(AssertSqlSafe(format!("CREATE SCHEMA IF NOT EXISTS {schema}"))).await?;
            setup.close().await;
        }
        let mut pool = AnyPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(Duration::from_secs(5))
            .after_connect(move |connection, _| Box::pin(prepare(connection, engine, schema)));
        if engine == Engine::Postgres {
            // The pool would test them as well, and wait for the answer for ever.
            pool = pool
                .test_before_acquire(false)
                .before_acquire(|connection, _| Box::pin(answers(connection)))
                .after_release(|connection, _| Box::pin(answers(connection)));
        }
        let pool = pool.connect(&address).await?;
        migrations.of(engine).run(&pool).await.map_err(|error| sqlx::Error::Migrate(Box::new(error)))?;
        Ok(Self { pool, engine, writer: Arc::default(), outbox: Arc::default() })
    }

    /// For reading. Whoever holds a connection, or a [`Write`], must not ask for another one meanwhile: as many of them
    /// as there are connections would wait for each other.
    #[must_use]
    pub const fn pool(&self) -> &AnyPool {
        &self.pool
    }

    /// Which engine it is.
    #[must_use]
    pub const fn engine(&self) -> Engine {
        self.engine
    }

    /// Begins a transaction that writes. A statement may wait for ever where the network has lost the connection:
    /// whoever nobody else stops does it [in time](in_time).
    ///
    /// # Errors
    /// When no connection is free in time.
    pub async fn write(&self) -> Result<Write, DbError> {
        let (writer, begin) = match self.engine {
            // A transaction that reads first and then writes would fail with
            // "database is locked" when another has written meanwhile.
            Engine::Sqlite => (Some(Arc::clone(&self.writer).lock_owned().await), "BEGIN IMMEDIATE"),
            Engine::Postgres => (None, "BEGIN"),
        };
        let transaction = self.pool.begin_with(begin).await?;
        metric::WRITES.add(1);
        Ok(Write { transaction, outbox: Arc::clone(&self.outbox), tells: false, writer })
    }

    /// Leaves nothing of earlier pages in SQLite's log, where what was deleted since still stands. On PostgreSQL that is
    /// the server's own affair (`VACUUM`, and how long it keeps its log).
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn fold_log(&self) -> Result<(), DbError> {
        if self.engine == Engine::Sqlite {
            self.pool.execute("PRAGMA wal_checkpoint(TRUNCATE)").await?;
        }
        Ok(())
    }

    /// Notes how many connections are used, and how many more there may be.
    pub(crate) fn measure(&self) {
        let idle = u32::try_from(self.pool.num_idle()).unwrap_or(u32::MAX);
        let used = self.pool.size().saturating_sub(idle);
        metric::CONNECTIONS.set_of("used", used.into());
        metric::CONNECTIONS.set_of("free", self.pool.options().get_max_connections().saturating_sub(used).into());
    }

    /// Closes all connections.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

impl Write {
    /// The connection to run statements on.
    pub fn connection(&mut self) -> &mut AnyConnection {
        self.transaction.deref_mut()
    }

    /// Waits until every other transaction that has counted the same is over: what is counted now stays true to the end
    /// of this one.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn count_alone(&mut self, what: &str) -> Result<(), DbError> {
        // On SQLite there is no other one.
        if self.writer.is_none() {
            let lock = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))::TEXT";
            sqlx::query(lock).bind(what).execute(self.connection()).await?;
        }
        Ok(())
    }

    /// Makes it so, and rings the relay if there is something to tell.
    ///
    /// # Errors
    /// When the database does not take it; then nothing has changed.
    pub async fn commit(self) -> Result<(), DbError> {
        self.transaction.commit().await?;
        if self.tells {
            self.outbox.notify_one();
        }
        Ok(())
    }

    pub(crate) const fn tells(&mut self) {
        self.tells = true;
    }
}

pub(crate) fn address(url: &str) -> Result<(Engine, String), DbError> {
    if let Some(path) = url.strip_prefix("sqlite:") {
        let separator = if path.contains('?') { '&' } else { '?' };
        return Ok((Engine::Sqlite, format!("sqlite:{path}{separator}mode=rwc")));
    }
    if url.starts_with("postgres:") || url.starts_with("postgresql:") {
        return Ok((Engine::Postgres, url.to_owned()));
    }
    Err(sqlx::Error::Configuration("database_url must begin with sqlite: or postgres:".into()))
}

async fn prepare(connection: &mut AnyConnection, engine: Engine, schema: &str) -> Result<(), DbError> {
    match engine {
        Engine::Sqlite => {
            // WAL with NORMAL survives the death of the process; only a power
            // cut may take the last transactions.
            for pragma in [
                "PRAGMA journal_mode = WAL",
                "PRAGMA synchronous = NORMAL",
                "PRAGMA busy_timeout = 10000",
                "PRAGMA foreign_keys = ON",
                // What is deleted is overwritten: a page keeps the bytes of its rows otherwise.
                "PRAGMA secure_delete = ON",
            ] {
                connection.execute(pragma).await?;
            }
        }
        Engine::Postgres => {
            let settings = format!(
                "SET search_path TO {schema}; SET idle_in_transaction_session_timeout = '{FORSAKEN}'; \
                 SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3"
            );
            connection.execute(AssertSqlSafe(settings)).await?;
        }
    }
    Ok(())
}

/// Whether a connection is of use; one that is not is dropped without a word to the other side.
async fn answers(connection: &mut AnyConnection) -> Result<bool, DbError> {
    in_time(ALIVE, connection.ping()).await.map(|()| true)
}

/// Does some work with the database, and gives it up, as if the process had died, when that takes too long: the answer
/// to a statement may never come. What the bus hands out, and what the api answers, is bounded there.
///
/// # Errors
/// Those of the work, or that it took longer than `patience`.
pub async fn in_time<T, E: From<DbError>>(
    patience: Duration,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    tokio::time::timeout(patience, work).await.unwrap_or_else(|_| Err(late().into()))
}

fn late() -> DbError {
    sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())
}

/// Whether it may be well in a moment: the database is not there, begins or ends, or has let another transaction go first.
#[must_use]
pub fn is_passing(error: &DbError) -> bool {
    match error {
        sqlx::Error::PoolTimedOut | sqlx::Error::Io(_) => true,
        // Of PostgreSQL: a deadlock, or two that cannot be put in an order; too many connections; it shuts down or starts.
        sqlx::Error::Database(error) => error
            .code()
            .is_some_and(|code| matches!(code.as_ref(), "40P01" | "40001" | "53300" | "57P01" | "57P02" | "57P03")),
        _ => false,
    }
}

/// Whether a statement failed because such a row exists already.
#[must_use]
pub fn is_duplicate(error: &DbError) -> bool {
    error.as_database_error().is_some_and(|error| error.is_unique_violation())
}

#[cfg(test)]
mod tests {
    use muster_testkit::{postgres, proxy::Proxy};
    use sqlx::{
        SqlSafeStr as _,
        migrate::{Migration, MigrationType},
    };

    use super::*;

    fn up_to(last: i64) -> Migrations {
        let made = |version| {
            let sql = format!("CREATE TABLE made_{version} (id BIGINT)");
            let description = format!("table {version}").into();
            Migration::new(version, description, MigrationType::Simple, AssertSqlSafe(sql).into_sql_str(), false)
        };
        Migrations::new(Migrator::with_migrations((1..=last).map(made).collect()))
    }

    /// While a new version is rolled out, and when it is taken back.
    #[tokio::test]
    async fn a_version_starts_beside_the_tables_of_a_newer_one() {
        let (database, home) = (postgres::database(), tempfile::tempdir().unwrap());
        let sqlite = format!("sqlite:{}", home.path().join("x.db").display());
        for url in [sqlite, database.url().to_owned()] {
            let open = async |last| Db::open(&url.clone().into(), "rolled", 1, &up_to(last)).await;
            open(2).await.unwrap().close().await;
            open(1).await.unwrap().close().await;
            open(3).await.unwrap().close().await;
        }
    }

    #[tokio::test]
    async fn connections_that_the_network_has_lost_are_given_up_and_new_ones_serve() {
        let database = postgres::database();
        let server = database.url().split(['@', '/']).nth(3).unwrap().parse().unwrap();
        let proxy = Proxy::before(server).await.unwrap();
        let url = database.through(proxy.address()).url().into();
        let migrations = Migrations::new(Migrator::with_migrations(Vec::new()));
        let db = Db::open(&url, "lost", 1, &migrations).await.unwrap();
        let asked = || async { sqlx::query("SELECT 1").execute(db.pool()).await };

        let mut write = db.write().await.unwrap();
        proxy.lose();
        let hanging = sqlx::query("SELECT 1").execute(write.connection());
        assert!(matches!(in_time(Duration::from_millis(200), hanging).await, Err(DbError::Io(_))));
        drop(write);
        asked().await.expect("the one connection that there may be is a new one");

        proxy.lose();
        asked().await.expect("one that was lost while it was free is found out");
    }
}
