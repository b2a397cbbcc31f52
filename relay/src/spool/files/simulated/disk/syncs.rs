//! What a sync does: what it should, nothing, or harm.

use std::io;
use std::path::Path;

use super::super::node::Node;
use super::{Disk, SyncPoint, count_down};

impl Disk {
    /// Whether this sync is to be done, is left out, or fails.
    fn syncing(&mut self, point: SyncPoint) -> io::Result<Syncing> {
        if count_down(&mut self.stop_at_sync) {
            self.stopped = true;
        }
        self.operate()?;
        *self.syncs.entry(point).or_default() += 1;
        if self.skip == Some(point) {
            return Ok(Syncing::LeftOut);
        }
        match count_down(&mut self.fail_sync) {
            true => Ok(Syncing::Fails),
            false => Ok(Syncing::Done),
        }
    }

    pub fn sync_file(&mut self, node: usize, point: SyncPoint) -> io::Result<()> {
        let syncing = self.syncing(point)?;
        let Some(Node::File(contents)) = self.nodes.get_mut(node) else {
            return Err(io::ErrorKind::IsADirectory.into());
        };
        match syncing {
            Syncing::LeftOut => Ok(()),
            Syncing::Done => {
                contents.sync();
                Ok(())
            }
            Syncing::Fails => {
                contents.lose(&mut self.random);
                Err(failed(point))
            }
        }
    }

    pub fn sync_dir(&mut self, dir: &Path, point: SyncPoint) -> io::Result<()> {
        let syncing = self.syncing(point)?;
        let node = self.find(dir)?;
        let names = self.names_mut(node)?;
        match syncing {
            Syncing::LeftOut => Ok(()),
            Syncing::Done => {
                names.sync();
                Ok(())
            }
            Syncing::Fails => Err(failed(point)),
        }
    }

    /// All files and names below a folder.
    pub fn sync_below(&mut self, dir: usize, point: SyncPoint) -> io::Result<()> {
        let syncing = self.syncing(point)?;
        if matches!(syncing, Syncing::LeftOut) {
            return Ok(());
        }
        let mut open = vec![dir];
        while let Some(node) = open.pop() {
            match (&mut self.nodes[node], &syncing) {
                (Node::Dir(names), Syncing::Fails) => open.extend(names.seen.values()),
                (Node::Dir(names), _) => {
                    open.extend(names.seen.values());
                    names.sync();
                }
                (Node::File(contents), Syncing::Fails) => contents.lose(&mut self.random),
                (Node::File(contents), _) => contents.sync(),
            }
        }
        match syncing {
            Syncing::Fails => Err(failed(point)),
            _ => Ok(()),
        }
    }
}

enum Syncing {
    Done,
    LeftOut,
    Fails,
}

fn failed(point: SyncPoint) -> io::Error {
    io::Error::other(format!("the disk failed to sync ({point:?})"))
}
