//! A spool with any damage done to its files: a start never panics, finds no event that was never
//! written, keeps order and books, and what it acknowledges afterwards is there after the next power
//! cut.
//!
//! The fuzzer chooses where and how, not the bytes: a checksum that it sees compared it can also
//! solve, and a CRC is no signature. What damage leaves is zeros, ones, noise, a flipped bit, a
//! former state, bytes from elsewhere, or nothing.

#![no_main]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use clickstream_relay::spool::files::simulated::Crash;
use clickstream_relay::spool::inspect::Inspector;
use clickstream_relay_fuzz::{
    Contents, DIR, WRITTEN, append, disk_with, line, lived, open, records,
};
use libfuzzer_sys::fuzz_target;

/// In the middle of its life, and at its end.
static LIVED: LazyLock<(Contents, Contents)> = LazyLock::new(lived);

static LINES: LazyLock<BTreeSet<String>> = LazyLock::new(|| (0..WRITTEN + 20).map(line).collect());

/// One piece of damage in seven bytes: which file, how, where, how long.
fn damage(contents: &mut Contents, former: &Contents, how: [u8; 7]) {
    let [file, kind, a, b, c, d, e] = how;
    let Some(path) = contents
        .keys()
        .nth(usize::from(file) % contents.len().max(1))
        .cloned()
    else {
        return;
    };
    let Some(bytes) = contents.get_mut(&path) else {
        return;
    };
    let place = |high, low| usize::from(u16::from_be_bytes([high, low]));
    let at = place(a, b) % bytes.len().max(1);
    let until = (at + place(c, d) % 4096 + 1).min(bytes.len());
    match kind % 8 {
        0 => bytes[at..until].fill(0),
        1 => bytes[at..until].fill(0xff),
        2 => noise(
            &mut bytes[at..until],
            u64::from_be_bytes([0, a, b, c, d, e, kind, file]),
        ),
        3 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << (e % 8);
            }
        }
        4 => bytes.truncate(at),
        5 => {
            // Another file's bytes, or its own from elsewhere.
            let other = former_or_own(&path, bytes, former, e);
            let from = place(d, e) % other.len().max(1);
            let copied = other[from..].iter().copied().take(until - at);
            for (byte, copy) in bytes[at..].iter_mut().zip(copied) {
                *byte = copy;
            }
        }
        6 => {
            // Writes that the disk promised and lost.
            if let Some(old) = former.get(&path) {
                let until = until.min(old.len());
                if at < until {
                    bytes[at..until].copy_from_slice(&old[at..until]);
                }
            }
        }
        _ => {
            contents.remove(&path);
        }
    }
}

fn former_or_own(path: &PathBuf, own: &[u8], former: &Contents, choice: u8) -> Vec<u8> {
    match choice % 2 {
        0 => own.to_vec(),
        _ => former.get(path).cloned().unwrap_or_else(|| own.to_vec()),
    }
}

/// Bytes that the fuzzer does not choose (splitmix64).
fn noise(bytes: &mut [u8], mut state: u64) {
    for byte in bytes {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        *byte = (mixed >> 56) as u8;
    }
}

fuzz_target!(|input: &[u8]| {
    let (former, whole) = &*LIVED;
    let mut contents = whole.clone();
    for how in input.as_chunks::<7>().0.iter().take(6) {
        damage(&mut contents, former, *how);
    }
    let disk = disk_with(&contents);
    if let Ok(inspector) = Inspector::open(&disk, Path::new(DIR)) {
        inspector
            .verify()
            .expect("a look needs only a disk that can be read");
    }
    let Ok((spool, mut writer)) = open(&disk) else {
        return;
    };
    let found = records(&spool);
    assert!(
        found.is_sorted_by(|a, b| a.position < b.position),
        "out of order"
    );
    for record in &found {
        let line = std::str::from_utf8(&record.line).expect("never written");
        assert!(LINES.contains(line), "never written: {line}");
    }
    assert!(spool.totals().balance(), "{:?}", spool.totals());
    // The ids may be known still, so these are new.
    let new = || WRITTEN..WRITTEN + 20;
    let acknowledged = append(&spool, &mut writer, new());
    drop((spool, writer));
    disk.restart(Crash::PowerCut);
    let Ok((spool, _writer)) = open(&disk) else {
        panic!("it started, and now it does not");
    };
    assert!(spool.totals().balance(), "{:?}", spool.totals());
    if acknowledged {
        let there = records(&spool);
        let there: BTreeSet<&[u8]> = there.iter().map(|record| &*record.line).collect();
        let lost = new().find(|number| !there.contains(line(*number).as_bytes()));
        assert_eq!(lost, None, "acknowledged and lost");
    }
});
