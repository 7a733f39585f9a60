//! How a turn begins: its session, and the prompt in it.

use std::{path::Path, sync::Arc, time::Duration};

use data_encoding::BASE64;
use muster_contracts::model;
use serde_json::{Map, Value, json};
use tokio::time::{Instant, sleep};

use super::Talk;
use crate::{
    backend::opencode::{
        client::{Client, ClientError},
        past,
    },
    domain::{event::Event, model_id},
    turn::{Attachment, Turn},
};

/// How long a session may still be busy with a turn that was stopped.
const BUSY: Duration = Duration::from_secs(20);

impl Talk<'_> {
    /// Finds or makes the session and gives it the prompt.
    pub(super) async fn begin(&mut self) -> Result<(), ClientError> {
        let Turn { directory, attachments, model, mode, superseded, .. } = self.turn;
        let client = &self.running.client;
        let (session, content) = self.session().await?;
        self.session = Some(Arc::clone(&session));
        self.io.say(Event::SessionId(session.to_string())).await;
        self.wait_until_idle(&session).await?;
        let files = past::rewind(client, directory, &session, superseded).await?;
        if !files.is_empty() {
            self.transcript.notice("rewind", past::told(&files));
        }
        self.ear = Some(self.running.hub.listen(&session));
        let command = command(client, directory, &content).await?;
        let mut parts = Vec::new();
        if command.is_none() && (!content.trim().is_empty() || attachments.is_empty()) {
            parts.push(json!({ "type": "text", "text": content }));
        }
        for attachment in attachments {
            parts.push(file(attachment).await.map_err(ClientError::File)?);
        }
        let mut body =
            Map::from_iter([("messageID".to_owned(), json!(self.message)), ("parts".to_owned(), json!(parts))]);
        if let Some(mode) = mode {
            body.insert("agent".to_owned(), json!(mode));
        }
        let (model, variant) = model::split(model);
        let split = model_id::split(model);
        if let Some(variant) = variant {
            body.insert("variant".to_owned(), json!(variant));
        }
        let Some((name, arguments)) = command else {
            if let Some((provider, model)) = split {
                body.insert("model".to_owned(), json!({ "providerID": provider, "modelID": model }));
            }
            return client.prompt(directory, &session, &body.into()).await;
        };
        if split.is_some() {
            body.insert("model".to_owned(), json!(model));
        }
        body.insert("command".to_owned(), json!(name));
        body.insert("arguments".to_owned(), json!(arguments));
        self.command = Some(Box::pin(client.command(directory, &session, &body.into())));
        Ok(())
    }

    /// The session and what is said in it.
    async fn session(&mut self) -> Result<(Arc<str>, String), ClientError> {
        let Turn { directory, content, backend_session_id, first, fork, .. } = self.turn;
        let client = &self.running.client;
        if let Some(known) = backend_session_id {
            match client.session(directory, known).await {
                Ok(session) => {
                    self.transcript.title(&session.title);
                    return Ok((session.id.into(), content.clone()));
                }
                Err(error) if error.is_lost() => {}
                Err(error) => return Err(error),
            }
        }
        if let Some(fork) = fork {
            return match past::fork(client, directory, fork).await? {
                Some(session) => Ok((session.id.into(), content.clone())),
                None => {
                    let content = self.turn.with_context(self.io).await;
                    Ok((client.create_session(directory).await?.id.into(), content))
                }
            };
        }
        if !first || backend_session_id.is_some() {
            self.transcript.notice(
                "context",
                "opencode no longer has this session: it begins anew, without what was said before.",
            );
        }
        Ok((client.create_session(directory).await?.id.into(), content.clone()))
    }

    /// A prompt to a busy session would be answered together with what is running.
    async fn wait_until_idle(&mut self, session: &str) -> Result<(), ClientError> {
        let client = &self.running.client;
        let directory = &self.turn.directory;
        let deadline = Instant::now() + BUSY;
        let mut aborted = false;
        while client.busy(directory, session).await? {
            if !std::mem::replace(&mut aborted, true)
                && let Err(error) = client.abort(directory, session).await
            {
                // It may have worked nevertheless, or the turn ends by itself.
                tracing::warn!(%error, "opencode could not stop the turn before");
            }
            if Instant::now() > deadline {
                let detail =
                    "the session is still busy with the turn before; stop it or wait, then send again".to_owned();
                return Err(ClientError::Refused { status: reqwest::StatusCode::CONFLICT, detail });
            }
            sleep(Duration::from_millis(200)).await;
        }
        Ok(())
    }
}

/// A file as opencode takes it: within the prompt, since it keeps what it is told of a file's place and reads it again
/// later. It shows text to the model as if the model had read the file.
async fn file(attachment: &Attachment) -> std::io::Result<Value> {
    let Attachment { name, media_type, size: _, file } = attachment;
    let url = format!("data:{media_type};base64,{}", BASE64.encode(&tokio::fs::read(file).await?));
    Ok(json!({ "type": "file", "mime": media_type, "filename": name, "url": url }))
}

/// The command that a message begins with, and what it is told; a slash may also begin a path.
async fn command(client: &Client, directory: &Path, content: &str) -> Result<Option<(String, String)>, ClientError> {
    let Some(typed) = content.trim().strip_prefix('/') else { return Ok(None) };
    let (name, arguments) = typed.split_once(char::is_whitespace).unwrap_or((typed, ""));
    let is_known = client.commands(directory).await?.iter().any(|command| command.name == name);
    Ok(is_known.then(|| (name.to_owned(), arguments.trim().to_owned())))
}
