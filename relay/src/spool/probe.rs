//! Out of trouble without traffic: a load balancer sends nothing to a relay that is not
//! ready, so a writer in trouble must find out by itself when the disk works again.
//!
//! After "full" it looks when delivery made room, and now and then, since somebody else may
//! have; after a failure of the disk now and then, ever more seldom. Each look is an empty
//! commit. One that fails uses up a segment, so there are few of them.

use std::time::Duration;

use super::log::CommitError;
use super::queue::Queue;
use super::writer::Writer;

const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(600);
/// So many segments in a row may fail before only an append tries again.
const MOST_FAILED: usize = 8;

/// Why the last commit failed, and when to look again.
#[derive(Debug)]
pub struct Trouble {
    full: bool,
    pause: Duration,
    next: Duration,
}

impl Writer {
    /// Remembers how a commit ended.
    pub(super) fn note(&mut self, error: Option<&CommitError>) {
        self.trouble = error.map(|error| {
            let full = *error == CommitError::Full;
            let pause = match &self.trouble {
                Some(before) if !full => (before.pause * 4).min(LONGEST_PAUSE),
                _ => FIRST_PAUSE,
            };
            Trouble {
                full,
                pause,
                next: self.log.clock.monotonic() + pause,
            }
        });
    }

    /// Whether to look now.
    pub(super) fn probe_is_due(&self, queue: &mut Queue) -> bool {
        let room_was_made = std::mem::take(&mut queue.probe);
        self.trouble.as_ref().is_some_and(|trouble| {
            let due = self.log.clock.monotonic() >= trouble.next;
            (due && self.may_fail_again()) || (room_was_made && trouble.full)
        })
    }

    /// How long to sleep until then; none: until somebody comes.
    pub(super) fn until_probe(&self) -> Option<Duration> {
        let trouble = self.trouble.as_ref().filter(|_| self.may_fail_again())?;
        Some(trouble.next.saturating_sub(self.log.clock.monotonic()))
    }

    fn may_fail_again(&self) -> bool {
        self.log.unsettled.len() < MOST_FAILED
    }

    /// Tries an empty commit, if something is wrong; says whether all is well.
    pub fn probe(&mut self) -> bool {
        if self.trouble.is_none() {
            return true;
        }
        self.file_ids_for_room();
        let next_position = self.core.queue().next_position;
        let standing = self.standing(next_position);
        let line = self.core.longest_line as u64 / 2;
        let outcome = self.log.probe(&standing, line);
        self.enter(&[], &outcome);
        self.settle(&[], &outcome);
        outcome.error.is_none()
    }
}
