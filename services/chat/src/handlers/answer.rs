//! Answers a request, once, from whichever device is first.

use muster_contracts::{Message as _, audit::Action, v1};
use muster_service::problem;

use super::{caller, locked_session};
use crate::{
    state::{Done, State},
    store::{RequestRow, requests, sessions},
    tell::{self, Actor},
};

/// Bytes of what a user adds to an answer.
const MESSAGE_BYTES: usize = 16 * 1024;
/// Bytes of an answer to questions, with all labels.
const ANSWERS_BYTES: usize = 64 * 1024;

pub(super) async fn handle(state: State, request: v1::AnswerRequest) -> Done<v1::AgentRequest> {
    let v1::AnswerRequest { caller: asked_by, chat_session_id, request_id, answer } = request;
    let caller = caller(asked_by);
    let answer = answer.unwrap_or_default();
    let mut write = state.write().await?;
    locked_session(&mut write, &caller, &chat_session_id).await?;
    let known = requests::get(&mut *write.connection(), &chat_session_id, &request_id).await?;
    let known = known.ok_or_else(|| problem::not_found("request"))?;
    checked(&known.body(), &answer)?;
    let answered = requests::answer(write.connection(), &chat_session_id, &request_id, &answer, &caller.user_id);
    let Some(row) = answered.await? else { return settled(&known, &answer) };
    let actor = Actor::user(&caller);
    sessions::touch(write.connection(), &chat_session_id, state.clock.now()).await?;
    tell::request(&mut write, &state.clock, &row, &actor).await?;
    let session = tell::session(&mut write, &state.clock, &chat_session_id, &actor).await?;
    let body = known.body();
    let detail = chosen(&body, &answer);
    let answered = v1::Audit { detail, ..Action::RequestAnswered.to(&request_id, body.title) };
    tell::audited(&mut write, &state.clock, &session, &actor, answered).await?;
    write.commit().await?;
    state.wake(&row.worker_id).await;
    Ok(row.to_wire())
}

/// What was chosen, in the words of the request; of a question's answer only that there is one.
fn chosen(body: &v1::RequestBody, answer: &v1::Answer) -> String {
    let option = body.options.iter().find(|option| Some(&option.option_id) == answer.option_id.as_ref());
    option.map(|option| option.label.clone()).unwrap_or_default()
}

/// The request waits no more: the same answer again is fine, any other comes too late.
fn settled(known: &RequestRow, answer: &v1::Answer) -> Done<v1::AgentRequest> {
    match known.status() {
        v1::RequestStatus::RequestAnswered if known.outcome().as_ref() == Some(answer) => Ok(known.to_wire()),
        v1::RequestStatus::RequestAnswered => {
            Err(problem::conflict("request-answered", "This was answered otherwise already.").into())
        }
        _ => Err(problem::conflict("request-gone", "The agent does not wait for this any more.").into()),
    }
}

fn checked(body: &v1::RequestBody, answer: &v1::Answer) -> Done<()> {
    if answer.message.as_ref().is_some_and(|message| message.len() > MESSAGE_BYTES) {
        return Err(problem::invalid("/message", format!("must be at most {MESSAGE_BYTES} bytes")).into());
    }
    match body.kind() {
        // Whoever gives no answer at all declines.
        v1::RequestKind::Question if *answer == v1::Answer::default() => {}
        v1::RequestKind::Question => {
            if answer.option_id.is_some() || answer.answers.len() != body.questions.len() {
                let detail = format!("must have a list of labels for each of {} questions", body.questions.len());
                return Err(problem::invalid("/answers", detail).into());
            }
            if answer.encoded_len() > ANSWERS_BYTES {
                return Err(problem::invalid("/answers", format!("must be at most {ANSWERS_BYTES} bytes")).into());
            }
            for (index, (question, given)) in body.questions.iter().zip(&answer.answers).enumerate() {
                checked_labels(index, question, &given.labels)?;
            }
        }
        v1::RequestKind::Permission | v1::RequestKind::Unspecified => {
            let offered = body.options.iter().any(|option| Some(&option.option_id) == answer.option_id.as_ref());
            if !offered || !answer.answers.is_empty() {
                return Err(problem::invalid("/optionId", "is not one of the request's options").into());
            }
        }
    }
    Ok(())
}

fn checked_labels(index: usize, question: &v1::Question, given: &[String]) -> Done<()> {
    let pointer = format!("/answers/{index}");
    if given.is_empty() || (given.len() > 1 && !question.multiple) {
        return Err(problem::invalid(&pointer, "must have one label, or more where the question allows it").into());
    }
    let offered = |label: &String| question.options.iter().any(|option| &option.label == label);
    if !question.custom && !given.iter().all(offered) {
        return Err(problem::invalid(&pointer, "has a label that the question does not offer").into());
    }
    if given.iter().any(|label| label.is_empty() || label.len() > MESSAGE_BYTES) {
        return Err(problem::invalid(&pointer, "has a blank or too long answer").into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::Refusal;

    fn permission() -> v1::RequestBody {
        let once = v1::RequestOption { option_id: "once".into(), ..Default::default() };
        v1::RequestBody { kind: v1::RequestKind::Permission.into(), options: vec![once], ..Default::default() }
    }

    fn questions(number: usize) -> v1::RequestBody {
        let question = v1::Question { multiple: true, custom: true, ..Default::default() };
        let questions = vec![question; number];
        v1::RequestBody { kind: v1::RequestKind::Question.into(), questions, ..Default::default() }
    }

    fn chosen(option: &str, message: Option<String>) -> v1::Answer {
        v1::Answer { option_id: Some(option.into()), message, answers: Vec::new() }
    }

    fn answers(labels: &[usize]) -> v1::Answer {
        let labels = labels.iter().map(|&bytes| v1::Labels { labels: vec!["x".repeat(bytes)] });
        v1::Answer { answers: labels.collect(), ..v1::Answer::default() }
    }

    #[test]
    fn each_limit_of_an_answer_names_what_is_over_it() {
        let long = || Some("x".repeat(MESSAGE_BYTES + 1));
        let most = ANSWERS_BYTES / MESSAGE_BYTES;
        let cases = [
            (permission(), chosen("once", None), None),
            (permission(), chosen("never", None), Some("/optionId")),
            (permission(), chosen("once", long()), Some("/message")),
            (permission(), answers(&[1]), Some("/optionId")),
            (questions(1), answers(&[MESSAGE_BYTES]), None),
            (questions(1), answers(&[MESSAGE_BYTES + 1]), Some("/answers/0")),
            (questions(1), answers(&[0]), Some("/answers/0")),
            (questions(2), answers(&[1]), Some("/answers")),
            (questions(2), answers(&[]), None),
            (permission(), answers(&[]), Some("/optionId")),
            (questions(most + 1), answers(&vec![MESSAGE_BYTES; most + 1]), Some("/answers")),
            (questions(1), chosen("once", None), Some("/answers")),
        ];
        for (body, answer, pointer) in cases {
            let refused = match checked(&body, &answer) {
                Ok(()) => None,
                Err(Refusal::Problem(problem)) => problem.fields.first().map(|field| field.pointer.clone()),
                Err(other) => panic!("{other}"),
            };
            assert_eq!(refused.as_deref(), pointer, "{:?}", body.kind());
        }
    }
}
