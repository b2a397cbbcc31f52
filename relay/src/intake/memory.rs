//! What bodies may hold in memory together, so that a crowd of large ones cannot end the process.
//!
//! Half of it is for requests whose key is known. Whoever has none could else fill all of it with
//! bodies that stall, and shut the door for everybody.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use super::answer::Refusal;

/// The bytes that all bodies may hold at once.
#[derive(Clone, Debug)]
pub struct Memory(Arc<State>);

#[derive(Debug)]
struct State {
    bound: usize,
    held: AtomicUsize,
    /// Of these, held by requests that have shown no known key.
    strangers: AtomicUsize,
}

impl Memory {
    /// Room for `bound` bytes.
    #[must_use]
    pub fn new(bound: usize) -> Self {
        Self(Arc::new(State {
            bound,
            held: AtomicUsize::new(0),
            strangers: AtomicUsize::new(0),
        }))
    }

    /// Nothing yet, for a request whose key is known already or not.
    #[must_use]
    pub fn hold(&self, known: bool) -> Held {
        Held {
            memory: self.clone(),
            bytes: 0,
            known,
        }
    }
}

/// What one request holds; dropping it gives it back.
#[derive(Debug)]
pub struct Held {
    memory: Memory,
    bytes: usize,
    known: bool,
}

impl Held {
    /// Takes `bytes` more. Never waits: a body that trickles must not hold up the others.
    ///
    /// # Errors
    /// When there is no room: the client should come back.
    pub fn add(&mut self, bytes: usize) -> Result<(), Refusal> {
        let State {
            bound,
            held,
            strangers,
        } = &*self.memory.0;
        self.bytes += bytes;
        // Over a bound by this request: it ends here, and its drop gives all of it back.
        let mut room = held.fetch_add(bytes, Relaxed).saturating_add(bytes) <= *bound;
        if !self.known {
            let before = strangers.fetch_add(bytes, Relaxed);
            room &= before.saturating_add(bytes) <= *bound / 2;
        }
        room.then_some(()).ok_or(Refusal::Busy)
    }

    /// Its key has been found: what it holds leaves the strangers' half.
    pub fn known(&mut self) {
        if !self.known {
            self.known = true;
            self.memory.0.strangers.fetch_sub(self.bytes, Relaxed);
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let state = &*self.memory.0;
        state.held.fetch_sub(self.bytes, Relaxed);
        if !self.known {
            state.strangers.fetch_sub(self.bytes, Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_share_half() {
        let memory = Memory::new(100);
        let mut stranger = memory.hold(false);
        stranger.add(50).unwrap();
        assert!(memory.hold(false).add(1).is_err());
        let mut known = memory.hold(true);
        known.add(50).unwrap();
        assert!(memory.hold(true).add(1).is_err());
        // What one could not take is given back, by whom it was.
        drop(known);
        stranger.known();
        memory.hold(false).add(50).unwrap();
        assert!(memory.hold(false).add(51).is_err());
        drop(stranger);
        memory.hold(true).add(100).unwrap();
        memory.hold(false).add(50).unwrap();
    }
}
