//! Any record, packed in either way: nothing is lost between the pieces but what may stand there, no
//! record comes apart into more than AWS allows, and each piece of JSON is one object for serde_json.

#![no_main]

use firehose_local::deaggregate::{MOST_PIECES, SubRecordType, deaggregate};
use libfuzzer_sys::fuzz_target;
use serde::Deserialize as _;
use serde_json::Value;

/// What stands in the record outside of its pieces, which lie in it in their order.
fn between<'a>(record: &'a [u8], pieces: &[&[u8]]) -> Vec<&'a [u8]> {
    let mut gaps = Vec::new();
    let mut at = 0;
    for piece in pieces {
        let start = piece.as_ptr().addr() - record.as_ptr().addr();
        gaps.push(&record[at..start]);
        at = start + piece.len();
    }
    gaps.push(&record[at..]);
    gaps
}

/// One object and nothing behind it, whatever its depth; lone surrogates are no text for serde_json
/// either.
fn is_object(piece: &[u8]) -> bool {
    let mut reader = serde_json::Deserializer::from_slice(piece);
    reader.disable_recursion_limit();
    let value = Value::deserialize(&mut reader);
    value.is_ok_and(|value| value.is_object()) && reader.end().is_ok()
}

fn json(record: &[u8]) {
    let pieces = deaggregate(record, &SubRecordType::Json);
    assert!((1..=MOST_PIECES).contains(&pieces.len()));
    if pieces == [record] {
        return;
    }
    for gap in between(record, &pieces) {
        let space = |byte: &u8| matches!(byte, b' ' | b'\n' | b'\r' | b'\t');
        assert!(gap.iter().all(space), "lost: {gap:?}");
    }
    for piece in &pieces {
        // Text that is no UTF-8 goes through to jq, which shows it as U+FFFD; numbers beyond f64
        // are its largest.
        let text = String::from_utf8_lossy(piece);
        let large = text.contains(['e', 'E']) || piece.len() > 300;
        assert!(is_object(text.as_bytes()) || large, "no object: {text}");
    }
    // What was taken apart and put together otherwise comes apart in the same way.
    assert_eq!(
        deaggregate(&pieces.join(&b"\n"[..]), &SubRecordType::Json),
        pieces
    );
    assert_eq!(deaggregate(&pieces.concat(), &SubRecordType::Json), pieces);
}

fn delimited(delimiter: &[u8], record: &[u8]) {
    let kind = SubRecordType::Delimited(delimiter.to_vec());
    let pieces = deaggregate(record, &kind);
    assert!((1..=MOST_PIECES).contains(&pieces.len()));
    if pieces == [record] {
        return;
    }
    for piece in &pieces {
        assert!(!piece.is_empty());
        assert!(
            !piece
                .windows(delimiter.len())
                .any(|window| window == delimiter)
        );
    }
    for gap in between(record, &pieces) {
        let (whole, rest) = (gap.chunks(delimiter.len()), gap.len() % delimiter.len());
        assert!(
            rest == 0 && whole.into_iter().all(|part| part == delimiter),
            "lost: {gap:?}"
        );
    }
}

fuzz_target!(|input: &[u8]| {
    json(input);
    // The first byte says how long the delimiter is.
    if let Some((length, rest)) = input.split_first() {
        let length = usize::from(*length % 5);
        if let Some((delimiter, record)) = rest.split_at_checked(length) {
            if delimiter.is_empty() {
                assert_eq!(
                    deaggregate(record, &SubRecordType::Delimited(Vec::new())),
                    [record]
                );
            } else {
                delimited(delimiter, record);
            }
        }
    }
});
