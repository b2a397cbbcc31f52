//! What the shop remembers, in one SQLite file.
//!
//! One connection, lent to one caller at a time on the blocking threads: a
//! shop of this size waits for the reader, never for the disk. Each subject
//! has its own file beside this one; they are plain functions of a connection.

pub mod basket;
pub mod orders;
pub mod reviews;
pub mod search;
pub mod sessions;
pub mod wishes;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;

use crate::catalogue::Catalogue;

/// The shop's tables. Made when missing; nothing in them is ever rewritten by a start.
const TABLES: &str = include_str!("store/tables.sql");

/// A handle on the database; cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    connection: Arc<Mutex<Connection>>,
}

/// The database could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file could not be opened or made.
    #[error("cannot open the shop's database {}: {source}; is its folder writable and the file a database of this shop?", path.display())]
    Open {
        /// Which file.
        path: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// A statement failed.
    #[error("the shop's database failed: {0}; is the disk full?")]
    Statement(#[from] rusqlite::Error),
    /// The shop is being stopped.
    #[error("the shop is closing")]
    Closing,
}

impl Store {
    /// Opens or makes the database at `path`, with `catalogue` on its shelves.
    pub fn open(path: &Path, catalogue: &Catalogue) -> Result<Self, StoreError> {
        Self::prepare(Connection::open(path), catalogue).map_err(|source| StoreError::Open {
            path: path.to_owned(),
            source,
        })
    }

    /// One that is forgotten with its last handle.
    pub fn in_memory(catalogue: &Catalogue) -> Result<Self, StoreError> {
        Ok(Self::prepare(Connection::open_in_memory(), catalogue)?)
    }

    fn prepare(
        connection: rusqlite::Result<Connection>,
        catalogue: &Catalogue,
    ) -> rusqlite::Result<Self> {
        let mut connection = connection?;
        connection.execute_batch(TABLES)?;
        let change = connection.transaction()?;
        search::fill(&change, catalogue)?;
        reviews::seed(&change, catalogue)?;
        change.commit()?;
        Ok(Self {
            connection: Arc::new(Mutex::new(connection)),
        })
    }

    /// Does `work` in one transaction: all of it is kept, or nothing.
    pub async fn call<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let shared = Arc::clone(&self.connection);
        let done = tokio::task::spawn_blocking(move || {
            // A panic in another caller rolled its transaction back: the connection is good.
            let mut connection = shared.lock().unwrap_or_else(PoisonError::into_inner);
            let change = connection.transaction()?;
            let value = work(&change)?;
            change.commit()?;
            Ok(value)
        });
        done.await.map_err(|_| StoreError::Closing)?
    }
}
