//! The ways of extraction agree, on whatever comes.

use super::*;
use proptest::prelude::*;
use std::sync::{Arc, LazyLock};

fn json() -> impl Strategy<Value = String> {
    let text = prop_oneof![
        "[a-c\u{e9}\u{1F600} /=.%-]{0,6}",
        Just("\\u0061\\n\\\"".to_owned()),
        Just("\\ud83d\\ude00".to_owned()),
    ];
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just("false".to_owned()),
        any::<i64>().prop_map(|n| n.to_string()),
        any::<f64>()
            .prop_filter("finite", |n| n.is_finite())
            .prop_map(|n| format!("{n:e}")),
        "-?(0|[1-9][0-9]{0,25})(\\.[0-9]{1,5})?([eE][+-]?[0-9]{1,3})?",
        text.prop_map(|text| format!("\"{text}\"")),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let key = prop_oneof![Just("a"), Just("b"), Just("\\u0061"), Just("c")];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4)
                .prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::vec((key, inner), 0..4).prop_map(|entries| {
                let entries: Vec<_> = entries
                    .iter()
                    .map(|(key, value)| format!("\"{key}\" :{value}"))
                    .collect();
                format!("{{ {} }}", entries.join(" , "))
            }),
        ]
    })
}

/// The table's queries on the part of a record that matters, and on all of it.
static BOTH: LazyLock<Vec<(Arc<Query>, Arc<Query>)>> = LazyLock::new(|| {
    let both = |query: &&str| {
        (
            by_jaq_on(query, true).into(),
            by_jaq_on(query, false).into(),
        )
    };
    program::QUERIES.iter().map(both).collect()
});

/// Queries of paths alone, by the scanner and by jaq.
static PATHS: LazyLock<Vec<(Arc<Query>, Arc<Query>)>> = LazyLock::new(|| {
    let both = |query| (Query::compile(query).unwrap().into(), by_jaq(query).into());
    [
        "{k:.a}",
        "{k:.a.b}",
        "{k:.a,l:.b}",
        "{k:.a,l:.a.b,m:.b.c.a}",
        "{k:.}",
        "{a,b}",
    ]
    .map(both)
    .into()
});

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// The scanner and jaq agree on records, and on records with one byte spoilt.
    #[test]
    fn both_ways_agree(
        record in json(),
        (paths, jaq) in prop::sample::select(&*PATHS),
        spoil in prop::option::weighted(0.3, (any::<prop::sample::Index>(), any::<u8>())),
    ) {
        let mut bytes = record.into_bytes();
        if let Some((at, byte)) = spoil {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let (mut left, mut right) = (Values::default(), Values::default());
        let (left_is, right_is) = (paths.extract(&bytes, &mut left), jaq.extract(&bytes, &mut right));
        prop_assert_eq!(left_is, right_is);
        if left_is.is_ok() {
            prop_assert_eq!(left, right);
        }
    }

    /// On the whole record and on the part that matters, jaq gives the same: every query of the
    /// table for which the part can be told, on any record, sound or spoilt.
    #[test]
    fn what_a_query_cannot_see_does_not_matter(
        record in json(),
        (pruned, whole) in prop::sample::select(&*BOTH),
        spoil in prop::option::weighted(0.2, (any::<prop::sample::Index>(), any::<u8>())),
    ) {
        let mut bytes = record.into_bytes();
        if let Some((at, byte)) = spoil {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let (mut left, mut right) = (Values::default(), Values::default());
        let (left_is, right_is) = (pruned.extract(&bytes, &mut left), whole.extract(&bytes, &mut right));
        prop_assert_eq!(left_is, right_is);
        if left_is.is_ok() {
            prop_assert_eq!(left, right);
        }
    }

    /// Whatever was read before, sound or spoilt, leaves nothing behind; members keep their order.
    #[test]
    fn what_is_used_again_does_not_show(
        records in prop::collection::vec((json(), any::<bool>(), prop::option::weighted(0.2, any::<prop::sample::Index>())), 1..6),
    ) {
        let keys = ["a".to_owned(), "c".to_owned()];
        let mut used = value::Spare::default();
        for (record, pruned, spoil) in records {
            let mut bytes = record.into_bytes();
            if let Some(at) = spoil {
                let at = at.index(bytes.len());
                bytes[at] = b'!';
            }
            let all = Bytes::from(bytes);
            let keys = pruned.then_some(&keys[..]);
            let read = |spare: &mut value::Spare| {
                let read = value::read_next(&mut Cursor::new(&all), &all, keys, spare);
                read.map(|value| value.to_string())
            };
            prop_assert_eq!(read(&mut used), read(&mut value::Spare::default()));
        }
    }

    /// The grammar is serde_json's, but for what a number may be and how deep text may nest.
    #[test]
    fn the_grammar_is_json(record in json(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        // serde_json's raw values let half a surrogate pair pass, which jq does not.
        let mut bytes = record.replace("\\ud83d\\ude00", "\\u00e9").into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let mut cursor = crate::json::Cursor::new(&bytes);
        cursor.whitespace();
        let ours = cursor.value(0).is_ok() && { cursor.whitespace(); cursor.peek().is_none() };
        if std::str::from_utf8(&bytes).is_ok() {
            let theirs = serde_json::from_slice::<Box<serde_json::value::RawValue>>(&bytes).is_ok();
            prop_assert_eq!(ours, theirs);
        }
    }
}
