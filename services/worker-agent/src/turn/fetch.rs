//! Fetches what is attached to a message into files of the worker's own, for one turn.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use futures_util::future::BoxFuture;
use muster_bus::CallError;
use muster_contracts::{
    limits::{ATTACHMENT_BYTES, ATTACHMENTS},
    subject::ChatVerb,
    v1::{self, AttachmentPiece, AttachmentRequest, problem::Kind},
};
use sha2::{Digest as _, Sha256};
use tokio::{io::AsyncWriteExt as _, sync::watch, time::sleep};

use super::Attachment;
use crate::protocol::Link;

/// How long one piece may take to come.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Between attempts while the server does not answer.
const AGAIN: Duration = Duration::from_secs(1);
/// How often a piece that must be there is asked for, and between: a lagging replica has it soon.
const ATTEMPTS: u32 = 20;
const SOON: Duration = Duration::from_millis(200);

/// Where attachments come from.
pub trait AttachmentSource: Send + Sync + 'static {
    /// One attempt to get a piece.
    fn piece(&self, request: AttachmentRequest) -> BoxFuture<'_, Result<AttachmentPiece, CallError>>;
}

/// Over the worker's connection, whichever that is by then.
impl AttachmentSource for watch::Receiver<Link> {
    fn piece(&self, request: AttachmentRequest) -> BoxFuture<'_, Result<AttachmentPiece, CallError>> {
        let link = self.borrow().clone();
        Box::pin(async move { link.bus.request(&link.chat(ChatVerb::Attachment), &request, TIMEOUT).await })
    }
}

/// Why a turn cannot have its attachments; for people.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    #[error("The file {0:?} is not on the server any more; attach it again.")]
    Gone(String),
    #[error("The file {0:?} did not arrive as it was sent; attach it again.")]
    Damaged(String),
    #[error("There is more attached to this message than this worker takes.")]
    TooMuch,
    #[error("The files of this message cannot be kept on this machine: {0}.")]
    Disk(#[from] io::Error),
}

/// Fetches attachments into a directory that belongs to this process.
pub struct Attachments {
    source: Arc<dyn AttachmentSource>,
    directory: PathBuf,
}

/// The attachments of one turn. Their files go with it.
#[derive(Debug, Default)]
pub(super) struct Fetched {
    pub(super) files: Vec<Attachment>,
    directory: Option<PathBuf>,
}

impl Drop for Fetched {
    fn drop(&mut self) {
        if let Some(directory) = &self.directory
            && let Err(error) = fs::remove_dir_all(directory)
        {
            tracing::warn!(%error, directory = %directory.display(), "files of a turn could not be removed");
        }
    }
}

impl Attachments {
    /// Below the worker's state directory, without what an earlier process has left there.
    ///
    /// # Errors
    /// When that cannot be removed.
    pub fn open(source: Arc<dyn AttachmentSource>, state: &Path) -> io::Result<Self> {
        let directory = state.join("attachments");
        match fs::remove_dir_all(&directory) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        Ok(Self { source, directory })
    }

    /// Fetches all of them, whole and as they were uploaded. While the server is away it waits; whoever stops the turn
    /// drops it.
    pub(super) async fn fetch(&self, reply: &str, wanted: &[v1::Attachment]) -> Result<Fetched, FetchError> {
        let mut fetched = Fetched::default();
        if wanted.is_empty() {
            return Ok(fetched);
        }
        if wanted.len() > ATTACHMENTS || wanted.iter().any(|one| one.size > ATTACHMENT_BYTES as u64) {
            return Err(FetchError::TooMuch);
        }
        let directory = self.directory.join(reply);
        tokio::fs::DirBuilder::new().recursive(true).mode(0o700).create(&directory).await?;
        fetched.directory = Some(directory.clone());
        for (index, attachment) in wanted.iter().enumerate() {
            // What it is called stays out of the path.
            let file = directory.join(index.to_string());
            self.file(reply, attachment, &file).await?;
            let v1::Attachment { attachment_id: _, name, media_type, size, digest: _ } = attachment.clone();
            fetched.files.push(Attachment { name, media_type, size, file });
        }
        Ok(fetched)
    }

    async fn file(&self, reply: &str, attachment: &v1::Attachment, path: &Path) -> Result<(), FetchError> {
        let mut file = tokio::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).await?;
        let (mut hash, mut left, mut position) = (Sha256::new(), attachment.size, 0);
        while left > 0 {
            let request = AttachmentRequest {
                reply_id: reply.to_owned(),
                attachment_id: attachment.attachment_id.clone(),
                position,
            };
            let piece = self.piece(request).await.ok_or_else(|| FetchError::Gone(attachment.name.clone()))?;
            left = left
                .checked_sub(piece.bytes.len() as u64)
                .ok_or_else(|| FetchError::Damaged(attachment.name.clone()))?;
            hash.update(&piece.bytes);
            file.write_all(&piece.bytes).await?;
            position = piece.position;
        }
        file.flush().await?;
        if hash.finalize().as_slice() == attachment.digest.as_slice() {
            Ok(())
        } else {
            Err(FetchError::Damaged(attachment.name.clone()))
        }
    }

    /// A piece that is not empty; `None` when the server says that there is none.
    async fn piece(&self, request: AttachmentRequest) -> Option<AttachmentPiece> {
        let mut attempts = 0;
        loop {
            match self.source.piece(request.clone()).await {
                Ok(piece) if !piece.bytes.is_empty() => return Some(piece),
                Ok(_) => {
                    attempts += 1;
                    if attempts == ATTEMPTS {
                        return None;
                    }
                    sleep(SOON).await;
                }
                Err(CallError::Refused(problem)) if problem.kind() == Kind::NotFound => return None,
                Err(error) => {
                    tracing::debug!(%error, "a piece of a file did not come; asking again");
                    sleep(AGAIN).await;
                }
            }
        }
    }
}
