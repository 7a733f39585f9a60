//! The log as CSV (RFC 4180), read and sent piece by piece however long it is.

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use futures_util::{StreamExt as _, stream};
use http::{HeaderValue, header};
use muster_contracts::{id::UserId, v1};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{
    state::Shared,
    store::audit::{self, Entry, Filter, Place},
};

/// Entries that are read at once.
const PIECE: usize = 500;
const COLUMNS: [&str; 16] = [
    "time",
    "user",
    "user_id",
    "action",
    "object",
    "object_id",
    "detail",
    "machine_id",
    "worker_id",
    "session_id",
    "by",
    "by_id",
    "by_worker_id",
    "token",
    "token_id",
    "address",
];

/// Everything that the filter leaves, as a file to keep.
pub(super) fn export(api: Shared, reader: UserId, filter: Filter, behind: Option<Place>) -> Response {
    let head = stream::once(async { rows(std::iter::once(COLUMNS.map(str::to_owned))) });
    let pieces = stream::unfold(Some((api, reader, filter, behind)), |from| async {
        let (api, reader, filter, behind) = from?;
        let entries = match audit::list(&api.db, &filter, behind.as_ref(), PIECE).await {
            Ok(entries) => entries,
            Err(error) => {
                tracing::warn!(%error, "an export of the audit log was cut short");
                return Some((Err(std::io::Error::other(error)), None));
            }
        };
        let last = entries.last().map(Entry::place)?;
        let piece = rows(entries.into_iter().map(|entry| row(entry.seen_by(&reader))));
        Some((piece, Some((api, reader, filter, Some(last)))))
    });
    let mut response = Body::from_stream(head.chain(pieces)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let file = HeaderValue::from_static("attachment; filename=\"muster-audit.csv\"");
    headers.insert(header::CONTENT_DISPOSITION, file);
    response
}

fn rows(rows: impl Iterator<Item = [String; 16]>) -> std::io::Result<Vec<u8>> {
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.write_record(row.map(harmless))?;
    }
    writer.into_inner().map_err(|error| error.into_error())
}

fn row(entry: Entry) -> [String; 16] {
    let Entry { audit_id: _, at, place: _, user_id, username, entity: _, audit, actor, actor_name, token_name } = entry;
    let v1::Audit { action, id, name, detail, machine_id, worker_id, session_id } = audit;
    let v1::Actor { user_id: by, worker_id: by_worker, address, token_id } = actor;
    [
        time(at),
        username,
        user_id,
        action,
        name,
        id,
        detail,
        machine_id,
        worker_id,
        session_id,
        actor_name,
        by,
        by_worker,
        token_name,
        token_id,
        address,
    ]
}

/// RFC 3339, in UTC.
fn time(milliseconds: i64) -> String {
    let time = OffsetDateTime::from_unix_timestamp_nanos(i128::from(milliseconds) * 1_000_000);
    time.ok().and_then(|time| time.format(&Rfc3339).ok()).unwrap_or_default()
}

/// A spreadsheet takes a cell that begins like this for a formula (OWASP, CSV injection); names are anybody's words.
fn harmless(cell: String) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_never_a_formula() {
        for name in ["=1+1", "+1", "-1", "@SUM(A1)"] {
            assert_eq!(harmless(name.to_owned()), format!("'{name}"));
        }
        assert_eq!(harmless("laptop".to_owned()), "laptop");
    }

    #[test]
    fn times_are_in_utc() {
        assert_eq!(time(1_795_330_087_499), "2026-11-22T06:48:07.499Z");
    }
}
