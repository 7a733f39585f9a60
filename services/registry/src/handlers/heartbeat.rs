//! A worker lives. Costs nothing but memory unless it was thought to be offline.

use muster_service::DbError;

use super::Speaker;
use crate::{presence::refresh::refresh, state::Shared};

pub(super) async fn handle(state: &Shared, speaker: &Speaker) -> Result<(), DbError> {
    let Speaker { machine, process, .. } = speaker;
    if state.memory.beat(machine, process, state.now()) {
        refresh(state, &process.worker).await?;
    }
    Ok(())
}
