//! Calls that hang: of what they carried only records are left that the stream refuses while it
//! takes others. Each waits for its next try, and holds up no other call meanwhile.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use tokio::sync::Notify;

/// How many calls hang.
#[derive(Debug, Default)]
pub struct Hanging {
    count: AtomicU64,
    more: Notify,
}

/// One that hangs, until this is dropped.
#[derive(Debug)]
pub struct One<'a>(&'a Hanging);

impl Hanging {
    /// One more.
    pub fn one(&self) -> One<'_> {
        self.count.fetch_add(1, Relaxed);
        self.more.notify_one();
        One(self)
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.count.load(Relaxed)
    }

    /// Returns when there were more than at its last return.
    pub async fn more(&self) {
        self.more.notified().await;
    }
}

impl Drop for One<'_> {
    fn drop(&mut self) {
        self.0.count.fetch_sub(1, Relaxed);
    }
}
