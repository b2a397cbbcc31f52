//! Any bytes in the place of a file of the spool: a start, a reader and a look at it may refuse them,
//! and never panic.
//!
//! The first byte of the input says which file, the next two where in it. Frames get the
//! checksum of what then stands in them, and others the fuzzer can solve, so that what is behind
//! them is reached, too.

#![no_main]

use std::path::Path;
use std::sync::LazyLock;

use clickstream_relay::duplicate::format::{Head, Page};
use clickstream_relay::spool::files::simulated::Crash;
use clickstream_relay::spool::frame::{HEADER, seal, seed_of};
use clickstream_relay::spool::header::Header;
use clickstream_relay::spool::inspect::Inspector;
use clickstream_relay::spool::scan::scan;
use clickstream_relay_fuzz::{Contents, DIR, WRITTEN, append, disk_with, lived, open, records};
use libfuzzer_sys::fuzz_target;

static LIVED: LazyLock<Contents> = LazyLock::new(|| lived().1);

/// Where the frames of a segment are, with its seed; none in another file.
fn frames_of(path: &Path, bytes: &[u8]) -> Vec<(u32, u64)> {
    let id = LIVED[&Path::new(DIR).join("identity")][8..24].try_into();
    let header = id
        .ok()
        .and_then(|id| Some((id, Header::decode(bytes.get(..4096)?, &id)?)));
    let Some((id, header)) = header.filter(|_| path.to_string_lossy().contains("segment-")) else {
        return Vec::new();
    };
    let seed = header.seed(&id);
    let found = scan(&bytes[4096..], seed, 4096).frames;
    found.iter().map(|(at, _)| (seed, *at)).collect()
}

/// Gives a frame the checksum of what stands in it now.
fn reseal(bytes: &mut [u8], seed: u32, offset: u64) {
    let frame = &mut bytes[offset as usize..];
    let word = |at: usize| frame[at..at + 8].try_into().map_or(0, u64::from_le_bytes);
    let (length, position) = (word(0) as u32 as usize, word(8));
    if (HEADER..=frame.len()).contains(&length) {
        let contents = crc32fast::hash(&frame[16..length]);
        seal(frame, position, contents, seed, offset);
    }
}

fuzz_target!(|input: &[u8]| {
    let Some(([file, high, low], bytes)) = input.split_first_chunk() else {
        return;
    };
    let _ = seed_of(bytes, 4096);
    let _ = Head::decode(bytes, &[1; 16]);
    let _ = Header::decode(bytes, &[1; 16]);
    if let Some(page) = Page::read(bytes, 1, 0) {
        for number in 0..page.count() {
            let _ = page.key(number);
        }
    }
    // What stands between frames is damage, and both together are all there is.
    let found = scan(bytes, 1, 4096);
    let frames: u64 = found
        .frames
        .iter()
        .map(|(_, frame)| frame.padded() as u64)
        .sum();
    let damage: u64 = found
        .damage
        .iter()
        .map(|range| range.end - range.start)
        .sum();
    assert_eq!(frames + damage, found.end - 4096);

    let mut contents = LIVED.clone();
    let count = contents.len();
    let Some((path, old)) = contents.iter_mut().nth(usize::from(*file) % count) else {
        return;
    };
    let at = usize::from(u16::from_be_bytes([*high, *low])) % old.len().max(1);
    let length = bytes.len().min(old.len() - at);
    let frames = frames_of(path, old);
    old[at..at + length].copy_from_slice(&bytes[..length]);
    for (seed, offset) in frames {
        if (offset as usize) < at + length {
            reseal(old, seed, offset);
        }
    }
    let disk = disk_with(&contents);
    if let Ok(inspector) = Inspector::open(&disk, Path::new(DIR)) {
        let _ = inspector.verify();
    }
    if let Ok((spool, mut writer)) = open(&disk) {
        let _ = records(&spool);
        append(&spool, &mut writer, WRITTEN..WRITTEN + 3);
        writer.tend_ids();
        drop((spool, writer));
        disk.restart(Crash::PowerCut);
        let _ = open(&disk);
    }
});
