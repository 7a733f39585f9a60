//! The database: SQLite or PostgreSQL behind the same SQL.
//!
//! Text, BIGINT, DOUBLE PRECISION and BYTEA are the types that both have;
//! parameters are `$1`. A transaction that writes is always [`Db::write`].

use std::{ops::DerefMut, sync::Arc, time::Duration};

use secrecy::{ExposeSecret, SecretString};
use sqlx::{
    Any, AnyConnection, AnyPool, AssertSqlSafe, Executor as _, Transaction, any::AnyPoolOptions, migrate::Migrator,
};
use tokio::sync::{Mutex, Notify, OwnedMutexGuard};

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
        Migrator::with_migrations(all.cloned().collect())
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
    _writer: Option<OwnedMutexGuard<()>>,
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
        let pool = AnyPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(Duration::from_secs(5))
            .after_connect(move |connection, _| Box::pin(prepare(connection, engine, schema)))
            .connect(&address)
            .await?;
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

    /// Begins a transaction that writes.
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
        metrics::counter!("muster_database_writes_total").increment(1);
        Ok(Write { transaction, outbox: Arc::clone(&self.outbox), tells: false, _writer: writer })
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

fn address(url: &str) -> Result<(Engine, String), DbError> {
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
            connection.execute(AssertSqlSafe(format!("SET search_path TO {schema}"))).await?;
        }
    }
    Ok(())
}

/// Whether a statement failed because such a row exists already.
#[must_use]
pub fn is_duplicate(error: &DbError) -> bool {
    error.as_database_error().is_some_and(|error| error.is_unique_violation())
}
