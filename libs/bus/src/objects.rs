//! Objects: files in pieces, as NATS' own tools lay them out (ADR-20).
//!
//! Written here, because async-nats names pieces by a word that only the finished object tells,
//! so that what a crash leaves is never found again; and because it deletes by purging the
//! stream, a right that none of our services has. Here the pieces bear the object's id, and a
//! deletion is one more message that takes the place of all before it.

use std::collections::VecDeque;

use async_nats::{
    StatusCode,
    jetstream::{
        context::PublishAckFuture,
        message::PublishMessage,
        object_store::{ObjectInfo, ObjectOptions},
    },
};
use bytes::{Bytes, BytesMut};
use data_encoding::BASE64URL;
use futures_util::TryStreamExt as _;
use muster_contracts::objects::{Objects, PIECE_BYTES};
use sha2::{Digest as _, Sha256};

use crate::{
    Bus, ReadError, StoreError, StreamsError,
    read::number,
    store::classify,
    streams::{missing, unavailable},
};

/// Pieces of one object that may wait for their acknowledgement.
const IN_FLIGHT: usize = 4;
/// What takes the place of something deleted goes by itself after this long; the broker knows no less.
const MARK: std::time::Duration = std::time::Duration::from_secs(1);
const ROLLUP: &str = "Nats-Rollup";

/// A piece of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Never empty.
    pub bytes: Bytes,
    /// Where the next one is behind.
    pub position: u64,
}

/// What is known of an object once it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Whole {
    /// Its bytes.
    pub size: u64,
    /// SHA-256 over them.
    pub digest: [u8; 32],
}

/// Writes an object piece by piece; memory holds a few pieces at most. Dropped before its
/// [`ObjectWriter::finish`], it leaves pieces that [`Bus::delete_object`] removes.
#[derive(Debug)]
pub struct ObjectWriter {
    bus: Bus,
    store: Objects,
    id: String,
    /// Less than a piece.
    waiting: BytesMut,
    acks: VecDeque<PublishAckFuture>,
    hash: Sha256,
    size: usize,
    pieces: usize,
}

impl ObjectWriter {
    /// Takes more of it; waits while too much is under way.
    ///
    /// # Errors
    /// When a piece could not be stored: then nothing of the object is of use.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.hash.update(bytes);
        self.size += bytes.len();
        self.waiting.extend_from_slice(bytes);
        while self.waiting.len() >= PIECE_BYTES {
            let piece = self.waiting.split_to(PIECE_BYTES).freeze();
            self.publish(piece).await?;
        }
        Ok(())
    }

    /// Stores the rest and what is known of it.
    ///
    /// # Errors
    /// When it is not stored as a whole.
    pub async fn finish(mut self) -> Result<Whole, StoreError> {
        if !self.waiting.is_empty() {
            let rest = self.waiting.split().freeze();
            self.publish(rest).await?;
        }
        while let Some(ack) = self.acks.pop_front() {
            ack.await.map_err(|error| classify(&error))?;
        }
        let digest = <[u8; 32]>::from(self.hash.clone().finalize());
        let about = ObjectInfo {
            name: self.id.clone(),
            description: None,
            metadata: std::collections::HashMap::new(),
            headers: None,
            options: Some(ObjectOptions { link: None, max_chunk_size: Some(PIECE_BYTES) }),
            bucket: self.store.bucket.to_owned(),
            nuid: self.id.clone(),
            size: self.size,
            chunks: self.pieces,
            modified: None,
            digest: Some(format!("SHA-256={}", BASE64URL.encode(&digest))),
            deleted: false,
        };
        // Numbers and texts: it cannot fail.
        let about = serde_json::to_vec(&about).unwrap_or_default();
        let message = PublishMessage::build().payload(about.into()).header(ROLLUP, "sub");
        self.bus.acknowledged(self.store.about(&self.id), message).await?;
        Ok(Whole { size: self.size as u64, digest })
    }

    async fn publish(&mut self, piece: Bytes) -> Result<(), StoreError> {
        if self.acks.len() >= IN_FLIGHT
            && let Some(oldest) = self.acks.pop_front()
        {
            oldest.await.map_err(|error| classify(&error))?;
        }
        let message = PublishMessage::build().payload(piece);
        let sent = self.bus.jetstream.send_publish(self.store.pieces(&self.id), message).await;
        self.acks.push_back(sent.map_err(|error| classify(&error))?);
        self.pieces += 1;
        Ok(())
    }
}

impl Bus {
    /// Begins an object. Its id must be one token of a subject, as ids of ours are, and new.
    #[must_use]
    pub fn write_object(&self, store: Objects, id: &str) -> ObjectWriter {
        ObjectWriter {
            bus: self.clone(),
            store,
            id: id.to_owned(),
            waiting: BytesMut::new(),
            acks: VecDeque::new(),
            hash: Sha256::new(),
            size: 0,
            pieces: 0,
        }
    }

    /// The piece behind a position, 0 for the first. `None`: there is none, or the replica that was asked has it not
    /// yet; whoever knows that there is more asks again.
    ///
    /// # Errors
    /// When the broker does not answer.
    pub async fn read_object(&self, store: Objects, id: &str, position: u64) -> Result<Option<Piece>, ReadError> {
        let asked = serde_json::json!({ "seq": position.saturating_add(1), "next_by_subj": store.pieces(id) });
        let subject = format!("$JS.API.DIRECT.GET.{}", store.stream);
        let answer = self.inquire(&subject, &asked.to_string().into()).await?;
        match answer.status {
            Some(StatusCode::NOT_FOUND) => return Ok(None),
            Some(_) => return Err(ReadError::Unavailable),
            None => {}
        }
        let position = number(answer.headers.as_ref(), "Nats-Sequence").ok_or(ReadError::Malformed)?;
        // What stands where something was deleted is empty.
        Ok((!answer.payload.is_empty()).then_some(Piece { bytes: answer.payload, position }))
    }

    /// Removes an object, or what there is of it; what is not there is removed already.
    ///
    /// # Errors
    /// When the stream has not said that it is gone.
    pub async fn delete_object(&self, store: Objects, id: &str) -> Result<(), StoreError> {
        for subject in [store.about(id), store.pieces(id)] {
            self.acknowledged(subject, PublishMessage::build().header(ROLLUP, "sub").ttl(MARK)).await?;
        }
        Ok(())
    }

    /// The ids of all objects, and of those of which there are only pieces.
    ///
    /// # Errors
    /// When the broker does not answer.
    pub async fn list_objects(&self, store: Objects) -> Result<Vec<String>, StreamsError> {
        let refused = |reason: String| unavailable(store.stream, reason);
        let stream = self.jetstream.get_stream(store.stream).await.map_err(|error| missing(store.stream, &error))?;
        let subjects = stream.info_with_subjects(store.pieces("*")).await;
        let subjects = subjects.map_err(|error| refused(error.to_string()))?;
        let found = subjects.try_collect::<Vec<_>>().await.map_err(|error| refused(error.to_string()))?;
        Ok(found.iter().filter_map(|(subject, _)| store.id_of(subject).map(str::to_owned)).collect())
    }

    async fn acknowledged(&self, subject: String, message: PublishMessage) -> Result<(), StoreError> {
        let sent = self.jetstream.send_publish(subject, message).await.map_err(|error| classify(&error))?;
        sent.await.map(|_| ()).map_err(|error| classify(&error))
    }
}
