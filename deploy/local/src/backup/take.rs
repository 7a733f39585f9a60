//! Taking all that an installation knows, while it goes on.
//!
//! First the databases, all of one moment ([`copy`]), then the streams: so whatever a database knows to be in a stream
//! is in the stream. What the streams have beyond that moment does no harm. CHUNKS and the files are only ever looked
//! at for what a database tells of, and more of an open reply is as good as less. EVENTS is cut where it is put back.
//! Files that a database tells of stay until the backup has them: chat sees that one is being made.

use std::{
    fs::File,
    io::Write as _,
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime},
};

use muster_bus::{Bus, StreamsError};
use muster_contracts::{
    permissions::{KEPT, ServiceUser},
    stream::EVENTS,
};
use muster_service::{
    Clock,
    copy::{Held, Hold},
};
use tokio::task::AbortHandle;

use super::{
    BackupError, archive,
    manifest::{Engine, FORMAT, Manifest, Part, Stream},
    place::Installation,
    postgres,
};
use crate::report::Report;

/// Within which a backup that died is no longer waited for, and how often one that lives says so.
const LEASE: Duration = Duration::from_mins(10);
const RENEWED: Duration = Duration::from_mins(1);
/// Bytes between two words on how far it is.
const TOLD: u64 = 64 << 20;

/// Takes everything into `directory`.
pub(super) async fn take(from: &Installation, directory: &Path, report: &Report) -> Result<Manifest, BackupError> {
    let bus = from.connect().await?;
    let hold = Kept::take(from).await?;
    let taken = async {
        let (databases, told) = databases(from, &bus, directory, report).await?;
        let streams = streams(&bus, directory, report).await?;
        Ok(Manifest {
            format: FORMAT,
            muster: env!("CARGO_PKG_VERSION").to_owned(),
            made: made(),
            engine: from.engine,
            told,
            databases,
            streams,
        })
    };
    let taken = taken.await;
    hold.end().await;
    bus.close().await;
    taken
}

async fn databases(
    from: &Installation,
    bus: &Bus,
    directory: &Path,
    report: &Report,
) -> Result<(Vec<Part>, u64), BackupError> {
    let step = report.step("copying the databases");
    let held = Held::hold(&from.databases).await?;
    let told = match bus.stream_state(EVENTS).await {
        Ok(state) => state.last,
        Err(StreamsError::Missing(_)) => 0,
        Err(error) => return Err(error.into()),
    };
    let moments = held.fix(directory).await?;
    drop(step);
    let mut parts = Vec::new();
    for moment in moments {
        let of = moment.place.schema;
        let name = match from.engine {
            Engine::Sqlite => format!("{of}.db"),
            Engine::Postgres => format!("{of}.dump"),
        };
        if from.engine == Engine::Postgres {
            postgres::dump(&moment, &directory.join(&name), report).await?;
        }
        let part = archive::part(directory, &name)?;
        report.say(&format!("database of {of}: {}", size(part.bytes)));
        parts.push(part);
    }
    Ok((parts, told))
}

async fn streams(bus: &Bus, directory: &Path, report: &Report) -> Result<Vec<Stream>, BackupError> {
    let mut streams = Vec::new();
    for stream in KEPT {
        let failed = |source| BackupError::Stream { stream: stream.to_owned(), source };
        let Some(mut snapshot) = bus.snapshot(stream).await.map_err(failed)? else { continue };
        let step = report.step(&format!("copying the stream {stream}"));
        let name = format!("{stream}.stream");
        let path = directory.join(&name);
        let unwritten = BackupError::file(&path);
        let mut file = File::create_new(&path).map_err(&unwritten)?;
        let (mut bytes, mut told) = (0, TOLD);
        while let Some(piece) = snapshot.next().await.map_err(failed)? {
            file.write_all(&piece).map_err(&unwritten)?;
            bytes += piece.len() as u64;
            if bytes >= told {
                step.progress(&format!("{} of about {}", size(bytes), size(snapshot.bytes().max(bytes))));
                told = bytes + TOLD;
            }
        }
        drop(step);
        let part = archive::part(directory, &name)?;
        report.say(&format!("stream {stream}: {}", size(part.bytes)));
        streams.push(Stream { part, about: snapshot.about().clone() });
    }
    Ok(streams)
}

/// Bytes as people say them.
pub(super) fn size(bytes: u64) -> String {
    indicatif::HumanBytes(bytes).to_string()
}

#[expect(clippy::disallowed_methods, reason = "the person's time")]
fn made() -> String {
    humantime::format_rfc3339_seconds(SystemTime::now()).to_string()
}

/// Chat sees that a backup is being made, until this is ended, or dropped and [`LEASE`] is over.
struct Kept {
    hold: Option<Arc<Hold>>,
    renewing: AbortHandle,
}

impl Kept {
    async fn take(from: &Installation) -> Result<Self, BackupError> {
        let chat = from.databases.iter().find(|place| place.schema == ServiceUser::Chat.name());
        let Some(chat) = chat else { return Err(BackupError::Engines) };
        let now = Clock::system().now();
        let hold = Arc::new(Hold::take(chat, now, until()).await?);
        let kept = Arc::clone(&hold);
        let renewing = tokio::spawn(async move {
            loop {
                tokio::time::sleep(RENEWED).await;
                // One that fails leaves nine more.
                let _ = kept.keep(until()).await;
            }
        });
        Ok(Self { hold: Some(hold), renewing: renewing.abort_handle() })
    }

    async fn end(mut self) {
        self.renewing.abort();
        if let Some(hold) = self.hold.take() {
            let _ = hold.end().await;
        }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.renewing.abort();
    }
}

fn until() -> i64 {
    Clock::system().now() + i64::try_from(LEASE.as_millis()).unwrap_or_default()
}
