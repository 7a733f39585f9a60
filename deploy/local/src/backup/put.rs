//! Putting everything back, where there is nothing.

use std::{
    collections::HashSet,
    fs::{self, File},
    io::Read as _,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use muster_bus::{Bus, StreamsError};
use muster_contracts::{
    permissions::{KEPT, ServiceUser},
    stream::EVENTS,
    subject::filter,
};
use muster_service::{Clock, copy};
use muster_testkit::{broker::Broker, credentials::Credentials, nats};

use super::{
    BackupError,
    manifest::{Engine, Manifest, Stream},
    place::Installation,
    postgres,
    take::size,
    unless_interrupted,
};
use crate::{data_dir, interrupt::Interrupt, report::Report};

/// What the broker is given at once; more than it takes in one message it never gave.
const PIECE: usize = 256 * 1024;
/// Bytes between two words on how far it is.
const TOLD: u64 = 64 << 20;
/// Messages that are read at once, and of them overwritten at once.
const BATCH: usize = 500;
const AT_ONCE: usize = 64;

/// Whether a data directory may be made here: there is nothing.
pub(super) fn is_free(directory: &Path) -> Result<(), BackupError> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(BackupError::File { path: directory.to_owned(), source }),
    };
    let mut names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect::<Vec<_>>();
    names.sort();
    if names.is_empty() { Ok(()) } else { Err(BackupError::NotEmpty { path: directory.to_owned(), names }) }
}

/// Makes a data directory of what lies in `unpacked`: elsewhere first, so that it is there as a whole or not at all.
pub(super) async fn into_data_dir(
    manifest: &Manifest,
    unpacked: &Path,
    directory: &Path,
    report: &Report,
) -> Result<(), BackupError> {
    if manifest.engine != Engine::Sqlite {
        return Err(BackupError::OtherEngine { of: "PostgreSQL", here: "a data directory, which has SQLite" });
    }
    let parent = directory.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(parent).map_err(BackupError::file(parent))?;
    let made =
        tempfile::Builder::new().prefix(".muster-restore-").tempdir_in(parent).map_err(BackupError::file(parent))?;
    let home = made.path().canonicalize().map_err(BackupError::file(made.path()))?;
    data_dir::mark(&home)?;
    for part in &manifest.databases {
        let to = home.join(&part.name);
        fs::copy(unpacked.join(&part.name), &to).map_err(BackupError::file(&to))?;
    }
    let keys = data_dir::keys(&home);
    let credentials = Arc::new(Credentials::in_directory(&keys)?);
    let server = nats::find_or_install(&|text| report.say(text))?;
    let nowhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let broker = Broker::start_in(server, credentials, &home.join("nats"), nowhere).await?;
    let installation = Installation::new(&home, broker.url())?;
    let bus = installation.connect().await?;
    let restored = streams(&bus, manifest, unpacked, report).await;
    let restored = match restored {
        Ok(()) => cut(&installation, &bus, manifest.told, report).await,
        failed => failed,
    };
    bus.close().await;
    // Its store is whole only then.
    broker.stop().await;
    restored?;
    // An empty directory gives way, and nothing else does.
    fs::rename(&home, directory).map_err(BackupError::file(directory))?;
    let _ = made.keep();
    Ok(())
}

/// Whether databases and a broker have nothing yet.
pub(super) async fn is_empty(installation: &Installation, bus: &Bus) -> Result<(), BackupError> {
    let mut found = match installation.engine {
        Engine::Postgres => copy::occupied(&installation.databases).await?,
        Engine::Sqlite => return Err(BackupError::SqliteElsewhere),
    }
    .into_iter()
    .map(|schema| format!("the database of {schema}"))
    .collect::<Vec<_>>();
    for stream in KEPT {
        match bus.stream_state(stream).await {
            Ok(_) => found.push(format!("the stream {stream}")),
            Err(StreamsError::Missing(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    if found.is_empty() { Ok(()) } else { Err(BackupError::Occupied(found.join(", "))) }
}

/// Puts databases and streams into an installation that is empty.
pub(super) async fn into_databases(
    manifest: &Manifest,
    unpacked: &Path,
    (installation, bus): (&Installation, &Bus),
    interrupt: &mut Interrupt,
    report: &Report,
) -> Result<(), BackupError> {
    if manifest.engine != Engine::Postgres {
        return Err(BackupError::OtherEngine { of: "SQLite", here: "an installation on PostgreSQL" });
    }
    let mut begun = Vec::new();
    let restored = async {
        for place in &installation.databases {
            let part = manifest.databases.iter().find(|part| part.of() == place.schema);
            let part =
                part.ok_or_else(|| BackupError::Damaged(format!("the database of {} is missing", place.schema)))?;
            copy::clear(place, false).await?;
            begun.push(place);
            postgres::restore(place, &unpacked.join(&part.name), report).await?;
        }
        streams(bus, manifest, unpacked, report).await?;
        cut(installation, bus, manifest.told, report).await
    };
    let Err(why) = unless_interrupted(interrupt, restored).await else { return Ok(()) };
    // The broker lets nobody remove a stream; the next attempt names those that are there.
    for place in begun {
        copy::clear(place, true).await?;
    }
    let interrupted = matches!(why, BackupError::Interrupted);
    let half_way = BackupError::HalfWay(Box::new(why));
    if interrupted {
        report.say(&half_way.to_string());
        return Err(BackupError::Interrupted);
    }
    Err(half_way)
}

async fn streams(bus: &Bus, manifest: &Manifest, unpacked: &Path, report: &Report) -> Result<(), BackupError> {
    for Stream { part, about } in &manifest.streams {
        let failed = |source| BackupError::Stream { stream: part.of().to_owned(), source };
        let step = report.step(&format!("restoring the stream {}", part.of()));
        let path = unpacked.join(&part.name);
        let unread = BackupError::file(&path);
        let mut file = File::open(&path).map_err(&unread)?;
        let mut restore = bus.restore(part.of(), about).await.map_err(failed)?;
        let (mut bytes, mut told) = (0, TOLD);
        loop {
            let mut piece = Vec::with_capacity(PIECE);
            file.by_ref().take(PIECE as u64).read_to_end(&mut piece).map_err(&unread)?;
            if piece.is_empty() {
                break;
            }
            bytes += piece.len() as u64;
            restore.write(Bytes::from(piece)).await.map_err(failed)?;
            if bytes >= told {
                step.progress(&format!("{} of {}", size(bytes), size(part.bytes)));
                told = bytes + TOLD;
            }
        }
        restore.finish().await.map_err(failed)?;
        drop(step);
        report.say(&format!("stream {}: {}", part.of(), size(part.bytes)));
    }
    Ok(())
}

/// Takes out what belongs to the broker and the time that were.
///
/// Overwrites what EVENTS tells of a time after the databases', which would be taken for true by whoever reads it: but
/// for what a service is about to tell again, which the broker would not take a second time so soon.
async fn cut(installation: &Installation, bus: &Bus, told: u64, report: &Report) -> Result<(), BackupError> {
    let registry = installation.databases.iter().find(|place| place.schema == ServiceUser::Registry.name());
    if let Some(registry) = registry {
        copy::cut_off(registry, Clock::system().now()).await?;
    }
    let untold: HashSet<String> = copy::untold(&installation.databases).await?;
    match bus.stream_state(EVENTS).await {
        Ok(_) => {}
        Err(StreamsError::Missing(_)) => return Ok(()),
        Err(error) => return Err(error.into()),
    }
    let step = report.step("leaving out what came later");
    let mut from = told + 1;
    loop {
        let batch = bus.read(EVENTS, filter::EVENTS, from, BATCH).await?;
        let Some(last) = batch.messages.last() else { break };
        from = last.sequence + 1;
        let later = batch.messages.iter().filter(|event| event.id.as_ref().is_none_or(|id| !untold.contains(id)));
        let erased = stream::iter(later.map(|event| bus.erase(EVENTS, event.sequence)));
        erased.buffer_unordered(AT_ONCE).try_collect::<Vec<_>>().await?;
        if !batch.more {
            break;
        }
    }
    drop(step);
    Ok(())
}

/// Where an archive is unpacked: beside what is made of it.
pub(super) fn beside(directory: &Path) -> PathBuf {
    match directory.parent() {
        Some(parent) if parent.is_dir() => parent.to_owned(),
        _ => std::env::temp_dir(),
    }
}
