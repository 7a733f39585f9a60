//! Full text: the one thing that each engine has in its own way.

use muster_service::{Db, DbError, Engine};

use crate::domain::search::Words;

/// Where a session has what was looked for: its newest such message.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Found {
    /// Which session.
    pub chat_session_id: String,
    /// Which message.
    pub message_id: String,
    /// What it says, the first 200,000 characters.
    pub content: String,
}

/// A table `found` of the sessions and messages that have the words of this parameter.
pub(super) fn found(engine: Engine, parameter: &str) -> String {
    match engine {
        Engine::Sqlite => format!(
            "WITH found AS (SELECT r.chat_session_id, r.message_id FROM search \
             JOIN search_rows r ON r.id = search.rowid WHERE search MATCH {parameter})"
        ),
        Engine::Postgres => format!(
            "WITH found AS (SELECT chat_session_id, message_id FROM search \
             WHERE words @@ to_tsquery('pg_catalog.simple', {parameter}))"
        ),
    }
}

/// The words as that parameter.
pub(super) fn query(engine: Engine, words: &Words) -> String {
    match engine {
        Engine::Sqlite => words.fts5(),
        Engine::Postgres => words.tsquery(),
    }
}

/// The newest message with the words in each of these sessions.
///
/// # Errors
/// When the database fails.
pub async fn newest(db: &Db, words: &Words, session_ids: &[&str]) -> Result<Vec<Found>, DbError> {
    let engine = db.engine();
    let places = (0..session_ids.len()).map(|index| format!("${}", index + 2)).collect::<Vec<_>>().join(", ");
    let statement = sqlx::AssertSqlSafe(format!(
        "{}, ranked AS (SELECT m.message_id, \
           ROW_NUMBER() OVER (PARTITION BY m.chat_session_id ORDER BY m.position DESC) AS place \
           FROM found f JOIN chat_messages m ON m.message_id = f.message_id \
           WHERE f.chat_session_id IN ({places})) \
         SELECT m.chat_session_id, m.message_id, substr(m.content, 1, 200000) AS content \
           FROM ranked r JOIN chat_messages m ON m.message_id = r.message_id WHERE r.place = 1",
        found(engine, "$1")
    ));
    let asked = sqlx::query_as(statement).bind(query(engine, words));
    session_ids.iter().fold(asked, |asked, id| asked.bind(*id)).fetch_all(db.pool()).await
}
