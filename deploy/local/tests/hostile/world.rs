//! Everything that may not change: rows, streams, consumers, and what is heard.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use async_nats::{
    ConnectOptions,
    jetstream::{
        self,
        consumer::{self, PullConsumer},
    },
};
use futures_util::TryStreamExt as _;
use muster_contracts::{
    objects::ATTACHMENTS,
    permissions::{self, ServiceUser},
    stream::{CHUNKS, EVENTS},
    subject::service_inbox,
};
use muster_testkit::{
    sqlite,
    stack::Stack,
    wire::{Heard, Login, Wire},
};
use sqlx::{AnyConnection, Connection as _};

use crate::attempts;

const PATIENCE: Duration = Duration::from_secs(20);
/// Between two looks into a database.
const LOOK: Duration = Duration::from_millis(10);

/// One of our own users on the broker.
pub(crate) async fn service(stack: &Stack, user: ServiceUser) -> async_nats::Client {
    let seed = stack.broker().credentials().seed(user).unwrap();
    let options = ConnectOptions::with_nkey(seed).custom_inbox_prefix(service_inbox(user.name()));
    options.connect(stack.broker().url()).await.unwrap()
}

/// What is written down, but for what names the bad one.
#[derive(Debug, PartialEq)]
pub(crate) struct World {
    rows: BTreeMap<String, BTreeSet<String>>,
    streams: Vec<Stream>,
}

#[derive(Debug, PartialEq)]
struct Stream {
    created: String,
    first: u64,
    subjects: BTreeMap<String, usize>,
    consumers: BTreeMap<String, consumer::Config>,
}

impl World {
    /// Whether something of this id is written down.
    pub(crate) fn knows(&self, id: &str) -> bool {
        self.rows.values().flatten().any(|row| row.contains(id))
    }

    /// Each stream: since when it is, where it begins, and who reads it how.
    pub(crate) fn streams(&self) -> Vec<(&str, u64, &BTreeMap<String, consumer::Config>)> {
        self.streams.iter().map(|stream| (&*stream.created, stream.first, &stream.consumers)).collect()
    }

    pub(crate) async fn as_it_is(stack: &Stack, names_of_the_bad: &[String]) -> Self {
        let is_theirs = |text: &str| names_of_the_bad.iter().any(|name| text.contains(name));
        let mut rows = BTreeMap::new();
        for database in ["registry", "chat", "api"] {
            for (table, mut found) in tables(stack, database).await {
                found.retain(|row| !is_theirs(row));
                rows.insert(format!("{database}.{table}"), found);
            }
        }
        let mut streams = Vec::new();
        for (name, user) in
            [(CHUNKS, ServiceUser::Chat), (EVENTS, ServiceUser::Registry), (ATTACHMENTS.stream, ServiceUser::Chat)]
        {
            let found = jetstream::new(service(stack, user).await).get_stream(name).await.unwrap();
            let info = found.get_info().await.unwrap();
            let mut subjects: BTreeMap<_, _> =
                found.info_with_subjects(">").await.unwrap().try_collect().await.unwrap();
            subjects.retain(|subject, _| !is_theirs(subject));
            let mut consumers = BTreeMap::new();
            for durable in attempts::durables(name) {
                let broker = jetstream::new(service(stack, owner(name, &durable)).await);
                let found: PullConsumer = broker.get_consumer_from_stream(&durable, name).await.unwrap();
                consumers.insert(durable, found.cached_info().config.clone());
            }
            assert_eq!(info.state.consumer_count, consumers.len(), "{name} has one for each right to have one");
            streams.push(Stream {
                created: info.created.to_string(),
                first: info.state.first_sequence,
                subjects,
                consumers,
            });
        }
        Self { rows, streams }
    }
}

/// Whose consumer it is.
fn owner(stream: &str, durable: &str) -> ServiceUser {
    let right = format!("$JS.API.CONSUMER.INFO.{stream}.{durable}");
    let may = |user: &&ServiceUser| permissions::service(**user).publish.contains(&right);
    *ServiceUser::ALL.iter().find(may).unwrap()
}

/// Waits until the services have told everything that they have done until now.
pub(crate) async fn all_is_told(stack: &Stack) {
    for name in ["registry", "chat", "api"] {
        let mut database = database(stack, name).await;
        let untold = async |database: &mut AnyConnection| -> i64 {
            sqlx::query_scalar("SELECT COUNT(*) FROM outbox").fetch_one(database).await.unwrap()
        };
        let told = async {
            while untold(&mut database).await > 0 {
                tokio::time::sleep(LOOK).await;
            }
        };
        tokio::time::timeout(PATIENCE, told).await.unwrap_or_else(|_| panic!("{name} does not tell all"));
    }
}

pub(crate) async fn database(stack: &Stack, name: &str) -> AnyConnection {
    sqlx::any::install_default_drivers();
    AnyConnection::connect(&sqlite::url(&stack.home().join(format!("{name}.db")))).await.unwrap()
}

async fn tables(stack: &Stack, name: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut connection = database(stack, name).await;
    let names = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '%fts%'";
    let names: Vec<String> = sqlx::query_scalar(names).fetch_all(&mut connection).await.unwrap();
    let mut all = BTreeMap::new();
    for table in names {
        let columns = format!("SELECT name FROM pragma_table_info('{table}')");
        let columns: Vec<String> =
            sqlx::query_scalar(sqlx::AssertSqlSafe(columns)).fetch_all(&mut connection).await.unwrap();
        let row = columns.iter().map(|column| format!("quote(\"{column}\")")).collect::<Vec<_>>().join(" || ', ' || ");
        let rows = sqlx::query_scalar(sqlx::AssertSqlSafe(format!("SELECT {row} FROM \"{table}\"")));
        let rows: Vec<String> = rows.fetch_all(&mut connection).await.unwrap();
        all.insert(table, rows.into_iter().collect());
    }
    all
}

/// Hears all that one of our users may hear.
pub(crate) async fn listener(stack: &Stack, user: ServiceUser) -> Wire {
    let login = Login::key(&stack.broker().credentials().seed(user).unwrap());
    let mut wire = Wire::connect(stack.broker().address(), &login).await.unwrap();
    for right in permissions::service(user).subscribe {
        wire.subscribe(&right);
    }
    assert!(wire.settle().await.unwrap().refused.is_empty());
    wire
}

/// Who speaks across the border between the accounts, in the broker's word.
pub(crate) fn speaker(heard: &Heard) -> Option<String> {
    let line = heard.headers.lines().find_map(|line| line.strip_prefix("Nats-Request-Info:"))?;
    let info: serde_json::Value = serde_json::from_str(line.trim()).ok()?;
    info["user"].as_str().map(str::to_owned)
}
