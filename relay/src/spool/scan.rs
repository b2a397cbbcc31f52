//! What stands in a segment: its intact frames, and the damage between them.

use std::ops::Range;

use super::frame::{self, ALIGN, Found, Frame};

/// A segment's contents in order.
#[derive(Debug, Default)]
pub struct Scan {
    /// Intact frames with their offsets.
    pub frames: Vec<(u64, Frame)>,
    /// Stretches between intact frames that hold none.
    pub damage: Vec<Range<u64>>,
    /// Behind the last intact frame.
    pub end: u64,
}

/// Reads `bytes`, which lie at `from` of the segment with this seed.
#[must_use]
pub fn scan(bytes: &[u8], seed: u32, from: u64) -> Scan {
    let mut scan = Scan {
        end: from,
        ..Scan::default()
    };
    while let Some((at, found)) = next(bytes, seed, from, scan.end) {
        if at > scan.end {
            scan.damage.push(scan.end..at);
        }
        scan.end = at + found.padded() as u64;
        scan.frames.push((at, found));
    }
    scan
}

/// The first intact frame at or behind `at`.
#[must_use]
pub fn next(bytes: &[u8], seed: u32, from: u64, at: u64) -> Option<(u64, Frame)> {
    let mut start = usize::try_from(at - from).ok()?;
    while start + frame::HEADER <= bytes.len() {
        if bytes[start..start + 4] == [0; 4] {
            // Most of a young segment.
            start += ALIGN;
            continue;
        }
        if let Found::Frame(frame) = frame::read(&bytes[start..], seed, from + start as u64) {
            return Some((from + start as u64, frame));
        }
        start += ALIGN;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::duplicate::DuplicateKey;

    fn three() -> (Vec<u8>, Vec<u64>) {
        let (mut bytes, mut starts) = (Vec::new(), Vec::new());
        for position in 0..3 {
            let start = bytes.len();
            starts.push(64 + start as u64);
            let line = vec![b'x'; 20 + 7 * position as usize];
            let key = DuplicateKey([position, 0]);
            let write = |bytes: &mut Vec<u8>| bytes.extend_from_slice(&line);
            let (_, contents) = frame::write_record(&mut bytes, 1, key, write);
            frame::seal(
                &mut bytes[start..],
                position,
                contents,
                5,
                64 + start as u64,
            );
        }
        bytes.resize(bytes.len() + 200, 0);
        (bytes, starts)
    }

    #[test]
    fn intact_frames_are_all_found() {
        let (bytes, starts) = three();
        let scan = scan(&bytes, 5, 64);
        let found: Vec<u64> = scan.frames.iter().map(|(at, _)| *at).collect();
        assert_eq!(found, starts);
        assert!(scan.damage.is_empty());
        assert_eq!(scan.end, 64 + bytes.len() as u64 - 200);
    }

    #[test]
    fn damage_anywhere_in_the_middle_costs_only_its_frame() {
        let (bytes, starts) = three();
        for at in starts[1]..starts[2] {
            let mut bytes = bytes.clone();
            bytes[(at - 64) as usize] ^= 0xff;
            let scan = scan(&bytes, 5, 64);
            let found: Vec<u64> = scan.frames.iter().map(|(at, _)| *at).collect();
            let padding = found.len() == 3;
            assert!(padding || found == [starts[0], starts[2]], "{at}");
            let damage = scan.damage.first();
            assert!(padding || damage == Some(&(starts[1]..starts[2])), "{at}");
        }
    }
}
