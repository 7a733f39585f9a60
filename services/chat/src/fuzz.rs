//! What holds for any bytes that a stranger sends (see `libs/fuzz`).

use muster_contracts::{Message as _, reply::Reply, v1};

use crate::{
    domain::{told, turn::Outcome},
    turns::assemble::Read,
};

/// What is kept of a worker's words can be kept by either database, and be shown.
pub fn chat_reads(data: &[u8]) {
    if let Ok(end) = v1::End::decode(data).map(told::end) {
        let texts = [&end.error, &end.backend_session_id, &end.title];
        assert!(!texts.into_iter().flatten().any(|text| text.contains('\0')));
        let usage = end.usage.unwrap_or_default();
        // A thousand million turns do not overflow the sum.
        assert!(usage.input_tokens.max(usage.output_tokens) < 1 << 41);
        assert!(usage.cost.is_none_or(f64::is_finite));
        assert!(!matches!(Outcome::told(end.outcome()), Outcome::Completed) || end.outcome == 4);
    }
    let mut reply = Reply::default();
    if let Ok(chunk) = v1::Chunk::decode(data) {
        let _ = reply.chunk(chunk);
    }
    if let Ok(asked) = v1::RequestAsked::decode(data) {
        if let Some(body) = asked.body.clone().and_then(told::request) {
            assert!(body.request_id.len() == muster_contracts::id::LEN);
            assert!(!body.title.contains('\0') && !body.options.iter().any(|option| option.label.contains('\0')));
        }
        let _ = reply.request(asked);
    }
    let assembled = Read { reply, position: 0, end: None, gap: false, anew: false }.assembled();
    assert!(!assembled.content.contains('\0'));
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_is_kept_of_a_workers_words_can_be_kept_and_shown() {
        muster_fuzz::briefly("chat_reads", super::chat_reads);
    }
}
