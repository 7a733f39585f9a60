//! The wire format against its recordings: whatever was once sent or stored decodes for ever.
//!
//! `golden/wire.txt` has a line for each message with each of its variants, and for each value of an enum. Lines are
//! added and never changed: one that no longer decodes to what it says means that a running stream, or a worker of an
//! older version, would be misread.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail anywhere")]

use std::{collections::BTreeSet, fmt::Write as _, path::PathBuf};

use data_encoding::HEXLOWER;
use muster_contracts::{Message, v1};
use prost::encoding;
use prost_reflect::{
    DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, OneofDescriptor, Value,
    text_format::FormatOptions,
};

/// Adds what is missing to the recordings.
const BLESS: &str = "MUSTER_BLESS";
/// Messages are filled this deep; what they hold has lines of its own.
const DEPTH: usize = 3;

fn recordings() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/wire.txt")
}

fn recorded() -> Vec<String> {
    std::fs::read_to_string(recordings()).unwrap_or_default().lines().map(str::to_owned).collect()
}

fn pool() -> DescriptorPool {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("proto");
    let mut files =
        std::fs::read_dir(root.join("muster/v1")).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    files.sort();
    DescriptorPool::from_file_descriptor_set(protox::compile(&files, [&root]).unwrap()).unwrap()
}

fn text(message: &DynamicMessage) -> String {
    message.to_text_format_with_options(&FormatOptions::new().skip_unknown_fields(false))
}

/// A value that tells by itself where it belongs.
fn value(field: &FieldDescriptor, depth: usize) -> Option<Value> {
    let number = field.number();
    Some(match field.kind() {
        Kind::Message(message) if depth < DEPTH => Value::Message(filled(&message, None, depth + 1)),
        Kind::Message(_) => return None,
        Kind::Enum(values) => Value::EnumNumber(values.values().last()?.number()),
        Kind::Bool => Value::Bool(true),
        Kind::Double => Value::F64(f64::from(number) + 0.5),
        Kind::Uint32 => Value::U32(number * 1_000),
        Kind::Uint64 => Value::U64(u64::from(number) << 33),
        Kind::Int64 => Value::I64(-i64::from(number) << 33),
        Kind::String => Value::String(format!("{} ü", field.name())),
        Kind::Bytes => Value::Bytes(field.name().to_owned().into_bytes().into()),
        other => panic!("{}: no value for {other:?} yet", field.full_name()),
    })
}

/// A message with every field set; of alternatives, the one asked for or the first.
fn filled(message: &MessageDescriptor, choice: Option<&FieldDescriptor>, depth: usize) -> DynamicMessage {
    let mut made = DynamicMessage::new(message.clone());
    for field in message.fields() {
        let alternatives = field.containing_oneof().filter(|oneof| !oneof.is_synthetic());
        let first = || alternatives.as_ref().and_then(|oneof| oneof.fields().next());
        let chosen = choice.cloned().or_else(first);
        if alternatives.is_some() && chosen.as_ref() != Some(&field) {
            continue;
        }
        let Some(value) = value(&field, depth) else { continue };
        made.set_field(&field, if field.is_list() { Value::List(vec![value.clone(), value]) } else { value });
    }
    made
}

fn line(name: &str, message: &DynamicMessage) -> String {
    format!("{name}\t{}\t{}", HEXLOWER.encode(&message.encode_to_vec()), text(message))
}

/// What the definitions of today make.
fn today() -> Vec<String> {
    let mut lines = Vec::new();
    for message in pool().all_messages() {
        let oneofs = message.oneofs().filter(|oneof| !oneof.is_synthetic()).collect::<Vec<_>>();
        let choices = oneofs.iter().flat_map(OneofDescriptor::fields).collect::<Vec<_>>();
        if choices.is_empty() {
            lines.push(line(message.full_name(), &filled(&message, None, 0)));
        }
        for choice in choices {
            let name = format!("{}/{}", message.full_name(), choice.name());
            lines.push(line(&name, &filled(&message, Some(&choice), 0)));
        }
    }
    for kind in pool().all_enums() {
        lines.extend(kind.values().map(|value| format!("{}\t{}\t{}", kind.full_name(), value.number(), value.name())));
    }
    lines
}

#[test]
fn every_message_of_today_is_recorded() {
    let mut lines = recorded();
    let known = lines.iter().cloned().collect::<BTreeSet<_>>();
    let missing = today().into_iter().filter(|line| !known.contains(line)).collect::<Vec<_>>();
    if missing.is_empty() {
        return;
    }
    assert!(
        std::env::var_os(BLESS).is_some(),
        "the wire format has grown; if that was meant, {BLESS}=1 cargo test -p muster-contracts --test wire adds:\n{}",
        missing.join("\n")
    );
    lines.extend(missing);
    let text = lines.iter().fold(String::new(), |mut text, line| {
        let _ = writeln!(text, "{line}");
        text
    });
    std::fs::write(recordings(), text).unwrap();
}

#[test]
fn everything_recorded_decodes_to_what_it_was() {
    let pool = pool();
    for line in recorded() {
        let mut columns = line.splitn(3, '\t');
        let (name, bytes, meaning) = (columns.next().unwrap(), columns.next().unwrap(), columns.next().unwrap());
        if let Some(kind) = pool.get_enum_by_name(name) {
            assert_eq!(kind.get_value(bytes.parse().unwrap()).unwrap().name(), meaning, "{name}");
            continue;
        }
        let message =
            pool.get_message_by_name(name.split('/').next().unwrap()).unwrap_or_else(|| panic!("{name} is gone"));
        let decoded = DynamicMessage::decode(message, HEXLOWER.decode(bytes.as_bytes()).unwrap().as_slice()).unwrap();
        assert_eq!(text(&decoded), meaning, "{name}");
    }
}

/// Fields that nobody knows yet, of every kind that there is on the wire.
fn of_a_newer_version() -> Vec<u8> {
    let mut bytes = Vec::new();
    encoding::uint64::encode(2_001, &u64::MAX, &mut bytes);
    encoding::string::encode(2_002, &"later".to_owned(), &mut bytes);
    encoding::double::encode(2_003, &0.5, &mut bytes);
    encoding::float::encode(2_004, &0.5, &mut bytes);
    bytes
}

/// Through the types that the services use, and back without a loss.
fn survives<M: Message + Default>(name: &str) {
    let lines = recorded().into_iter().filter(|line| line.split(['\t', '/']).next() == Some(name)).collect::<Vec<_>>();
    assert!(!lines.is_empty(), "{name}");
    for line in lines {
        let bytes = HEXLOWER.decode(line.split('\t').nth(1).unwrap().as_bytes()).unwrap();
        assert_eq!(M::decode(bytes.as_slice()).unwrap().encode_to_vec(), bytes, "{line}");
        let newer = [bytes.as_slice(), &of_a_newer_version()].concat();
        assert_eq!(M::decode(newer.as_slice()).unwrap().encode_to_vec(), bytes, "{line}");
    }
}

#[test]
fn what_is_stored_passes_through_our_types_unchanged() {
    survives::<v1::Start>("muster.v1.Start");
    survives::<v1::Chunk>("muster.v1.Chunk");
    survives::<v1::RequestAsked>("muster.v1.RequestAsked");
    survives::<v1::End>("muster.v1.End");
    survives::<v1::State>("muster.v1.State");
    survives::<v1::Event>("muster.v1.Event");
    survives::<v1::SyncReply>("muster.v1.SyncReply");
}
