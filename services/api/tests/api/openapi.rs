//! The committed document is the one that the code makes.

#[test]
fn the_snapshot_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
    let document = muster_api::http::openapi::document();
    if std::env::var_os("MUSTER_BLESS").is_some() {
        std::fs::write(path, &document).unwrap();
    }
    let snapshot = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        snapshot == document,
        "run MUSTER_BLESS=1 cargo test -p muster-api --test api openapi, and look at the change"
    );
}
