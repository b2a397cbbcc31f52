//! Which segment a file holds: by its header, or, where that is damaged, by its frames.
//!
//! A frame's checksum starts from the segment's seed, and a checksum can be run backwards: each
//! frame tells the seed that it was sealed with. Every commit but a segment's first names its
//! own place, number included. Where a frame and the one behind it agree and a commit says the
//! number, the segment is known again, and a damaged header costs nothing.

use std::io;

use super::files::File;
use super::frame::{self, Found};
use super::header::{Header, SECTOR};
use super::identity::Identity;
use super::salvage;
use super::scan::scan;

/// Frames are looked for so far into a file whose first ones are damaged, too.
const FAR: usize = 1 << 20;

/// What stands at the head of a segment file, or is known in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The segment's number.
    pub number: u64,
    /// Where its frames' checksums start from.
    pub seed: u32,
    /// The lowest position that may stand in it.
    pub first: u64,
    /// What it says about where others end.
    pub ends: Vec<(u64, u64)>,
    /// The header is damaged: this is what the frames say.
    pub lost: bool,
}

/// What a segment file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holds {
    /// A segment.
    Segment(Head),
    /// Zeros.
    Nothing,
    /// Something, and nobody can say what.
    Unknown,
}

/// Looks into a segment file.
///
/// # Errors
/// When the disk fails in another way than refusing blocks.
pub fn read(file: &dyn File, identity: &Identity) -> io::Result<Holds> {
    let sector = salvage::read(file, 0, SECTOR)?;
    if let Some(header) = Header::decode(&sector.bytes, &identity.id) {
        return Ok(Holds::Segment(Head {
            number: header.number,
            seed: header.seed(&identity.id),
            first: header.first,
            ends: header.ends,
            lost: false,
        }));
    }
    let whole = salvage::read_all(file)?;
    if whole.unreadable.is_empty() && whole.bytes.iter().all(|byte| *byte == 0) {
        return Ok(Holds::Nothing);
    }
    let frames = whole.bytes.get(SECTOR as usize..).unwrap_or_default();
    Ok(by_frames(frames).map_or(Holds::Unknown, Holds::Segment))
}

/// What the frames in these bytes, which lie behind the header, say.
fn by_frames(bytes: &[u8]) -> Option<Head> {
    let starts = (0..bytes.len().min(FAR)).step_by(frame::ALIGN);
    starts.filter_map(|at| agreed(bytes, at)).find_map(|seed| {
        let whole = scan(bytes, seed, SECTOR);
        let number = whole.frames.iter().find_map(|(at, found)| {
            let (number, durable) = found.commit?.durable;
            (durable == *at && *at > SECTOR).then_some(number)
        })?;
        let first = whole.frames.iter().map(|(_, found)| found.position).min()?;
        Some(Head {
            number,
            seed,
            first,
            ends: Vec::new(),
            lost: true,
        })
    })
}

/// The seed that the frame at `at` and the one behind it were both sealed with.
fn agreed(bytes: &[u8], at: usize) -> Option<u32> {
    let offset = SECTOR + at as u64;
    let (seed, length) = frame::seed_of(bytes.get(at..)?, offset)?;
    let behind = bytes.get(at + length..)?;
    match frame::read(behind, seed, offset + length as u64) {
        Found::Frame(_) => Some(seed),
        _ => None,
    }
}
