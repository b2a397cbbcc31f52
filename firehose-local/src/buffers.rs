//! What waits to become objects, of all streams of a process: in memory up to one bound, beyond
//! it in one log on the disk.
//!
//! Each buffer grows at its end. When all of them together are over the bound, the largest are
//! moved to the end of the log until half of it is free, so that what is moved at once is never
//! small. In the log a buffer is a chain: each part says where the one before it stands, so that
//! the memory for a buffer on the disk is the same whatever its length. The log is a row of files
//! that are removed as soon as no buffer needs them. It lives as long as the process: what was in
//! it at a kill is lost, as what was in memory is.

mod log;

use log::{Log, Place};
use std::collections::HashMap;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The buffers of a process.
#[derive(Debug)]
pub struct Buffers {
    bound: usize,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    slots: HashMap<u64, Slot>,
    next: u64,
    memory: usize,
    log: Log,
    trouble: Option<io::Error>,
}

#[derive(Debug, Default)]
struct Slot {
    memory: Vec<u8>,
    length: u64,
    spilled: Option<Place>,
    /// Being written out: its memory is with the writer.
    taken: usize,
}

/// One buffer. Its room is given back when it is dropped.
#[derive(Debug)]
pub struct Buffer {
    number: u64,
    all: Arc<Buffers>,
}

impl Buffers {
    /// None yet. `folder` is this process's alone: what an earlier one left there is removed.
    /// `bound` is in bytes, over all buffers together; one record more may be held for a moment.
    ///
    /// # Errors
    /// When the folder cannot be made or emptied.
    pub fn new(folder: &Path, bound: usize) -> io::Result<Arc<Self>> {
        Ok(Arc::new(Self {
            bound,
            state: Mutex::new(State {
                slots: HashMap::new(),
                next: 0,
                memory: 0,
                log: Log::new(folder)?,
                trouble: None,
            }),
        }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves whole slots.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new, empty buffer.
    pub fn buffer(self: &Arc<Self>) -> Buffer {
        let mut state = self.state();
        let number = state.next;
        state.next += 1;
        state.slots.insert(number, Slot::default());
        Buffer {
            number,
            all: Arc::clone(self),
        }
    }

    /// Bytes in memory.
    pub fn memory(&self) -> usize {
        self.state().memory
    }

    /// Bytes of the log's files.
    pub fn on_disk(&self) -> u64 {
        self.state().log.length()
    }

    /// Comes under the bound if it is over it. Until that succeeds nothing more should be taken.
    ///
    /// # Errors
    /// What the disk said to it.
    pub fn relieve(&self) -> io::Result<()> {
        let mut state = self.state();
        if state.memory > self.bound {
            state.spill(self.bound / 2);
        }
        match state.trouble.take() {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }
}

impl State {
    /// Moves the largest buffers to the log until all together have at most `target` bytes.
    fn spill(&mut self, target: usize) {
        self.trouble = None;
        let mut by_size: Vec<(usize, u64)> = self
            .slots
            .iter()
            .filter(|(_, slot)| !slot.memory.is_empty())
            .map(|(number, slot)| (slot.memory.capacity(), *number))
            .collect();
        by_size.sort_unstable();
        for (size, number) in by_size.into_iter().rev() {
            if self.memory <= target {
                return;
            }
            let Some(slot) = self.slots.get_mut(&number) else {
                continue;
            };
            match self.log.append(slot.spilled.as_ref(), &slot.memory) {
                Ok(place) => {
                    slot.spilled = Some(place);
                    slot.memory = Vec::new();
                    self.memory -= size;
                }
                Err(error) => {
                    self.trouble = Some(error);
                    return;
                }
            }
        }
    }
}

impl Buffer {
    /// Lets `write` append to the buffer, and says how long it is then. A disk that takes nothing
    /// does not stop it: [`Buffers::relieve`] says so before more is taken.
    pub fn append(&self, write: impl FnOnce(&mut Vec<u8>)) -> u64 {
        let mut state = self.all.state();
        let Some(slot) = state.slots.get_mut(&self.number) else {
            return 0;
        };
        let (length, capacity) = (slot.memory.len(), slot.memory.capacity());
        write(&mut slot.memory);
        slot.length += u64::try_from(slot.memory.len() - length).unwrap_or(0);
        let (length, grown) = (slot.length, slot.memory.capacity() - capacity);
        state.memory += grown;
        if state.memory > self.all.bound && state.trouble.is_none() {
            state.spill(self.all.bound / 2);
        }
        length
    }

    /// Its length in bytes.
    pub fn length(&self) -> u64 {
        let state = self.all.state();
        state.slots.get(&self.number).map_or(0, |slot| slot.length)
    }

    /// Writes all of it to `out`. It stays as it was, so that this can be done again. Others go
    /// on meanwhile; nothing may be appended to this one.
    ///
    /// # Errors
    /// Of `out`, or of the log's disk.
    pub fn write_to(&self, out: &mut dyn Write) -> io::Result<()> {
        let (spilled, memory) = {
            let mut state = self.all.state();
            let Some(slot) = state.slots.get_mut(&self.number) else {
                return Ok(());
            };
            slot.taken = slot.memory.capacity();
            (slot.spilled.clone(), std::mem::take(&mut slot.memory))
        };
        let written = match spilled {
            Some(place) => place.write_to(out),
            None => Ok(()),
        }
        .and_then(|()| out.write_all(&memory));
        let mut state = self.all.state();
        if let Some(slot) = state.slots.get_mut(&self.number) {
            slot.memory = memory;
            slot.taken = 0;
        }
        written
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let mut state = self.all.state();
        if let Some(slot) = state.slots.remove(&self.number) {
            state.memory -= slot.memory.capacity() + slot.taken;
        }
    }
}

#[cfg(test)]
mod tests;
