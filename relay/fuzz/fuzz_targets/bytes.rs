//! Any bytes in the place of a file of the spool: a start, a reader and a look at it may refuse them,
//! and never panic.
//!
//! The first byte of the input says which file, the next two where in it. Checksums can be solved here, so that what stands
//! behind them is reached, too.

#![no_main]

use std::path::Path;
use std::sync::LazyLock;

use clickstream_relay::duplicate::format::{Head, Page};
use clickstream_relay::spool::files::simulated::Crash;
use clickstream_relay::spool::frame::seed_of;
use clickstream_relay::spool::header::Header;
use clickstream_relay::spool::inspect::Inspector;
use clickstream_relay::spool::scan::scan;
use clickstream_relay_fuzz::{Contents, DIR, WRITTEN, append, disk_with, lived, open, records};
use libfuzzer_sys::fuzz_target;

static LIVED: LazyLock<Contents> = LazyLock::new(|| lived().1);

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
    let path = contents
        .keys()
        .nth(usize::from(*file) % contents.len())
        .cloned();
    let Some(old) = path.and_then(|path| contents.get_mut(&path)) else {
        return;
    };
    let at = usize::from(u16::from_be_bytes([*high, *low])) % old.len().max(1);
    let length = bytes.len().min(old.len() - at);
    old[at..at + length].copy_from_slice(&bytes[..length]);
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
