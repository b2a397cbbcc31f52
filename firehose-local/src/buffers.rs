//! What waits to become objects, of all streams of a process: in memory up to one bound, beyond
//! it on the disk.
//!
//! Each buffer grows at its end. One that becomes an object as it is goes to the file that will be it
//! in parts, while the processor's caches still have them. When all of them together are over the bound, the largest are
//! moved to the disk until half of it is free, so that what is moved at once is seldom small: a
//! large part to the end of a file that the buffer has to itself, a small one to the end of a log
//! that many share, so that thousands of buffers are not thousands of files. In the log a buffer
//! is a chain: each part says where the one before it stands, so that the memory for a buffer on
//! the disk is the same whatever its length. All these files are removed as soon as no buffer
//! needs them. They live as long as the process: what was in them at a kill is lost, as what was
//! in memory is.

mod chunks;
mod log;
mod own;

use chunks::{Chunks, Pool};
use log::{Log, Place};
use own::Own;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Bytes of memory from which on a buffer gets a file of its own when it is moved to the disk.
const LARGE: usize = if cfg!(test) { 512 } else { 8 << 10 };

/// Bytes of memory at which a buffer that becomes an object as it is goes to its file, however much memory
/// there is: so much is still in the processor's caches, and seldom enough.
const EARLY: usize = if cfg!(test) { 1024 } else { 512 << 10 };

/// The buffers of a process.
#[derive(Debug)]
pub struct Buffers {
    bound: usize,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    folder: PathBuf,
    slots: Vec<Slot>,
    /// Slots that no buffer has.
    free: Vec<usize>,
    pool: Pool,
    memory: usize,
    log: Log,
    /// Files made for one buffer alone, and the bytes of those that are there.
    own_made: u64,
    own_bytes: u64,
    trouble: Option<io::Error>,
}

#[derive(Debug, Default)]
struct Slot {
    kind: Kind,
    memory: Chunks,
    length: u64,
    spilled: Spilled,
}

/// What a buffer is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Kind {
    /// To be read.
    #[default]
    Bytes,
    /// The same, and will soon be gone: not worth a file of its own.
    Short,
    /// To become an object as it is.
    Object,
}

/// Where the beginning of a buffer is.
#[derive(Debug, Default)]
enum Spilled {
    #[default]
    Nowhere,
    Log(Place),
    Own(Own),
}

/// One buffer. Its room is given back when it is dropped.
#[derive(Debug)]
pub struct Buffer {
    number: usize,
    all: Arc<Buffers>,
}

impl Buffers {
    /// Bytes of all buffers in memory, where nobody says otherwise.
    pub const BOUND: usize = 256 << 20;

    /// None yet. `folder` is this process's alone: what an earlier one left there is removed.
    /// `bound` is in bytes, over all buffers together; one record more may be held for a moment,
    /// and what was used is kept to be used again until nothing waits.
    ///
    /// # Errors
    /// When the folder cannot be made or emptied.
    pub fn new(folder: &Path, bound: usize) -> io::Result<Arc<Self>> {
        Ok(Arc::new(Self {
            bound,
            state: Mutex::new(State {
                folder: folder.to_owned(),
                slots: Vec::new(),
                free: Vec::new(),
                pool: Pool::default(),
                memory: 0,
                log: Log::new(folder)?,
                own_made: 0,
                own_bytes: 0,
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
        self.new_buffer(Kind::Bytes)
    }

    /// The same for one that will not grow long: it never gets a file to itself.
    pub fn short(self: &Arc<Self>) -> Buffer {
        self.new_buffer(Kind::Short)
    }

    /// The same for one that becomes an object as it is, by [`Buffer::settle`].
    pub fn object(self: &Arc<Self>) -> Buffer {
        self.new_buffer(Kind::Object)
    }

    fn new_buffer(self: &Arc<Self>, kind: Kind) -> Buffer {
        let mut state = self.state();
        let number = match state.free.pop() {
            Some(number) => number,
            None => {
                state.slots.push(Slot::default());
                state.slots.len() - 1
            }
        };
        if let Some(slot) = state.slots.get_mut(number) {
            slot.kind = kind;
        }
        Buffer {
            number,
            all: Arc::clone(self),
        }
    }

    /// Bytes in memory.
    pub fn memory(&self) -> usize {
        self.state().memory
    }

    /// Bytes of the files.
    pub fn on_disk(&self) -> u64 {
        let state = self.state();
        state.log.length() + state.own_bytes
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
    /// Moves the largest buffers to the disk until all together have at most `target` bytes.
    fn spill(&mut self, target: usize) {
        self.trouble = None;
        let slots = self.slots.iter().enumerate();
        let mut by_size: Vec<(usize, usize)> = slots
            .filter(|(_, slot)| !slot.memory.is_empty())
            .map(|(number, slot)| (slot.memory.memory(), number))
            .collect();
        by_size.sort_unstable();
        for (_, number) in by_size.into_iter().rev() {
            if self.memory <= target {
                return;
            }
            if let Err(error) = self.spill_one(number) {
                self.trouble = Some(error);
                return;
            }
        }
    }

    fn spill_one(&mut self, number: usize) -> io::Result<()> {
        let Some(slot) = self.slots.get_mut(number) else {
            return Ok(());
        };
        let part = &slot.memory;
        let in_own = match &mut slot.spilled {
            Spilled::Log(place) => {
                *place = self.log.append(Some(place), part)?;
                false
            }
            Spilled::Own(own) => {
                own.append(part)?;
                true
            }
            Spilled::Nowhere if slot.kind == Kind::Short || part.memory() < LARGE => {
                slot.spilled = Spilled::Log(self.log.append(None, part)?);
                false
            }
            Spilled::Nowhere => {
                self.own_made += 1;
                let name = format!("own-{}.spill", self.own_made);
                let mut own = Own::new(self.folder.join(name));
                own.append(part)?;
                slot.spilled = Spilled::Own(own);
                true
            }
        };
        if in_own {
            self.own_bytes += u64::try_from(part.length()).unwrap_or(u64::MAX);
        }
        let part = std::mem::take(&mut slot.memory);
        self.memory -= part.memory();
        self.pool.give_back(part);
        Ok(())
    }
}

impl Buffer {
    /// Appends these bytes, one after another, and says how long the buffer is then. A disk that
    /// takes nothing does not stop it: [`Buffers::relieve`] says so before more is taken.
    pub fn append(&self, parts: &[&[u8]]) -> u64 {
        let mut state = self.all.state();
        let state = &mut *state;
        let Some(slot) = state.slots.get_mut(self.number) else {
            return 0;
        };
        let before = slot.memory.memory();
        for part in parts {
            slot.memory.append(part, &mut state.pool);
            slot.length += u64::try_from(part.len()).unwrap_or(u64::MAX);
        }
        let (length, after) = (slot.length, slot.memory.memory());
        let is_early = slot.kind == Kind::Object && before / EARLY < after / EARLY;
        state.memory += after - before;
        if is_early {
            // Where the disk takes nothing there is memory still, up to the bound.
            let _ = state.spill_one(self.number);
        }
        if state.memory > self.all.bound && state.trouble.is_none() {
            state.spill(self.all.bound / 2);
        }
        length
    }

    /// A new, empty one in this one's place, for the same.
    pub fn another(&self) -> Self {
        let state = self.all.state();
        let kind = state.slots.get(self.number).map(|slot| slot.kind);
        drop(state);
        self.all.new_buffer(kind.unwrap_or_default())
    }

    /// Its length in bytes.
    pub fn length(&self) -> u64 {
        let state = self.all.state();
        state.slots.get(self.number).map_or(0, |slot| slot.length)
    }

    /// Writes all of it to `out`. It stays as it was, so that this can be done again. Others go
    /// on meanwhile; nothing may be appended to this one.
    ///
    /// # Errors
    /// Of `out`, or of the disk.
    pub fn write_to(&self, out: &mut dyn Write) -> io::Result<()> {
        let apart = self.apart();
        match &apart.slot.spilled {
            Spilled::Nowhere => {}
            Spilled::Log(place) => place.write_to(out)?,
            Spilled::Own(own) => own.write_to(out)?,
        }
        apart.slot.memory.write_to(&[], out)
    }

    /// The file that holds the whole buffer and nothing else, and its path, if it has one to itself: what
    /// is in memory is written behind the rest. The buffer is as it was, and this can be done again,
    /// until the file has been synced and it is [`Self::settled`].
    ///
    /// # Errors
    /// Of the disk.
    pub fn settle(&self) -> io::Result<Option<(fs_err::File, PathBuf)>> {
        let apart = self.apart();
        let Spilled::Own(own) = &apart.slot.spilled else {
            return Ok(None);
        };
        let file = own.finish(&apart.slot.memory)?;
        Ok(Some((file, own.path().to_owned())))
    }

    /// The file of [`Self::settle`] has been synced: memory for its last part is given back. The file may
    /// be renamed; the buffer is empty then.
    pub fn settled(&self) {
        let mut apart = self.apart();
        let Slot {
            memory, spilled, ..
        } = &mut apart.slot;
        if let Spilled::Own(own) = spilled {
            own.take(memory);
            let (part, mut state) = (std::mem::take(memory), self.all.state());
            state.own_bytes += u64::try_from(part.length()).unwrap_or(u64::MAX);
            state.memory -= part.memory();
            state.pool.give_back(part);
        }
    }

    /// What the buffer is made of, while others go on.
    fn apart(&self) -> Apart<'_> {
        let mut state = self.all.state();
        let slot = state.slots.get_mut(self.number).map(|slot| {
            let (length, kind) = (slot.length, slot.kind);
            let empty = Slot {
                length,
                kind,
                ..Slot::default()
            };
            std::mem::replace(slot, empty)
        });
        Apart {
            buffer: self,
            slot: slot.unwrap_or_default(),
        }
    }
}

/// A buffer's bytes, taken out of what is locked; given back when this is dropped.
struct Apart<'a> {
    buffer: &'a Buffer,
    slot: Slot,
}

impl Drop for Apart<'_> {
    fn drop(&mut self) {
        let mut state = self.buffer.all.state();
        if let Some(slot) = state.slots.get_mut(self.buffer.number) {
            *slot = std::mem::take(&mut self.slot);
        }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        // A file that goes with it is removed when others can go on.
        let spilled = {
            let mut state = self.all.state();
            let Some(slot) = state.slots.get_mut(self.number) else {
                return;
            };
            let Slot {
                memory, spilled, ..
            } = std::mem::take(slot);
            if let Spilled::Own(own) = &spilled {
                state.own_bytes = state.own_bytes.saturating_sub(own.length());
            }
            state.free.push(self.number);
            state.memory -= memory.memory();
            state.pool.give_back(memory);
            if state.memory == 0 {
                state.pool = Pool::default();
            }
            spilled
        };
        drop(spilled);
    }
}

#[cfg(test)]
mod tests;
