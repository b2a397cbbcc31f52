//! The simulated disk's state: nodes, names, and the accidents.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::ops::Range;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::node::{Change, Contents, Names, Node};
use super::{Crash, Name, SyncPoint};

mod syncs;

/// The state.
#[derive(Debug)]
pub struct Disk {
    nodes: Vec<Node>,
    random: StdRng,
    /// Files opened in another life are dead.
    pub life: u64,
    pub locks: BTreeSet<PathBuf>,
    pub skip: Option<SyncPoint>,
    pub syncs: BTreeMap<SyncPoint, u64>,
    pub syncs_file_systems: bool,
    pub capacity: Option<u64>,
    pub fail_sync: Option<u64>,
    pub fail_write: Option<u64>,
    pub stop_in: Option<u64>,
    pub stop_at_sync: Option<u64>,
    pub stopped: bool,
    pub mounts: Vec<PathBuf>,
    /// Every open file holds a clone.
    pub open: Arc<()>,
    pub most_open: usize,
    /// Bytes that the files below a folder may come to.
    pub quota: Option<(PathBuf, u64)>,
    /// Ranges of files that cannot be read.
    pub refused: Vec<(usize, Range<u64>)>,
}

impl Disk {
    pub fn new(seed: u64) -> Self {
        Self {
            nodes: vec![Node::Dir(Names::default())],
            random: StdRng::seed_from_u64(seed),
            life: 0,
            locks: BTreeSet::new(),
            skip: None,
            syncs: BTreeMap::new(),
            syncs_file_systems: true,
            capacity: None,
            fail_sync: None,
            fail_write: None,
            stop_in: None,
            stop_at_sync: None,
            stopped: false,
            mounts: Vec::new(),
            open: Arc::default(),
            most_open: usize::MAX,
            quota: None,
            refused: Vec::new(),
        }
    }

    pub fn entropy(&mut self) -> [u8; 16] {
        let mut bytes = [0; 16];
        self.random.fill_bytes(&mut bytes);
        bytes
    }

    pub fn restart(&mut self, crash: Crash) {
        self.life += 1;
        self.open = Arc::default();
        self.locks.clear();
        self.stopped = false;
        self.stop_in = None;
        self.stop_at_sync = None;
        self.fail_sync = None;
        self.fail_write = None;
        if crash == Crash::PowerCut {
            for node in &mut self.nodes {
                match node {
                    Node::File(contents) => contents.restart(&mut self.random),
                    Node::Dir(names) => names.restart(&mut self.random),
                }
            }
        }
    }

    /// Whether one file more may be open.
    pub fn can_open(&self) -> io::Result<()> {
        match Arc::strong_count(&self.open) > self.most_open {
            true => Err(io::Error::other("too many open files")),
            false => Ok(()),
        }
    }

    /// Before an operation that changes something.
    fn operate(&mut self) -> io::Result<()> {
        if count_down(&mut self.stop_in) {
            self.stopped = true;
        }
        self.alive()
    }

    fn alive(&self) -> io::Result<()> {
        match self.stopped {
            true => Err(io::Error::other("the machine is down")),
            false => Ok(()),
        }
    }

    // Names.

    pub fn find(&self, path: &Path) -> io::Result<usize> {
        self.alive()?;
        let mut node = 0;
        for component in path.components() {
            let Component::Normal(name) = component else {
                continue;
            };
            let name = name.to_string_lossy();
            let names = self.names(node)?;
            node = *names.seen.get(&*name).ok_or(io::ErrorKind::NotFound)?;
        }
        Ok(node)
    }

    fn names(&self, node: usize) -> io::Result<&Names> {
        match self.nodes.get(node) {
            Some(Node::Dir(names)) => Ok(names),
            _ => Err(io::ErrorKind::NotADirectory.into()),
        }
    }

    fn names_mut(&mut self, node: usize) -> io::Result<&mut Names> {
        match self.nodes.get_mut(node) {
            Some(Node::Dir(names)) => Ok(names),
            _ => Err(io::ErrorKind::NotADirectory.into()),
        }
    }

    fn file(&self, node: usize) -> io::Result<&Contents> {
        self.alive()?;
        match self.nodes.get(node) {
            Some(Node::File(contents)) => Ok(contents),
            _ => Err(io::ErrorKind::IsADirectory.into()),
        }
    }

    fn file_mut(&mut self, node: usize) -> io::Result<&mut Contents> {
        match self.nodes.get_mut(node) {
            Some(Node::File(contents)) => Ok(contents),
            _ => Err(io::ErrorKind::IsADirectory.into()),
        }
    }

    fn parent(&self, path: &Path) -> io::Result<(usize, String)> {
        let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
        let parent = self.find(path.parent().unwrap_or(Path::new("/")))?;
        Ok((parent, name.to_string_lossy().into_owned()))
    }

    fn add(&mut self, path: &Path, node: Node) -> io::Result<usize> {
        let (parent, name) = self.parent(path)?;
        if self.names(parent)?.seen.contains_key(&name) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        if self.room(parent) == Some(0) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let id = self.nodes.len();
        self.nodes.push(node);
        self.names_mut(parent)?.change(name, Some(id));
        Ok(id)
    }

    pub fn create_dir(&mut self, path: &Path) -> io::Result<bool> {
        match self.find(path) {
            Ok(node) => self.names(node).map(|_| false),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.operate()?;
                self.add(path, Node::Dir(Names::default())).map(|_| true)
            }
            Err(error) => Err(error),
        }
    }

    pub fn open(&mut self, path: &Path) -> io::Result<usize> {
        let node = self.find(path)?;
        self.file(node)?;
        Ok(node)
    }

    pub fn open_dir(&mut self, path: &Path) -> io::Result<usize> {
        let node = self.find(path)?;
        self.names(node)?;
        Ok(node)
    }

    pub fn create(&mut self, path: &Path) -> io::Result<usize> {
        self.operate()?;
        self.add(path, Node::File(Contents::default()))
    }

    pub fn list(&self, dir: &Path) -> io::Result<Vec<Name>> {
        let names = self.names(self.find(dir)?)?;
        Ok(names
            .seen
            .iter()
            .map(|(name, node)| Name {
                name: name.clone(),
                is_dir: matches!(self.nodes[*node], Node::Dir(_)),
            })
            .collect())
    }

    pub fn remove(&mut self, path: &Path, dir: bool) -> io::Result<()> {
        self.operate()?;
        let node = self.find(path)?;
        if matches!(self.nodes[node], Node::Dir(_)) != dir {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let (parent, name) = self.parent(path)?;
        self.names_mut(parent)?.change(name, None);
        Ok(())
    }

    pub fn rename(&mut self, from: &Path, to: &Path, replace: bool) -> io::Result<()> {
        self.operate()?;
        let node = self.find(from)?;
        let (from_dir, from_name) = self.parent(from)?;
        let (to_dir, to_name) = self.parent(to)?;
        if self.mount_of(from) != self.mount_of(to) {
            return Err(io::ErrorKind::CrossesDevices.into());
        }
        if !replace && self.names(to_dir)?.seen.contains_key(&to_name) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        self.names_mut(from_dir)?.change(from_name, None);
        self.names_mut(to_dir)?.change(to_name, Some(node));
        Ok(())
    }

    fn mount_of(&self, path: &Path) -> Option<&PathBuf> {
        self.mounts.iter().find(|mount| path.starts_with(mount))
    }

    pub fn lock(&mut self, path: &Path) -> io::Result<()> {
        self.alive()?;
        match self.locks.insert(path.to_path_buf()) {
            true => Ok(()),
            false => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    pub fn contents(&self, dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut found = BTreeMap::new();
        let mut open = vec![dir.to_path_buf()];
        while let Some(path) = open.pop() {
            match self.find(&path).map(|node| &self.nodes[node]) {
                Ok(Node::File(contents)) => {
                    found.insert(path, contents.seen.clone());
                }
                Ok(Node::Dir(names)) => open.extend(names.seen.keys().map(|name| path.join(name))),
                Err(_) => {}
            }
        }
        found
    }

    /// Bytes of all files that have a name.
    pub fn used(&self) -> u64 {
        self.below(0).1
    }

    /// Bytes of all files below a folder; none if there is no such folder.
    pub fn used_below(&self, dir: &Path) -> u64 {
        self.find(dir).map_or(0, |dir| self.below(dir).1)
    }

    /// All nodes below one, and bytes of the files among them.
    fn below(&self, dir: usize) -> (BTreeSet<usize>, u64) {
        let (mut nodes, mut used) = (BTreeSet::new(), 0);
        let mut open = vec![dir];
        while let Some(node) = open.pop() {
            nodes.insert(node);
            match &self.nodes[node] {
                Node::File(contents) => used += contents.seen.len() as u64,
                Node::Dir(names) => open.extend(names.seen.values()),
            }
        }
        (nodes, used)
    }

    /// By how much the file or folder may grow; none: without bound.
    pub fn room(&self, node: usize) -> Option<u64> {
        let whole = self
            .capacity
            .map(|capacity| capacity.saturating_sub(self.used()));
        let quota = self.quota.as_ref().and_then(|(dir, most)| {
            let (nodes, used) = self.below(self.find(dir).ok()?);
            nodes.contains(&node).then(|| most.saturating_sub(used))
        });
        whole.into_iter().chain(quota).min()
    }

    // Contents.

    pub fn len(&self, node: usize) -> io::Result<u64> {
        Ok(self.file(node)?.seen.len() as u64)
    }

    pub fn read(&self, node: usize, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        let seen = &self.file(node)?.seen;
        let wanted = offset..offset + into.len() as u64;
        let overlaps =
            |refused: &Range<u64>| refused.start < wanted.end && wanted.start < refused.end;
        if self
            .refused
            .iter()
            .any(|(of, refused)| *of == node && overlaps(refused))
        {
            // EIO, as the system says it.
            return Err(io::Error::from_raw_os_error(5));
        }
        let offset = usize::try_from(offset).map_err(io::Error::other)?;
        let rest = seen.get(offset..).unwrap_or_default();
        let length = rest.len().min(into.len());
        into[..length].copy_from_slice(&rest[..length]);
        Ok(length)
    }

    pub fn write(&mut self, node: usize, offset: u64, mut bytes: Vec<u8>) -> io::Result<()> {
        self.operate()?;
        if count_down(&mut self.fail_write) {
            return Err(io::Error::other("the disk failed to write"));
        }
        let offset = usize::try_from(offset).map_err(io::Error::other)?;
        let length = self.file(node)?.seen.len();
        let growth = (offset + bytes.len()).saturating_sub(length) as u64;
        let room = match growth {
            0 => 0,
            _ => self.room(node).unwrap_or(growth),
        };
        let full = growth > room;
        if full {
            // What fits is written, as by the system call.
            let missing = usize::try_from(growth - room).map_err(io::Error::other)?;
            bytes.truncate(bytes.len().saturating_sub(missing));
        }
        self.file_mut(node)?.change(Change::Bytes(offset, bytes));
        match full {
            true => Err(io::ErrorKind::StorageFull.into()),
            false => Ok(()),
        }
    }

    pub fn set_len(&mut self, node: usize, len: u64) -> io::Result<()> {
        self.operate()?;
        let length = usize::try_from(len).map_err(io::Error::other)?;
        self.file_mut(node)?.change(Change::Length(length));
        Ok(())
    }

    pub fn rot(&mut self, path: &Path, offset: usize, bytes: &[u8]) -> io::Result<()> {
        let node = self.find(path)?;
        let contents = self.file_mut(node)?;
        for bytes_of in [&mut contents.seen, &mut contents.durable] {
            if let Some(there) = bytes_of.get_mut(offset..offset + bytes.len()) {
                there.copy_from_slice(bytes);
            }
        }
        Ok(())
    }
}

/// Whether this is the one that was counted down to.
fn count_down(left: &mut Option<u64>) -> bool {
    match left {
        Some(0) => {
            *left = None;
            true
        }
        Some(count) => {
            *count -= 1;
            false
        }
        None => false,
    }
}
