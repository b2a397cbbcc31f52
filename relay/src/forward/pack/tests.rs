//! Every call within every limit, whatever the lines.

use super::*;
use proptest::prelude::*;

const LIMITS: Limits = Limits::FIREHOSE;

fn line(position: u64, bytes: usize) -> Line {
    Line {
        position,
        received_at: 0,
        line: vec![b'x'; bytes].into(),
    }
}

fn fill(packing: Packing, lines: impl Iterator<Item = usize>) -> (Call, usize) {
    let mut packer = Packer::new(packing, LIMITS);
    let taken = (1..)
        .zip(lines)
        .take_while(|(position, bytes)| packer.push(&line(*position, *bytes)))
        .count();
    (packer.take(), taken)
}

#[test]
fn five_hundred_lines_a_record_and_never_more() {
    let (call, taken) = fill(Packing::Many, std::iter::repeat_n(100, 1201));
    assert_eq!(taken, 1201);
    let lines: Vec<u64> = call.records.iter().map(Record::lines).collect();
    assert_eq!(lines, [500, 500, 201]);
    assert_eq!(call.records[0].data.len(), 500 * 101 - 1);
    assert_eq!(
        call.records[0].data.iter().filter(|b| **b == b'\n').count(),
        499
    );
    assert_eq!((call.lines, call.last, call.bytes), (1201, 1201, 120_100));
}

#[test]
fn five_hundred_records_a_call_and_never_more() {
    for newline in [true, false] {
        let (call, taken) = fill(Packing::One { newline }, std::iter::repeat(100));
        assert_eq!((taken, call.records.len()), (500, 500));
        assert_eq!(call.records[0].data.len(), 100 + usize::from(newline));
    }
    let (call, taken) = fill(Packing::Many, std::iter::repeat(5));
    assert_eq!((taken, call.records.len()), (250_000, 500));
}

#[test]
fn a_record_is_at_most_1000_kib() {
    let (call, _) = fill(Packing::Many, std::iter::repeat_n(1_023_999, 2));
    assert_eq!(call.records.len(), 2);
    let (call, taken) = fill(Packing::Many, [10, 1_024_000, 20].into_iter());
    assert_eq!((taken, call.too_long.len(), call.lines), (3, 1, 2));
    assert_eq!((call.records.len(), call.last), (1, 3));
}

#[test]
fn a_line_that_can_never_be_sent_is_still_passed() {
    let (call, _) = fill(Packing::One { newline: false }, [2_000_000].into_iter());
    assert_eq!(
        (call.records.len(), call.too_long.len(), call.last),
        (0, 1, 1)
    );
}

#[test]
fn packing_saves_what_is_billed() {
    let (call, _) = fill(Packing::Many, std::iter::repeat_n(1_059, 480));
    let packed: u64 = call
        .records
        .iter()
        .map(|r| LIMITS.billed(r.data.len()))
        .sum();
    assert_eq!(packed, 512_000);
    assert_eq!(call.billed_alone, 480 * 5_120);
}

#[test]
fn a_call_is_ripe_when_rounding_up_costs_a_twentieth() {
    let mut packer = Packer::new(Packing::Many, LIMITS);
    for position in 1..=100 {
        assert!(!packer.is_ripe(), "{position}");
        assert!(packer.push(&line(position, 1_023)));
    }
    assert!(packer.is_ripe());
    let call = packer.take();
    let billed: u64 = call
        .records
        .iter()
        .map(|r| LIMITS.billed(r.data.len()))
        .sum();
    assert!(
        billed * 100 <= call.bytes * 105,
        "{billed} of {}",
        call.bytes
    );
    // A line a record: company saves nothing.
    let mut packer = Packer::new(Packing::One { newline: true }, LIMITS);
    assert!((1..=400).all(|position| packer.push(&line(position, 1_023))));
    assert!(!packer.is_ripe());
}

proptest! {
    /// Whatever the lines, every call is within every limit, and the calls together hold
    /// every line once, in order.
    #[test]
    fn calls_are_within_all_limits(
        sizes in prop::collection::vec(prop_oneof![
            10 => 1_usize..2_000,
            3 => 50_000_usize..400_000,
            1 => 1_000_000_usize..1_100_000,
        ], 1..60),
        packing in prop_oneof![
            Just(Packing::Many),
            Just(Packing::One { newline: true }),
            Just(Packing::One { newline: false }),
        ],
    ) {
        let mut packer = Packer::new(packing, LIMITS);
        let mut calls = Vec::new();
        for (position, bytes) in (1..).zip(&sizes) {
            let line = line(position, *bytes);
            if !packer.push(&line) {
                calls.push(packer.take());
                prop_assert!(packer.is_empty());
                prop_assert!(packer.push(&line));
            }
        }
        calls.push(packer.take());
        let mut last = 0;
        for call in &calls {
            prop_assert!(call.records.len() <= LIMITS.call_records);
            prop_assert!(call.records.iter().map(|r| r.data.len()).sum::<usize>() <= LIMITS.call_bytes);
            prop_assert!(call.records.iter().all(|r| r.data.len() <= LIMITS.record_bytes && r.lines() <= 500));
            prop_assert_eq!(call.records.iter().map(|r| r.lines()).sum::<u64>(), call.lines);
            prop_assert!(call.last > last);
            last = call.last;
        }
        let lines: u64 = calls.iter().map(Call::all_lines).sum();
        prop_assert_eq!(lines, sizes.len() as u64);
        let bytes: u64 = calls.iter().map(|call| call.bytes).sum();
        prop_assert_eq!(bytes, sizes.iter().sum::<usize>() as u64);
    }
}
