//! What holds for any bytes that a stranger sends (see `libs/fuzz`).

use prost::Message as _;

use crate::{
    reply::Reply,
    subject::Subject,
    token::WorkerToken,
    v1::{Chunk, RequestAsked},
};

/// A subject that is taken prints as it came.
pub fn subject(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(subject) = text.parse::<Subject>() {
        assert_eq!(subject.to_string(), text);
    }
}

/// A token that is taken prints as it came.
pub fn token(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(token) = text.parse::<WorkerToken>() {
        assert_eq!(token.to_string(), text);
    }
}

/// A reply takes whatever a worker writes, each a length and its bytes: numbers go up by one, and what it has can be
/// gone on with.
pub fn reply(data: &[u8]) {
    let (mut reply, mut rest) = (Reply::default(), data);
    while let Some((&size, behind)) = rest.split_first() {
        let (payload, behind) = behind.split_at(behind.len().min(size.into()));
        rest = behind;
        let before = reply.number();
        // Even: a chunk; odd: a request. Like the kind in a subject, it is no part of the message.
        let took = match size % 2 {
            0 => Chunk::decode(payload).map(|chunk| reply.chunk(chunk)),
            _ => RequestAsked::decode(payload).map(|asked| reply.request(asked)),
        };
        let grew = reply.number() - before;
        assert!(grew <= u64::from(matches!(took, Ok(Ok(())))));
    }
    let again = Reply::resume(reply.parts().to_vec(), reply.number());
    assert_eq!(again.content(), reply.content());
}

#[cfg(test)]
mod tests {
    #[test]
    fn any_subject_is_refused_or_prints_as_it_came() {
        muster_fuzz::briefly("subject", super::subject);
    }

    #[test]
    fn any_token_is_refused_or_prints_as_it_came() {
        muster_fuzz::briefly("token", super::token);
    }

    #[test]
    fn a_reply_takes_whatever_a_worker_writes() {
        muster_fuzz::briefly("reply", super::reply);
    }
}
