//! The part of a queue that lies on disk: written and read in blocks, in order, by this process alone.

use std::{
    collections::VecDeque,
    io::{self, SeekFrom},
    sync::Arc,
};

use muster_contracts::limits::TEXT_CHUNK_BYTES;
use tokio::{
    fs::File,
    io::{AsyncReadExt as _, AsyncSeekExt as _, AsyncWriteExt as _},
};

use super::{disk::Disk, record};
use crate::domain::event::Event;

/// Bytes that are written at once.
pub(in crate::turn) const BLOCK: usize = TEXT_CHUNK_BYTES;

/// See the module.
#[derive(Debug)]
pub(super) struct Overflow {
    disk: Arc<Disk>,
    file: Option<File>,
    /// Lengths of the blocks in the file that were not read yet.
    blocks: VecDeque<usize>,
    read: u64,
    written: u64,
    /// What will be the next block.
    tail: Vec<(i64, Event)>,
    tail_weight: usize,
}

impl Overflow {
    pub(super) const fn new(disk: Arc<Disk>) -> Self {
        Self { disk, file: None, blocks: VecDeque::new(), read: 0, written: 0, tail: Vec::new(), tail_weight: 0 }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.blocks.is_empty() && self.tail.is_empty()
    }

    /// Keeps what was said at this time, or gives it back when there is no room.
    pub(super) async fn append(&mut self, at: i64, event: Event) -> Result<(), Event> {
        if !self.disk.is_allowed() {
            return Err(event);
        }
        if !self.tail.is_empty() && self.tail_weight + event.weight() > BLOCK {
            match self.write_tail().await {
                Ok(()) => self.disk.accepts(),
                Err(error) => {
                    self.disk.refuses(&error);
                    return Err(event);
                }
            }
        }
        self.tail_weight += event.weight();
        let apart = match self.tail.last_mut() {
            Some((_, last)) => last.join(event),
            None => Some(event),
        };
        self.tail.extend(apart.map(|event| (at, event)));
        Ok(())
    }

    /// The oldest of what is kept.
    pub(super) async fn take(&mut self) -> io::Result<Vec<(i64, Event)>> {
        let piece = match self.blocks.pop_front() {
            Some(length) => record::decode(&self.read_block(length).await?)?,
            None => {
                self.tail_weight = 0;
                std::mem::take(&mut self.tail)
            }
        };
        if self.is_empty() {
            self.remove();
        }
        Ok(piece)
    }

    async fn write_tail(&mut self) -> io::Result<()> {
        let block = record::encode(&self.tail);
        let length = u64::try_from(block.len()).unwrap_or(u64::MAX);
        self.disk.take(length)?;
        if let Err(error) = self.write_block(&block).await {
            self.disk.give_back(length);
            return Err(error);
        }
        self.blocks.push_back(block.len());
        self.written += length;
        self.tail.clear();
        self.tail_weight = 0;
        Ok(())
    }

    /// Behind the last whole block: what an attempt that failed left there is overwritten.
    async fn write_block(&mut self, block: &[u8]) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(self.disk.file().await?),
        };
        file.seek(SeekFrom::Start(self.written)).await?;
        file.write_all(block).await?;
        file.flush().await
    }

    async fn read_block(&mut self, length: usize) -> io::Result<Vec<u8>> {
        let file = self.file.as_mut().ok_or(io::ErrorKind::NotFound)?;
        let mut block = vec![0; length];
        file.seek(SeekFrom::Start(self.read)).await?;
        file.read_exact(&mut block).await?;
        self.read += u64::try_from(length).unwrap_or(u64::MAX);
        Ok(block)
    }

    fn remove(&mut self) {
        self.file = None;
        self.disk.give_back(self.written);
        (self.read, self.written) = (0, 0);
    }
}

impl Drop for Overflow {
    fn drop(&mut self) {
        self.remove();
    }
}
