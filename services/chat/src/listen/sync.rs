//! Sync: a worker asks what should be on it now.
//!
//! The answer follows from the tables alone. What it tells is told again until
//! the tables say that it has happened, so nothing is lost with an answer.

use std::{
    cmp::Reverse,
    collections::{HashMap, HashSet},
    sync::PoisonError,
};

use bytes::Bytes;
use muster_bus::{Handled, Identity, Incoming, Stored};
use muster_contracts::{
    Message as _,
    id::{MessageId, SessionId},
    limits::{CUT_REPLIES, OPEN_REPLIES, PAYLOAD_BYTES},
    stream::CHUNKS,
    subject::{About, ChatVerb, ChunkAddress, ChunkKind, Subject, Writer, filter},
    v1,
};
use muster_service::{limiter::Rate, problem};

use super::attachment;
use crate::{
    domain::told,
    restriction,
    state::{Done, Refusal, State, answer},
    store::{RequestRow, TurnRow, asks, messages, quotas, requests, sessions, turns, workers},
    turns::{claim, finish, progress},
};

/// Turns that one answer begins at most; the worker asks again for more.
const STARTS: i64 = 16;
/// Bytes of message contents and of answers to requests, more than any one of them has; the rest is for everything else.
const CONTENT_BYTES: usize = PAYLOAD_BYTES - 64 * 1024;
/// How often one process of a worker may ask: more than any that means well does, and far less than it could.
const ASKS: Rate = Rate { burst: 500, every: 5 };
const RESTARTED: &str = "The worker was restarted while it was writing this.";
const FULL: &str = "The server's storage was full while the worker was writing this.";
const FORGOTTEN: &str = "The worker does not know this reply any more.";

/// Answers what a worker asks chat.
pub async fn handle(state: State, incoming: Incoming) -> Handled<Bytes> {
    let Incoming { subject, identity, payload, .. } = incoming;
    let Subject::ChatWorker { worker, verb } = subject else { return Err(problem::not_found("subject")) };
    // The broker tells who asks; the subject only repeats it.
    let Some(identity) = identity.filter(|identity| identity.worker == worker && identity.term > 0) else {
        return Err(problem::not_found("worker"));
    };
    if let Err(seconds) = may_ask(&state, &identity) {
        let detail = format!("This worker asks too often; it may ask again in {seconds} s.");
        return Err(problem::limit("too-many-requests", detail));
    }
    match verb {
        ChatVerb::Sync => {
            let Ok(request) = v1::SyncRequest::decode(payload) else {
                return Err(problem::invalid("", "The request cannot be read."));
            };
            answer(sync(&state, &identity, &request).await).map(|reply| reply.encode_to_vec().into())
        }
        ChatVerb::Result => {
            let Ok(result) = v1::AskResult::decode(payload) else {
                return Err(problem::invalid("", "The result cannot be read."));
            };
            answer(answered(&state, &identity, &result).await).map(|()| Bytes::new())
        }
        ChatVerb::Attachment => {
            let Ok(request) = v1::AttachmentRequest::decode(payload) else {
                return Err(problem::invalid("", "The request cannot be read."));
            };
            answer(attachment::piece(&state, &identity, &request).await).map(|piece| piece.encode_to_vec().into())
        }
    }
}

/// Before anything is looked up: what one asks too often, others wait for.
fn may_ask(state: &State, process: &Identity) -> Result<(), u64> {
    let mut asked = state.asked.lock().unwrap_or_else(PoisonError::into_inner);
    asked.attempt(&process.user_name(), ASKS, state.clock.now())
}

async fn answered(state: &State, identity: &Identity, result: &v1::AskResult) -> Done<()> {
    let (worker_id, result) = (identity.worker.as_str(), told::result(result.clone()));
    let mut write = state.write().await?;
    asks::settle(write.connection(), worker_id, &result).await?;
    write.commit().await?;
    state.answered.notify_waiters();
    Ok(())
}

async fn sync(state: &State, identity: &Identity, request: &v1::SyncRequest) -> Done<v1::SyncReply> {
    let worker_id = identity.worker.as_str();
    // Each is looked up.
    if request.open.len() > OPEN_REPLIES {
        let detail = format!("A worker has at most {OPEN_REPLIES} open replies; end some of them, then ask again.");
        return Err(problem::limit("too-many-replies", detail).into());
    }
    let mut reply = v1::SyncReply::default();
    // Each step takes a connection of its own and gives it back: were one kept over the others, as many workers as
    // there are connections could wait for each other for ever.
    let known = workers::get(state.db.pool(), worker_id).await?;
    if known.is_some_and(|known| known.term > identity.term) {
        let detail = "Another process of this worker has taken over.";
        return Err(Refusal::Problem(problem::conflict("superseded", detail)));
    }
    let told = request.open.iter().map(|open| (open.reply_id.as_str(), open)).collect::<HashMap<_, _>>();
    let (mut open, mut answered) = (HashSet::new(), Vec::new());
    // What it tells of, whatever becomes of that, and what it does not tell of yet.
    let mut busy = request.open.len();
    for turn in turns::open_for(state.db.pool(), worker_id).await? {
        // What another process was told of is not this one's, whatever it knows of it.
        let told = told.get(turn.reply_id.as_str()).filter(|_| turn.instance == identity.instance.as_str());
        match told {
            Some(told) if waits_for_room(state, request, &turn).await? && turn.stop_asked() => {
                // Its end finds no room either.
                finish::abandon(state, &turn, FULL).await?;
                reply.drop.push(told.reply_id.clone());
            }
            Some(told) => known_turn(state, &turn, told, &mut reply, &mut answered).await?,
            None if request.cut.contains(&turn.reply_id) => {
                finish::abandon(state, &turn, RESTARTED).await?;
            }
            None => {
                unknown_turn(state, identity, &turn, request.seen, &mut reply).await?;
                busy += 1;
            }
        }
        open.extend(told.map(|told| &told.reply_id));
    }
    reply.settled = settled(state, worker_id, &request.cut).await?;
    for told in request.open.iter().filter(|told| !open.contains(&told.reply_id)) {
        unexpected(state, identity, told, &mut reply, &mut answered).await?;
    }
    if quotas::get(state.db.pool(), worker_id).await?.is_none() {
        begin(state, identity, OPEN_REPLIES.saturating_sub(busy), &mut reply).await?;
    }
    give(answered, &mut reply);
    if !request.held.is_empty() {
        let active = sessions::active_of_worker(state.db.pool(), worker_id).await?.into_iter().collect::<HashSet<_>>();
        let held = request.held.iter().filter(|held| held.parse::<SessionId>().is_ok());
        reply.release.extend(held.filter(|held| !active.contains(*held)).cloned());
    }
    reply.asks = asks::of_worker(state.db.pool(), worker_id, state.clock.now()).await?;
    Ok(reply)
}

/// Whether a turn waits because the stream is full; shown when it is new or over.
async fn waits_for_room(state: &State, request: &v1::SyncRequest, turn: &TurnRow) -> Done<bool> {
    let full = request.full.contains(&turn.reply_id);
    if full != turn.is_storage_full() {
        progress::storage(state, turn, full).await?;
        restriction::tell(state, &turn.worker_id).await?;
    }
    Ok(full)
}

/// Of the replies that a process of the worker left when it died: those that are over here, or never were.
async fn settled(state: &State, worker_id: &str, cut: &[String]) -> Done<Vec<String>> {
    let mut settled = Vec::new();
    for reply_id in cut.iter().take(CUT_REPLIES) {
        let turn = match reply_id.parse::<MessageId>() {
            Ok(reply) => turns::get(state.db.pool(), reply.as_str()).await?,
            Err(_) => None,
        };
        if turn.is_none_or(|turn| turn.ended_at.is_some() || turn.worker_id != worker_id) {
            settled.push(reply_id.clone());
        }
    }
    Ok(settled)
}

/// The worker works on it, as it should.
async fn known_turn(
    state: &State,
    turn: &TurnRow,
    told: &v1::OpenReply,
    reply: &mut v1::SyncReply,
    answered: &mut Vec<RequestRow>,
) -> Done<()> {
    if turn.stop_asked() {
        reply.stop.push(v1::StopTurn { reply_id: turn.reply_id.clone(), reason: turn.stop_reason.clone() });
    }
    if told.doubtful {
        let sequence = start(state, turn).await?;
        let stored = if sequence.is_some() { Some(highest(state, turn).await?) } else { None };
        reply.go_on.push(v1::GoOn { reply_id: turn.reply_id.clone(), stored, sequence });
    }
    answered.extend(requests::answers(state.db.pool(), &turn.reply_id).await?);
    Ok(())
}

/// Tells answers, the newest first, as many as fit beside the turns that begin. Once these have begun, there is room for
/// the others; those that do not fit alone were told before.
fn give(mut answered: Vec<RequestRow>, reply: &mut v1::SyncReply) {
    answered.sort_by_key(|request| Reverse(request.asked_at));
    let all = answered.len();
    let mut room = CONTENT_BYTES.saturating_sub(bytes(&reply.start));
    let given = answered.into_iter().map(|request| v1::GivenAnswer {
        answer: request.outcome(),
        reply_id: request.reply_id,
        request_id: request.request_id,
    });
    let fits = given.take_while(|given| {
        let fits = given.encoded_len() <= room;
        room = room.saturating_sub(given.encoded_len());
        fits
    });
    reply.answers = fits.collect();
    reply.more |= reply.answers.len() < all && !reply.start.is_empty();
}

/// The worker does not mention it: it has not heard of it yet, or had not when it asked, or its end is on the way to us,
/// or it was lost with the process that had it.
async fn unknown_turn(
    state: &State,
    identity: &Identity,
    turn: &TurnRow,
    seen: Option<u64>,
    reply: &mut v1::SyncReply,
) -> Done<()> {
    let same = turn.instance == identity.instance.as_str();
    let start = start(state, turn).await?;
    let begun = turn.status() == v1::TurnStatus::Streaming || start.is_some();
    match (same, begun) {
        // The question was on its way while a later one was answered.
        (true, true) if seen.is_some() && seen < start => Ok(()),
        (_, false) if turn.stop_asked() => finish::abandon(state, turn, FORGOTTEN).await,
        (true, false) => tell_start(state, turn, reply).await,
        (false, false) => claim::release(state, turn).await,
        (false, true) => finish::abandon(state, turn, RESTARTED).await,
        (true, true) => finish::abandon(state, turn, FORGOTTEN).await,
    }
}

/// The worker works on something that is over here. If we gave it up only
/// because the worker was away, it may go on.
async fn unexpected(
    state: &State,
    identity: &Identity,
    told: &v1::OpenReply,
    reply: &mut v1::SyncReply,
    answered: &mut Vec<RequestRow>,
) -> Done<()> {
    let turn = match told.reply_id.parse::<MessageId>() {
        Ok(reply) => turns::of_worker(state.db.pool(), reply.as_str(), identity.worker.as_str()).await?,
        Err(_) => None,
    };
    let own = turn.filter(|turn| turn.instance == identity.instance.as_str());
    match own {
        Some(turn) if progress::resumed(state, &turn).await? => known_turn(state, &turn, told, reply, answered).await,
        _ => {
            reply.drop.push(told.reply_id.clone());
            Ok(())
        }
    }
}

/// Opens turns for messages that wait, as many as fit into the answer, and as there is room for on the worker.
async fn begin(state: &State, identity: &Identity, room: usize, reply: &mut v1::SyncReply) -> Done<()> {
    let waiting = turns::next_of_worker(state.db.pool(), identity.worker.as_str(), STARTS).await?;
    let full = room > waiting.len() && waiting.len() == usize::try_from(STARTS).unwrap_or(usize::MAX);
    for message in waiting.into_iter().take(room) {
        if bytes(&reply.start) + message.content.len() > CONTENT_BYTES {
            reply.more = true;
            return Ok(());
        }
        if let Some(turn) = claim::claim(state, identity, &message).await? {
            tell_start(state, &turn, reply).await?;
        }
    }
    reply.more |= full;
    Ok(())
}

async fn tell_start(state: &State, turn: &TurnRow, reply: &mut v1::SyncReply) -> Done<()> {
    let message = messages::get(state.db.pool(), &turn.message_id).await?;
    let session = sessions::get(state.db.pool(), &turn.chat_session_id).await?;
    let (Some(message), Some(session)) = (message, session) else { return Ok(()) };
    let start = claim::instruction(state, turn, &message, &session).await?;
    let size = bytes(&reply.start);
    if size > 0 && size + weight(&start) > CONTENT_BYTES {
        reply.more = true;
        return Ok(());
    }
    reply.start.push(start);
    Ok(())
}

fn bytes(starts: &[v1::TurnStart]) -> usize {
    starts.iter().map(weight).sum()
}

/// Bytes of what may be long in what a worker is told of a turn.
fn weight(start: &v1::TurnStart) -> usize {
    let superseded = start.superseded.iter().map(String::len).sum::<usize>();
    start.content.len() + start.fork.as_ref().map_or(0, |fork| fork.context.len()) + superseded
}

/// The sequence at which the stream has a turn's start; 0 when it had it and has forgotten it, `None` when it was never
/// stored.
async fn start(state: &State, turn: &TurnRow) -> Done<Option<u64>> {
    Ok(match last(state, turn, ChunkKind::Start).await? {
        Some(start) => (start.id.as_deref() == Some(&format!("{}:0", turn.nonce))).then_some(start.sequence),
        None => (turn.status() == v1::TurnStatus::Streaming).then_some(0),
    })
}

/// The highest number of a begun reply that the stream has, or that the row has of what the stream has forgotten.
async fn highest(state: &State, turn: &TurnRow) -> Done<u64> {
    let row = messages::get(state.db.pool(), &turn.reply_id).await?;
    let mut highest = row.map_or(0, |row| row.received_number.unsigned_abs());
    if let Some(chunk) = last(state, turn, ChunkKind::Chunk).await? {
        highest = highest.max(v1::Chunk::decode(chunk.payload).map_or(0, |chunk| chunk.number));
    }
    if let Some(asked) = last(state, turn, ChunkKind::Request).await? {
        highest = highest.max(v1::RequestAsked::decode(asked.payload).map_or(0, |asked| asked.number));
    }
    if let Some(end) = last(state, turn, ChunkKind::End).await? {
        highest = highest.max(v1::End::decode(end.payload).map_or(0, |end| end.number));
    }
    Ok(highest)
}

async fn last(state: &State, turn: &TurnRow, kind: ChunkKind) -> Done<Option<Stored>> {
    let subject = Subject::Chunk(ChunkAddress {
        writer: Writer::Worker(turn.worker_id.parse()?),
        session: turn.chat_session_id.parse()?,
        about: About::Message(turn.reply_id.parse()?),
        kind,
    });
    Ok(state.bus.last(CHUNKS, &subject.to_string()).await?)
}

/// What workers ask, by subject.
pub const FILTER: &str = filter::CHAT_WORKERS;
