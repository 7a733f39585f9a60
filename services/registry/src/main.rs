//! The process `muster-registry`.

use std::process::ExitCode;

fn main() -> ExitCode {
    muster_service::run::<muster_registry::Registry>()
}
