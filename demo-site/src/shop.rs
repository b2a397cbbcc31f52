//! The shop as one value: what every page is made from.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use clickstream_relay::clock::Clock;
use clickstream_relay::identity::token;
use rand::Rng;

use crate::catalogue::Catalogue;
use crate::store::sessions::{self, LIFETIME_SECONDS};
use crate::store::{Store, StoreError};

/// The shop, as handlers share it.
pub type Shared = Arc<Shop>;

/// What every page is made from.
pub struct Shop {
    /// Books and readers.
    pub catalogue: Catalogue,
    /// What is remembered.
    pub store: Store,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Signs who is signed in, for the relay.
    pub key: token::Key,
    /// The write key in every page's script tag.
    pub write_key: String,
    /// The source that the write key stands for; visitors' ids are made with it.
    pub source: String,
    /// The lake's folder, for the page "in the lake"; none when events go elsewhere.
    pub lake: Option<PathBuf>,
    /// Whether visitors come by https: cookies are then `Secure`.
    pub https: bool,
    random: Mutex<Box<dyn Rng + Send>>,
}

impl std::fmt::Debug for Shop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shop")
            .field("lake", &self.lake)
            .finish_non_exhaustive()
    }
}

/// What a shop is opened with.
#[derive(Debug)]
pub struct Opening {
    /// Books and readers.
    pub catalogue: Catalogue,
    /// What is remembered.
    pub store: Store,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Signs who is signed in.
    pub key: token::Key,
    /// The write key of the pages.
    pub write_key: String,
    /// The source that it stands for.
    pub source: String,
    /// The lake's folder, if there is one.
    pub lake: Option<PathBuf>,
    /// Whether visitors come by https.
    pub https: bool,
}

impl Shop {
    /// Opens it; `random` makes session ids and must not be guessable.
    pub fn open(opening: Opening, random: impl Rng + Send + 'static) -> Shared {
        Arc::new(Self {
            catalogue: opening.catalogue,
            store: opening.store,
            clock: opening.clock,
            key: opening.key,
            write_key: opening.write_key,
            source: opening.source,
            lake: opening.lake,
            https: opening.https,
            random: Mutex::new(Box::new(random)),
        })
    }

    /// Forgets sessions whose cookies have expired; says how many.
    pub async fn forget_old_sessions(&self) -> Result<usize, StoreError> {
        let oldest = self.clock.now_ms().saturating_sub(LIFETIME_SECONDS * 1000);
        self.store
            .call(move |db| sessions::expire(db, oldest))
            .await
    }

    /// 128 random bits in hex: a name that nobody else has or guesses.
    pub fn fresh_id(&self) -> String {
        let mut random = self.random.lock().unwrap_or_else(PoisonError::into_inner);
        format!("{:016x}{:016x}", random.next_u64(), random.next_u64())
    }

    /// A shorter one for what may be seen: baskets, checkouts.
    pub fn fresh_number(&self, kind: &str) -> String {
        let mut random = self.random.lock().unwrap_or_else(PoisonError::into_inner);
        format!("{kind}-{:016x}", random.next_u64())
    }
}
