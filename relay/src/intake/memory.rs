//! What bodies may hold in memory together, so that a crowd of large ones cannot end the process.

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
}

impl Memory {
    /// Room for `bound` bytes.
    #[must_use]
    pub fn new(bound: usize) -> Self {
        let held = AtomicUsize::new(0);
        Self(Arc::new(State { bound, held }))
    }
}

/// What one request holds; dropping it gives it back.
#[derive(Debug, Default)]
pub struct Held(Option<(Memory, usize)>);

impl Held {
    /// Takes `bytes` more. Never waits: a body that trickles must not hold up the others.
    ///
    /// # Errors
    /// When there is no room: the client should come back.
    pub fn add(&mut self, memory: &Memory, bytes: usize) -> Result<(), Refusal> {
        let before = memory.0.held.fetch_add(bytes, Relaxed);
        let (_, held) = self.0.get_or_insert_with(|| (memory.clone(), 0));
        *held += bytes;
        // Over the bound by this request: it ends here, and its drop gives all of it back.
        if before.saturating_add(bytes) > memory.0.bound {
            return Err(Refusal::Busy);
        }
        Ok(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some((memory, bytes)) = self.0.take() {
            memory.0.held.fetch_sub(bytes, Relaxed);
        }
    }
}
