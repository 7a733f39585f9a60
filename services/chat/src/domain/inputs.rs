//! What a worker and its models can take beside text.

use muster_contracts::{model, v1};
use muster_service::problem;

/// What a model says of itself when it sees images.
const IMAGE: &str = "image";

/// Whether a message with these attachments can be answered. A worker that has not told its models yet may take any.
///
/// # Errors
/// When the worker takes no files, or the model no images.
pub fn check(worker: Option<&v1::Worker>, model: &str, attachments: &[v1::Attachment]) -> Result<(), v1::Problem> {
    let Some(worker) = worker.filter(|worker| worker.models_known && !attachments.is_empty()) else { return Ok(()) };
    if !worker.capabilities.is_some_and(|can| can.attachments) {
        let detail = "The agent of this worker takes no files; write what they say into the message.";
        return Err(refusal("no-attachments", detail));
    }
    let has_image = attachments.iter().any(|attachment| attachment.media_type.starts_with("image/"));
    let sees = |model: &v1::Model| model.input.iter().any(|kind| kind == IMAGE);
    let known = model::named(&worker.models, model);
    if has_image && !known.is_none_or(sees) {
        return Err(refusal("no-images", "This model takes no images; choose another, or remove them."));
    }
    Ok(())
}

fn refusal(slug: &str, detail: &str) -> v1::Problem {
    v1::Problem { slug: slug.to_owned(), ..problem::invalid("/attachments", detail) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_taken_by_who_can_take_them() {
        let model = |id: &str, input: &[&str]| v1::Model {
            model_id: id.to_owned(),
            input: input.iter().map(|&kind| kind.to_owned()).collect(),
            variants: vec!["slowly".to_owned()],
            ..v1::Model::default()
        };
        let worker = |known: bool, attachments: bool| v1::Worker {
            models_known: known,
            models: vec![model("sees", &["image"]), model("reads", &["file"])],
            capabilities: Some(v1::Capabilities { attachments, ..v1::Capabilities::default() }),
            ..v1::Worker::default()
        };
        let (image, text) = (&["image/png"][..], &["text/plain"][..]);
        for (known, attachments, model, files, refused) in [
            (true, true, "sees", image, None),
            (true, true, "reads", image, Some("no-images")),
            (true, true, "reads#slowly", image, Some("no-images")),
            (true, true, "reads", text, None),
            (true, true, "reads", &["text/plain", "image/gif"], Some("no-images")),
            (true, true, "unknown", image, None),
            (true, false, "sees", text, Some("no-attachments")),
            (true, false, "sees", &[], None),
            (false, false, "reads", image, None),
        ] {
            let attachment =
                |kind: &&str| v1::Attachment { media_type: (*kind).to_owned(), ..v1::Attachment::default() };
            let files = files.iter().map(attachment).collect::<Vec<_>>();
            let checked = check(Some(&worker(known, attachments)), model, &files).err().map(|problem| problem.slug);
            assert_eq!(checked.as_deref(), refused, "{known} {attachments} {model} {files:?}");
        }
        assert!(check(None, "any", &[v1::Attachment { media_type: "image/png".into(), ..Default::default() }]).is_ok());
    }
}
