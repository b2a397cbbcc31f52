//! Segments that should be there and are not.

use super::Inspector;
use crate::spool::header::SECTOR;
use crate::spool::part::{Part, State};

impl Inspector<'_> {
    /// Segments have numbers without a gap, and the oldest leave first. One that never had a
    /// durable frame may be missing, and so may those that are delivered.
    pub(super) fn missing(&self) -> Vec<Part> {
        let mut missing = Vec::new();
        let behind = self.segments.iter().skip(1);
        for ((before, _), (number, (head, _, _))) in self.segments.iter().zip(behind) {
            if head.first <= self.checkpoint.position {
                continue;
            }
            let never_begun =
                |number: &u64| self.ends.get(number).is_some_and(|end| *end <= SECTOR);
            missing.extend((before + 1..*number).filter(|number| !never_begun(number)));
        }
        let part = |number| Part {
            name: format!("segment {number}"),
            state: State::Rotten,
            holds: "its file is not there: its events are lost".to_owned(),
        };
        missing.into_iter().map(part).collect()
    }
}
