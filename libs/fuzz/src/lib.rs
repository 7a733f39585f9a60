//! The brief run of a fuzz target: its seeds, and what is made from them by
//! chance, the same on every computer and each time. `cargo muster fuzz` runs
//! the same targets for long, guided by what they have covered.
//!
//! A target is a function of bytes that must hold for all of them. It stands in
//! `fuzz.rs` of the crate that it tests, where it sees what is private there.

use std::{
    fs,
    path::{Path, PathBuf},
};

use proptest::{
    prelude::*,
    sample::{Index, select},
    test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner},
};

/// Inputs of a brief run, beside the seeds.
const CASES: u32 = 4_000;
/// Bytes of an input that owes nothing to a seed, at most.
const BYTES: usize = 200;
/// What parsers stumble over: the greatest number of protobuf, a length without end, marks of our own texts.
const SPICE: &[&[u8]] = &[
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
    b"\xff\xff\xff\xff\x0f",
    b"\0",
    b".",
    b":",
    b"-",
    b"*",
    b">",
    b"\r\n",
    b"\"",
    b"\xe2\x80\xae",
    b"18446744073709551615",
    b"-9223372036854775808",
];

/// Runs a target on the files in its directory of seeds, and on what is made from them.
///
/// # Panics
/// When the target does, with the smallest input that was found to do it.
pub fn briefly(name: &str, target: fn(&[u8])) {
    let seeds = seeds(name);
    for seed in &seeds {
        target(seed);
    }
    let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let run = runner.run(&input(seeds), |bytes| {
        std::panic::catch_unwind(|| target(&bytes)).map_err(|_| TestCaseError::fail("the target panicked"))
    });
    if let Err(TestError::Fail(_, bytes)) = &run {
        let shown: String = bytes.iter().map(|byte| format!("\\x{byte:02x}")).collect();
        panic!("{name} does not hold; once it is mended, keep this as a seed: printf '{shown}' > {}", kept(name));
    }
    assert!(run.is_ok(), "{name}: {run:?}");
}

fn kept(name: &str) -> String {
    format!("libs/fuzz/seeds/{name}/REASON")
}

fn package() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn seeds(name: &str) -> Vec<Vec<u8>> {
    let directory = package().join("seeds").join(name);
    let mut files: Vec<PathBuf> = match fs::read_dir(&directory) {
        Ok(entries) => entries.filter_map(|entry| Some(entry.ok()?.path())).collect(),
        Err(error) => panic!("{}: {error}", directory.display()),
    };
    // The order of a directory is the computer's own.
    files.sort();
    assert!(!files.is_empty(), "{name} has no seeds");
    files.iter().filter_map(|file| fs::read(file).ok()).collect()
}

fn input(seeds: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let grown = (select(seeds), prop::collection::vec(edit(), 1..6));
    prop_oneof![
        1 => prop::collection::vec(any::<u8>(), 0..BYTES),
        4 => grown.prop_map(|(seed, edits)| edits.iter().fold(seed, Edit::apply)),
    ]
}

/// One change to an input.
#[derive(Debug, Clone)]
enum Edit {
    Set(Index, u8),
    Cut(Index, usize),
    Insert(Index, Vec<u8>),
    Repeat(Index, usize),
}

fn edit() -> impl Strategy<Value = Edit> {
    let spice = select(SPICE).prop_map(<[u8]>::to_vec);
    let bytes = prop_oneof![spice, prop::collection::vec(any::<u8>(), 1..9)];
    prop_oneof![
        (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Edit::Set(at, byte)),
        (any::<Index>(), 1..9usize).prop_map(|(at, count)| Edit::Cut(at, count)),
        (any::<Index>(), bytes).prop_map(|(at, bytes)| Edit::Insert(at, bytes)),
        (any::<Index>(), 1..40usize).prop_map(|(at, count)| Edit::Repeat(at, count)),
    ]
}

impl Edit {
    fn apply(mut bytes: Vec<u8>, edit: &Self) -> Vec<u8> {
        let place = |at: &Index| at.index(bytes.len() + 1);
        match edit {
            Self::Set(at, byte) => {
                let place = place(at);
                if let Some(old) = bytes.get_mut(place) {
                    *old = *byte;
                }
            }
            Self::Cut(at, count) => {
                let from = place(at);
                bytes.drain(from..(from + count).min(bytes.len()));
            }
            Self::Insert(at, new) => {
                let place = place(at);
                bytes.splice(place..place, new.iter().copied());
            }
            Self::Repeat(at, count) => {
                let from = place(at);
                let again: Vec<u8> = bytes.iter().skip(from).take(*count).copied().collect();
                bytes.splice(from..from, again);
            }
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "printf '\\x21'")]
    fn a_target_that_does_not_hold_is_shown_with_its_smallest_input() {
        briefly("token", |bytes| assert!(!bytes.contains(&b'!')));
    }

    /// A file without an entry would never be run for long.
    #[test]
    fn every_target_is_a_program_and_has_seeds() {
        let manifest = fs::read_to_string(package().join("Cargo.toml")).unwrap();
        for file in fs::read_dir(package().join("targets")).unwrap() {
            let name = file.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned();
            assert!(manifest.contains(&format!("path = \"targets/{name}.rs\"")), "{name}");
            assert!(!seeds(&name).is_empty());
        }
    }
}
