//! What the agent is given: the user's words and what is attached to them.

use std::io;

use data_encoding::BASE64;
use serde_json::{Value, json};

use crate::turn::{Attachment, Turn, TurnIo};

/// Bytes of an attached text that are given to the agent.
const TEXT_BYTES: usize = 512 * 1024;

/// The blocks of the prompt. Attached texts stand in the words, as every agent understands; what it does not take is
/// told.
pub(super) async fn of(turn: &Turn, takes_images: bool, io: &TurnIo) -> io::Result<Vec<Value>> {
    let text = |text: &str| json!({ "type": "text", "text": text });
    let mut blocks = vec![text(&turn.content)];
    for Attachment { name, media_type, file, .. } in &turn.attachments {
        let is_image = media_type.starts_with("image/");
        if is_image && !takes_images {
            io.notice(&format!("attached {name}"), format!("The agent takes no images: it does not get {name}.")).await;
            continue;
        }
        let bytes = tokio::fs::read(file).await?;
        if is_image {
            blocks.push(json!({ "type": "image", "mimeType": media_type, "data": BASE64.encode(&bytes) }));
            continue;
        }
        let whole = String::from_utf8_lossy(&bytes);
        let fits = whole.get(..whole.floor_char_boundary(TEXT_BYTES)).unwrap_or_default();
        if fits.len() < whole.len() {
            io.notice(&format!("attached {name}"), format!("{name} is too long: the agent only gets its beginning."))
                .await;
        }
        blocks.push(text(&format!("The file {name}:\n\n{fits}")));
    }
    Ok(blocks)
}
