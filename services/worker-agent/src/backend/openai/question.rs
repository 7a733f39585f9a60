//! What the endpoint is asked: the history, the user's words and what is attached to them.

use std::io;

use data_encoding::BASE64;
use serde_json::{Value, json};

use super::history::{History, Role, Said};
use crate::turn::Attachment;

/// Bytes of an attached text that are given to the model.
const TEXT_BYTES: usize = 512 * 1024;

/// The user's message, with attached texts in it and attached images beside it.
/// The second is whether all of the texts fitted.
pub(super) async fn of(content: &str, attachments: &[Attachment]) -> io::Result<(Said, bool)> {
    let mut said = Said { role: Role::User, text: content.to_owned(), images: Vec::new() };
    let mut whole = true;
    for attachment in attachments {
        let Attachment { name, media_type, file, .. } = attachment;
        let bytes = tokio::fs::read(file).await?;
        if attachment.is_image() {
            said.images.push(format!("data:{media_type};base64,{}", BASE64.encode(&bytes)));
        } else {
            let text = String::from_utf8_lossy(&bytes);
            let fits = text.get(..text.floor_char_boundary(TEXT_BYTES)).unwrap_or_default();
            whole &= fits.len() == text.len();
            said.text.push_str(&format!("\n\nThe file {name}:\n\n{fits}\n"));
        }
    }
    Ok((said, whole))
}

/// The body of the request.
pub(super) fn request(model: &str, system: Option<&str>, history: &History, next: &Said) -> Value {
    let system = system.map(|text| json!({ "role": "system", "content": text }));
    let messages = system.into_iter().chain(history.messages.iter().chain([next]).map(message)).collect::<Vec<_>>();
    json!({
        "model": model,
        "messages": messages,
        "stream": true,
        "stream_options": { "include_usage": true },
    })
}

/// Text alone goes as text: not every server knows content in parts.
fn message(said: &Said) -> Value {
    let Said { role, text, images } = said;
    if images.is_empty() {
        return json!({ "role": role, "content": text });
    }
    let image = |url: &String| json!({ "type": "image_url", "image_url": { "url": url } });
    let text = (!text.is_empty()).then(|| json!({ "type": "text", "text": text }));
    let parts = text.into_iter().chain(images.iter().map(image)).collect::<Vec<_>>();
    json!({ "role": role, "content": parts })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn attached_texts_are_in_the_words_and_images_beside_them() {
        let directory = tempfile::tempdir().unwrap();
        let attached = |name: &str, media_type: &str, bytes: &[u8]| {
            let file = directory.path().join(name);
            std::fs::write(&file, bytes).unwrap();
            let (name, media_type) = (name.to_owned(), media_type.to_owned());
            Attachment { name, media_type, size: bytes.len() as u64, file }
        };
        let both = [attached("a.png", "image/png", &[0, 1]), attached("b.txt", "text/plain", b"words")];
        let (said, whole) = of("Look", &both).await.unwrap();
        assert_eq!(said.images, ["data:image/png;base64,AAE="]);
        assert_eq!(said.text, "Look\n\nThe file b.txt:\n\nwords\n");
        assert!(whole);
        let long = attached("c.txt", "text/plain", &[b'x'; TEXT_BYTES + 1]);
        let (said, whole) = of("Look", &[long]).await.unwrap();
        assert!(!whole && said.text.len() < TEXT_BYTES + 100);
    }

    #[test]
    fn images_make_parts_and_words_alone_do_not() {
        let said = |text: &str, images: &[&str]| Said {
            role: Role::User,
            text: text.to_owned(),
            images: images.iter().map(|&image| image.to_owned()).collect(),
        };
        let history = History { messages: vec![said("a", &[])], open: false };
        let body = request("m/x", Some("be kind"), &history, &said("b", &["data:image/png;base64,AA=="]));
        assert_eq!(
            body["messages"],
            json!([
                {"role": "system", "content": "be kind"},
                {"role": "user", "content": "a"},
                {"role": "user", "content": [
                    {"type": "text", "text": "b"},
                    {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}},
                ]},
            ])
        );
        assert_eq!((&body["model"], &body["stream"]), (&json!("m/x"), &json!(true)));
    }
}
