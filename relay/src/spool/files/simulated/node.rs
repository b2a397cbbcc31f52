//! A file or folder of the simulated disk: what is seen, and what is durable.

use std::collections::{BTreeMap, BTreeSet};

use rand::RngExt;
use rand::rngs::StdRng;

/// What was done to a file since its last sync.
#[derive(Debug)]
pub enum Change {
    /// These bytes at this offset.
    Bytes(usize, Vec<u8>),
    /// Cut or extended.
    Length(usize),
}

/// Contents of a file.
#[derive(Debug, Default)]
pub struct Contents {
    /// As anyone sees them.
    pub seen: Vec<u8>,
    /// As they are after a power cut, at worst.
    pub durable: Vec<u8>,
    /// What a sync would make durable.
    pub dirty: Vec<Change>,
}

/// Names in a folder.
#[derive(Debug, Default)]
pub struct Names {
    /// As anyone sees them.
    pub seen: BTreeMap<String, usize>,
    /// As they are after a power cut, at worst.
    pub durable: BTreeMap<String, usize>,
    /// What a sync would make durable: a name's new node, or none.
    pub pending: Vec<(String, Option<usize>)>,
}

/// A file or a folder.
#[derive(Debug)]
pub enum Node {
    /// A file.
    File(Contents),
    /// A folder.
    Dir(Names),
}

impl Change {
    fn apply(&self, to: &mut Vec<u8>) {
        match self {
            Self::Bytes(offset, bytes) => put(to, *offset, bytes),
            Self::Length(length) => to.resize(*length, 0),
        }
    }
}

fn put(to: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    if to.len() < offset {
        to.resize(offset, 0);
    }
    // What lies beyond the end is appended: filling it with zeros first would take half of a
    // history's time.
    let inside = bytes.len().min(to.len() - offset);
    to[offset..offset + inside].copy_from_slice(&bytes[..inside]);
    to.extend_from_slice(&bytes[inside..]);
}

impl Contents {
    /// Does it, unsynced.
    pub fn change(&mut self, change: Change) {
        change.apply(&mut self.seen);
        self.dirty.push(change);
    }

    /// Makes what is dirty durable.
    pub fn sync(&mut self) {
        for change in self.dirty.drain(..) {
            change.apply(&mut self.durable);
        }
    }

    /// Some of what is dirty becomes durable, the rest never will: the disk failed, or
    /// power was cut.
    pub fn lose(&mut self, random: &mut StdRng) {
        let mode = random.random_range(0..4);
        let torn = random.random_range(0..=self.dirty.len());
        for (number, change) in self.dirty.drain(..).enumerate() {
            match (mode, change) {
                // Nothing, or all that was written.
                (0, _) => {}
                (1, change) => change.apply(&mut self.durable),
                // In order, up to a torn write.
                (2, change) if number < torn => change.apply(&mut self.durable),
                (2, Change::Bytes(offset, bytes)) if number == torn => {
                    let length = random.random_range(0..=bytes.len());
                    put(&mut self.durable, offset, &bytes[..length]);
                }
                (2, _) => {}
                // Any of the sectors.
                (_, Change::Bytes(offset, bytes)) => {
                    let mut at = 0;
                    while at < bytes.len() {
                        let end = ((offset + at) / 512 + 1) * 512 - offset;
                        let end = end.min(bytes.len());
                        if random.random_bool(0.5) {
                            put(&mut self.durable, offset + at, &bytes[at..end]);
                        }
                        at = end;
                    }
                }
                (_, length) => {
                    if random.random_bool(0.5) {
                        length.apply(&mut self.durable);
                    }
                }
            }
        }
    }

    /// Power is back: what is durable is what is seen.
    pub fn restart(&mut self, random: &mut StdRng) {
        self.lose(random);
        self.seen.clone_from(&self.durable);
    }
}

impl Names {
    /// Gives a name to a node, or takes it away, unsynced.
    pub fn change(&mut self, name: String, node: Option<usize>) {
        match node {
            Some(node) => self.seen.insert(name.clone(), node),
            None => self.seen.remove(&name),
        };
        self.pending.push((name, node));
    }

    /// Makes the names durable.
    pub fn sync(&mut self) {
        for (name, node) in self.pending.drain(..) {
            match node {
                Some(node) => self.durable.insert(name, node),
                None => self.durable.remove(&name),
            };
        }
    }

    /// Power is back: of each name's changes some of the first are durable.
    pub fn restart(&mut self, random: &mut StdRng) {
        let mut lost = BTreeSet::new();
        let unkind = random.random_bool(0.5);
        for (name, node) in self.pending.drain(..) {
            if lost.contains(&name) || unkind || random.random_bool(0.5) {
                lost.insert(name);
                continue;
            }
            match node {
                Some(node) => self.durable.insert(name, node),
                None => self.durable.remove(&name),
            };
        }
        self.seen.clone_from(&self.durable);
    }
}
