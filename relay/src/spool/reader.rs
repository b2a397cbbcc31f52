//! Reads behind the writer: records in order, never beyond the durable position.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::Spool;
use super::ahead::Ahead;
use super::frame::{self, Found};
use super::header::SECTOR;
use super::log::Shared;
use super::salvage::{self, is_unreadable};
use super::scan;
use super::segment::Segment;

const CHUNK: u64 = 1 << 20;
/// Besides its line, a record counts for so many bytes: its frame, and what its readers
/// keep for each.
const COST: usize = 128;

/// A durable line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its position: higher than that of every line taken before it.
    pub position: u64,
    /// When the relay received it, in ms.
    pub received_at: u64,
    /// The final line, without a newline.
    pub line: Bytes,
}

/// A place in the log, moving forward.
#[derive(Debug)]
pub struct Cursor {
    shared: Arc<Shared>,
    segment: u64,
    offset: u64,
    position: u64,
    /// Delivered: not read.
    ahead: Ahead,
    damaged: u64,
}

impl Cursor {
    /// Before the first record at or above `position`; passes over what lies in `ahead`.
    #[must_use]
    pub fn new(shared: Arc<Shared>, position: u64, ahead: Ahead) -> Self {
        let position = ahead.behind(position);
        let segment = {
            let table = shared.segments();
            let below = table.values().rev().find(|found| found.first <= position);
            below.map_or(0, |segment| segment.number)
        };
        Self {
            shared,
            segment,
            offset: SECTOR,
            position,
            ahead,
            damaged: 0,
        }
    }

    /// The position of the next record is at or above this.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Damaged stretches met on the way.
    #[must_use]
    pub fn damaged(&self) -> u64 {
        self.damaged
    }

    /// Whether something durable may stand behind the cursor.
    #[must_use]
    pub fn behind(&self) -> bool {
        *self.shared.durable.borrow() > self.position
    }

    /// The next records below `until`: as many as fit in `max_bytes` of memory (their lines
    /// and a little for each), but at least one; none when nothing more is durable.
    ///
    /// # Errors
    /// When the disk cannot be read.
    pub fn read(&mut self, max_bytes: usize, until: u64) -> io::Result<Vec<Record>> {
        let mut records = Vec::new();
        let mut bytes = 0;
        while self.position < until {
            let Some(segment) = self.place() else { break };
            let chunk = self.chunk(&segment)?;
            let from = self.offset;
            loop {
                let at = usize::try_from(self.offset - from).unwrap_or(usize::MAX);
                let rest = chunk.get(at..).unwrap_or_default();
                let found = match frame::read(rest, segment.seed, self.offset) {
                    Found::Frame(found) => found,
                    // The chunk's end, or damage: the next chunk begins here.
                    _ => break,
                };
                let line = chunk.slice(at + frame::HEADER..at + found.length);
                let wanted =
                    found.position >= self.position && !self.ahead.contains(found.position);
                if found.commit.is_none() && wanted {
                    let full = !records.is_empty() && bytes + line.len() + COST > max_bytes;
                    if full || found.position >= until {
                        return Ok(records);
                    }
                    bytes += line.len() + COST;
                    self.position = self.ahead.behind(found.position + 1);
                    records.push(Record {
                        position: found.position,
                        received_at: found.time,
                        line,
                    });
                }
                self.offset += found.padded() as u64;
            }
            if self.offset == from {
                self.skip_damage(&segment)?;
            }
        }
        Ok(records)
    }

    /// The next segment with something to read. One may be empty: its first commit failed.
    fn place(&mut self) -> Option<Segment> {
        let table = self.shared.segments();
        for (number, segment) in table.range(self.segment..) {
            let offset = match *number == self.segment {
                true => self.offset,
                false => SECTOR,
            };
            if offset < segment.end {
                (self.segment, self.offset) = (*number, offset);
                return Some(segment.clone());
            }
        }
        None
    }

    /// The next bytes: a chunk, or the whole frame that is longer.
    fn chunk(&self, segment: &Segment) -> io::Result<Bytes> {
        let rest = segment.end - self.offset;
        let head = self.bytes(segment, 4.min(rest))?;
        let first = head
            .first_chunk()
            .map_or(0, |word| u32::from_le_bytes(*word));
        let length = CHUNK.max(frame::padded(first as usize) as u64).min(rest);
        self.bytes(segment, length)
    }

    /// Bytes from here on; zeros where a block could not be read and is given up.
    fn bytes(&self, segment: &Segment, length: u64) -> io::Result<Bytes> {
        match read(segment, self.offset, length) {
            Err(error) if is_unreadable(&error) => {
                let salvaged = salvage::read(&*segment.file.file, self.offset, length)?;
                let damage = &self.shared.damage;
                match damage.give_up(segment.number, &salvaged.unreadable) {
                    true => Ok(Bytes::from(salvaged.bytes)),
                    false => Err(error),
                }
            }
            other => other,
        }
    }

    /// Whether its file still holds the segment: it leaves the table before it is written anew.
    fn is_there(&self, segment: &Segment) -> bool {
        self.shared.segments().contains_key(&segment.number)
    }

    /// Nothing of ours stands here though it is below the durable position: rot.
    fn skip_damage(&mut self, segment: &Segment) -> io::Result<()> {
        let rest = self.bytes(segment, segment.end - self.offset)?;
        if !self.is_there(segment) {
            // Delivered, and used again while it was read by somebody who only watches.
            (self.segment, self.offset) = (segment.number + 1, SECTOR);
            return Ok(());
        }
        let next = scan::next(&rest, segment.seed, self.offset, self.offset);
        let until = next.map_or(segment.end, |(at, _)| at);
        self.damaged += 1;
        let length = usize::try_from(until - self.offset).unwrap_or(usize::MAX);
        let kept = &rest[..length.min(rest.len())];
        self.shared
            .damage
            .stretch(segment, self.offset..until, kept);
        self.offset = until;
        Ok(())
    }
}

/// What a read came to: the cursor behind it, and how far it was to go.
type Read = (Cursor, u64, io::Result<Vec<Record>>);

/// A [`Cursor`] that waits.
#[derive(Debug)]
pub struct Reader {
    durable: watch::Receiver<u64>,
    cursor: Option<Cursor>,
    /// A read begun by a call that was dropped before its end; the next call takes it over.
    reading: Option<JoinHandle<Read>>,
    shared: Arc<Shared>,
    position: u64,
    ahead: Ahead,
}

impl Reader {
    fn new(shared: Arc<Shared>, from: u64, ahead: Ahead) -> Self {
        Self {
            durable: shared.durable.subscribe(),
            cursor: None,
            reading: None,
            shared,
            position: ahead.behind(from),
            ahead,
        }
    }

    /// The position of the next record is at or above this.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.position
    }

    /// The next records, at most `max_bytes` of memory but at least one; waits until one
    /// is durable. May be dropped while it waits: the next call goes on with the same
    /// read.
    ///
    /// # Errors
    /// When the disk cannot be read, or the spool is gone.
    pub async fn next(&mut self, max_bytes: usize) -> io::Result<Vec<Record>> {
        loop {
            if self.reading.is_none() {
                self.begin(max_bytes).await?;
            }
            let Some(reading) = &mut self.reading else {
                continue;
            };
            let read = reading.await;
            self.reading = None;
            let (cursor, until, records) = read.map_err(io::Error::other)?;
            let records = records?;
            // With nothing read, all of it was void, damaged or delivered.
            let end = if records.is_empty() { until } else { 0 };
            self.position = cursor.position().max(end);
            self.cursor = Some(cursor);
            if !records.is_empty() {
                return Ok(records);
            }
        }
    }
}

impl Reader {
    /// Waits until there is something to read, and begins to.
    async fn begin(&mut self, max_bytes: usize) -> io::Result<()> {
        let position = self.position;
        let until = *self
            .durable
            .wait_for(|durable| *durable > position)
            .await
            .map_err(io::Error::other)?;
        let mut cursor = match self.cursor.take() {
            Some(cursor) => cursor,
            None => Cursor::new(Arc::clone(&self.shared), position, self.ahead),
        };
        self.reading = Some(tokio::task::spawn_blocking(move || {
            let records = cursor.read(max_bytes, until);
            (cursor, until, records)
        }));
        Ok(())
    }
}

impl Spool {
    /// Reads durable records from this position on, delivered or not.
    #[must_use]
    pub fn reader(&self, from: u64) -> Reader {
        Reader::new(Arc::clone(&self.core().shared), from, Ahead::default())
    }

    /// As [`Spool::reader`], without waiting, for who may block.
    #[must_use]
    pub fn cursor(&self, from: u64) -> Cursor {
        Cursor::new(Arc::clone(&self.core().shared), from, Ahead::default())
    }

    /// Reads what the checkpoint that holds now has not passed.
    #[must_use]
    pub fn undelivered(&self) -> Reader {
        let now = self.checkpoint();
        Reader::new(Arc::clone(&self.core().shared), now.position, now.ahead)
    }

    /// As [`Spool::undelivered`], without waiting, for who may block.
    #[must_use]
    pub fn undelivered_cursor(&self) -> Cursor {
        let now = self.checkpoint();
        Cursor::new(Arc::clone(&self.core().shared), now.position, now.ahead)
    }
}

fn read(segment: &Segment, offset: u64, length: u64) -> io::Result<Bytes> {
    let length = usize::try_from(length).map_err(io::Error::other)?;
    let mut bytes = vec![0; length];
    let read = segment.file.file.read_at(offset, &mut bytes)?;
    bytes.truncate(read);
    Ok(Bytes::from(bytes))
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Waker};

    use super::*;
    use crate::clock::SystemClock;
    use crate::spool::files::simulated::SimulatedDisk;
    use crate::spool::{Checkpoint, Config, Entry, RealFiles};

    #[test]
    fn a_segment_that_is_used_again_while_it_is_read_is_no_damage() {
        let disk = SimulatedDisk::new(1);
        let config = Config {
            size: 2 * 8192,
            segment_size: 8192,
            ..Config::new("/spool")
        };
        let clock = Arc::new(SystemClock::default());
        let files = Arc::new(disk.clone());
        let (spool, mut writer) = Spool::open_without_thread(&config, files, clock).unwrap();
        let mut append = |id: u64| {
            let entry = Entry {
                received_at: id,
                key: spool.key("shop", 1, &id.to_string()),
                line: vec![b'x'; 2_000],
            };
            let _waits = spool.submit(&[entry]);
            writer.commit_waiting();
            writer.tend_ids();
            let next = Checkpoint {
                position: *spool.durable().borrow(),
                ..spool.checkpoint()
            };
            spool.advance(next).unwrap();
        };
        append(0);
        let mut slow = spool.cursor(1);
        // As far as a read gets before it looks at the disk.
        let found = slow.place().unwrap();
        (1..9).for_each(append);
        let damage = spool.counters().rot;
        slow.skip_damage(&found).unwrap();
        assert_eq!((spool.counters().rot, damage), (0, 0));
        let names = disk.contents(std::path::Path::new("/spool")).into_keys();
        assert!(
            !names
                .into_iter()
                .any(|name| name.to_string_lossy().contains("rot-"))
        );
        // It goes on with what is there.
        let until = *spool.durable().borrow();
        let rest = slow.read(usize::MAX, until).unwrap();
        assert_eq!(rest.last().map(|last| last.position), Some(until - 1));
    }

    #[test]
    fn a_call_that_is_dropped_leaves_its_read_to_the_next_one() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .max_blocking_threads(1)
            .build()
            .unwrap();
        runtime.block_on(async {
            let dir = tempfile::tempdir().unwrap();
            let files = Arc::new(RealFiles);
            let clock = Arc::new(SystemClock::default());
            let spool = Spool::open(&Config::new(dir.path()), files, clock).unwrap();
            let mut reader = spool.reader(0);
            for id in 0..3_u64 {
                let entry = Entry {
                    received_at: id,
                    key: spool.key("shop", 1, &id.to_string()),
                    line: b"line".to_vec(),
                };
                spool.append(vec![entry]).await.unwrap();
                // The disk is slow: something else has its only thread.
                let (done, busy) = std::sync::mpsc::channel::<()>();
                tokio::task::spawn_blocking(move || busy.recv());
                {
                    // Begun and dropped, as when a call lands meanwhile.
                    let mut next = std::pin::pin!(reader.next(1_000));
                    let mut context = Context::from_waker(Waker::noop());
                    assert!(next.as_mut().poll(&mut context).is_pending());
                }
                assert!(reader.reading.is_some());
                drop(done);
                let records = reader.next(1_000).await.unwrap();
                assert_eq!(records.len(), 1);
                assert_eq!(records[0].received_at, id);
            }
        });
    }
}
