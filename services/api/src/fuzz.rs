//! What holds for any bytes that a stranger sends (see `libs/fuzz`).

pub use crate::feed::fuzz::frame;
use crate::{domain::event_id::EventId, http::requests::answer::AnswerRequest};

/// An event's id that is taken prints as it came.
pub fn event_id(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(id) = text.parse::<EventId>() {
        assert_eq!(id.to_string(), text);
    }
}

/// An answer to an agent's request is one of its two kinds, or is refused.
pub fn answer(data: &[u8]) {
    let Ok(answer) = serde_json::from_slice::<AnswerRequest>(data) else { return };
    if let Ok(answer) = muster_contracts::v1::Answer::try_from(answer) {
        assert!(answer.option_id.is_none() || answer.answers.is_empty());
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn any_id_of_an_event_is_refused_or_prints_as_it_came() {
        muster_fuzz::briefly("event_id", super::event_id);
    }

    #[test]
    fn whatever_is_stored_viewers_get_whole_frames_in_order() {
        muster_fuzz::briefly("frame", super::frame);
    }

    #[test]
    fn an_answer_is_of_one_kind_or_refused() {
        muster_fuzz::briefly("answer", super::answer);
    }
}
