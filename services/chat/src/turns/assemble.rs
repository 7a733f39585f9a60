//! Reading a reply from the stream: from where its row ends to where it is asked for.

use std::time::Duration;

use muster_bus::ReadError;
use muster_contracts::{
    Message as _,
    reply::Reply,
    stream::CHUNKS,
    subject::{ChunkKind, Subject, filter},
    v1,
};

use crate::{
    domain::told,
    state::{Done, State},
    store::{TurnRow, messages, messages::Assembled, turns},
};

/// Bytes of one reply, in memory and in the database: what is behind them is not kept.
const REPLY_BYTES: usize = 128 * 1024 * 1024;
/// Messages read at once.
const BATCH: usize = 500;
/// How often a replica may lag behind what the leader says, and the pause until the next one is asked.
const LAGGING: usize = 20;
const LAG: Duration = Duration::from_millis(50);

/// A reply as the stream has it.
#[derive(Debug)]
pub struct Read {
    /// Its parts.
    pub reply: Reply,
    /// The sequence of the last message that is in it.
    pub position: u64,
    /// What its worker said at the end.
    pub end: Option<v1::End>,
    /// A number was missing, or it grew too large: what follows is not in it.
    pub gap: bool,
    /// The stream was made anew: what the earlier one had of the reply is lost, but for what the row has.
    pub anew: bool,
}

impl Read {
    /// What is kept of it.
    #[must_use]
    pub fn assembled(&self) -> Assembled {
        Assembled {
            content: told::text(self.reply.content()),
            parts: self.reply.parts().to_vec(),
            number: self.reply.number(),
        }
    }

    /// What is kept of it once it is over.
    #[must_use]
    pub fn finished(&self, at: i64) -> Assembled {
        Assembled { parts: self.reply.finished(at), ..self.assembled() }
    }
}

/// Reads what the stream has of a turn's reply, continuing what its row has. That goes up to the sequence `most` at the
/// utmost, unless it is of another stream than this one, which is read from its beginning then.
///
/// # Errors
/// When the database or the broker fails.
pub async fn read(state: &State, turn: &TurnRow, most: u64) -> Done<Read> {
    let behind = turn.stream_position.unsigned_abs();
    let anew = most < behind;
    let row = messages::get(state.db.pool(), &turn.reply_id).await?;
    let (parts, number) = row.map_or_else(Default::default, |row| (row.parts(), row.received_number.unsigned_abs()));
    let mut bytes = size(&parts);
    let position = if anew { 0 } else { behind };
    let mut read = Read { reply: Reply::resume(parts, number), position, end: None, gap: false, anew };
    let filter = filter_of(turn)?;
    loop {
        let batch = state.bus.read(CHUNKS, &filter, read.position + 1, BATCH).await?;
        for message in batch.messages {
            bytes += message.payload.len();
            if bytes > REPLY_BYTES {
                // Most of it may have been told anew, as the output of a tool is: what counts is what is left.
                bytes = size(read.reply.parts()) + message.payload.len();
            }
            if bytes > REPLY_BYTES {
                read.gap = true;
                return Ok(read);
            }
            let Subject::Chunk(address) = &message.subject else { continue };
            let added = match address.kind {
                ChunkKind::Chunk => v1::Chunk::decode(message.payload).map(|chunk| read.reply.chunk(chunk).is_ok()),
                ChunkKind::Request => {
                    v1::RequestAsked::decode(message.payload).map(|asked| read.reply.request(asked).is_ok())
                }
                ChunkKind::End => v1::End::decode(message.payload).map(|end| {
                    read.end = Some(end);
                    true
                }),
                ChunkKind::Start | ChunkKind::State => Ok(true),
            };
            // Unreadable or out of order: nothing behind it can be trusted.
            if !added.unwrap_or(false) {
                read.gap = true;
                return Ok(read);
            }
            read.position = message.sequence;
        }
        if !batch.more {
            return Ok(read);
        }
    }
}

fn size(parts: &[v1::Part]) -> usize {
    parts.iter().map(v1::Part::encoded_len).sum()
}

/// Reads all that the stream has of a turn's reply by now, as its leader knows. A replica that lags, as one does that was
/// away, is not believed: whoever is asked next is mostly another one.
///
/// # Errors
/// When the database or the broker fails, or every replica that was asked lags.
pub async fn read_all(state: &State, turn: &TurnRow) -> Done<Read> {
    let newest = state.bus.last(CHUNKS, &filter_of(turn)?).await?;
    let newest = newest.map_or(turn.stream_position.unsigned_abs(), |newest| newest.sequence);
    for _ in 0..LAGGING {
        let read = read(state, turn, newest).await?;
        if read.gap || read.position >= newest {
            return Ok(read);
        }
        tokio::time::sleep(LAG).await;
    }
    Err(ReadError::Unavailable.into())
}

fn filter_of(turn: &TurnRow) -> Done<String> {
    Ok(filter::reply(&turn.worker_id.parse()?, &turn.chat_session_id.parse()?, &turn.reply_id.parse()?))
}

/// Keeps what an open turn has so far, so that the stream may forget it.
///
/// # Errors
/// When the database or the broker fails.
pub async fn checkpoint(state: &State, turn: &TurnRow) -> Done<()> {
    let read = read(state, turn, turn.stream_position.unsigned_abs()).await?;
    if read.end.is_some() || read.position == turn.stream_position.unsigned_abs() {
        return Ok(());
    }
    keep(state, turn, &read).await
}

/// Unless it has ended meanwhile, or has more already: what is there then is the newer one.
async fn keep(state: &State, turn: &TurnRow, read: &Read) -> Done<()> {
    let mut write = state.write().await?;
    if turns::set_stream_position(write.connection(), &turn.reply_id, read.position).await? {
        messages::checkpoint(write.connection(), &turn.reply_id, &read.assembled()).await?;
        write.commit().await?;
    }
    Ok(())
}
