//! The messages of a session from the first to the last, a page at a time however many there are.

use std::collections::VecDeque;

use futures_util::{Stream, stream};
use muster_contracts::{
    limits, method,
    v1::{self, part::Kind},
};

use crate::{
    http::{messages::whole, problem::Problem},
    state::Shared,
};

/// A message with what was asked in it.
#[derive(Debug)]
pub(super) struct Exported {
    pub(super) message: v1::ChatMessage,
    pub(super) requests: Vec<v1::AgentRequest>,
}

struct Walk {
    api: Shared,
    caller: Option<v1::Caller>,
    session: v1::ChatSession,
    /// Of the page that was read last.
    left: VecDeque<v1::ChatMessage>,
    /// Behind this position of CHUNKS is what the page does not have of an open reply.
    position: u64,
    last: String,
}

/// Every message; it ends with the first problem.
pub(super) fn all(
    api: Shared,
    caller: Option<v1::Caller>,
    session: v1::ChatSession,
) -> impl Stream<Item = Result<Exported, Problem>> + Send {
    let walk = Walk { api, caller, session, left: VecDeque::new(), position: 0, last: String::new() };
    stream::unfold(Some(walk), |walk| async {
        let mut walk = walk?;
        match walk.next().await {
            Ok(None) => None,
            Ok(Some(exported)) => Some((Ok(exported), Some(walk))),
            Err(problem) => {
                tracing::warn!(?problem, "an export of a session was cut short");
                Some((Err(problem), None))
            }
        }
    })
}

impl Walk {
    async fn next(&mut self) -> Result<Option<Exported>, Problem> {
        if self.left.is_empty() {
            self.turn_the_page().await?;
        }
        let Some(message) = self.left.pop_front() else { return Ok(None) };
        self.last.clone_from(&message.message_id);
        let message = whole::read(&self.api, self.caller.as_ref(), message).await?;
        let message = whole::so_far(&self.api, &self.session.worker_id, message, self.position).await?;
        let requests = if asks(&message) { self.requests(&message.message_id).await? } else { Vec::new() };
        Ok(Some(Exported { message, requests }))
    }

    async fn turn_the_page(&mut self) -> Result<(), Problem> {
        let request = v1::ListMessagesRequest {
            caller: self.caller.clone(),
            chat_session_id: self.session.chat_session_id.clone(),
            limit: limits::PAGE_MAX,
            after: Some(self.last.clone()),
            before: None,
        };
        let v1::ListMessagesReply { messages, position, .. } = self.api.call::<method::ListMessages>(request).await?;
        (self.left, self.position) = (messages.into(), position);
        Ok(())
    }

    async fn requests(&self, message_id: &str) -> Result<Vec<v1::AgentRequest>, Problem> {
        let (mut all, mut cursor) = (Vec::new(), None);
        loop {
            let request = v1::RequestsOfReplyRequest {
                caller: self.caller.clone(),
                chat_session_id: self.session.chat_session_id.clone(),
                message_id: message_id.to_owned(),
                page: Some(v1::Page { limit: limits::PAGE_MAX, cursor }),
            };
            let v1::ListRequestsReply { requests, next_cursor } =
                self.api.call::<method::RequestsOfReply>(request).await?;
            all.extend(requests);
            cursor = next_cursor;
            if cursor.is_none() {
                return Ok(all);
            }
        }
    }
}

fn asks(message: &v1::ChatMessage) -> bool {
    message.parts.iter().any(|part| matches!(part.kind, Some(Kind::Permission(_) | Kind::Question(_))))
}
