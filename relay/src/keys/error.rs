//! What can be wrong with keys. Secrets are never repeated.

use std::io;
use std::path::{Path, PathBuf};

use crate::identity::token::InvalidKey;
use crate::intake::key::InvalidWriteKey;

/// A line of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    path: PathBuf,
    line: usize,
}

impl Place {
    /// Line number `line` of `path`, counted from 1.
    #[must_use]
    pub fn new(path: &Path, line: usize) -> Self {
        let path = path.to_owned();
        Self { path, line }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}, line {}", self.path.display(), self.line)
    }
}

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// A write key of the settings; which one by number, because its text may be a secret.
    #[error("--write-key number {number}: {error}")]
    WriteKey {
        /// Counted from 1.
        number: usize,
        /// What is wrong with it.
        error: InvalidWriteKey,
    },
    /// A write key of the file.
    #[error("{place}: {error}")]
    WriteKeyLine {
        /// Where it stands.
        place: Place,
        /// What is wrong with it.
        error: InvalidWriteKey,
    },
    /// Two keys with the same text.
    #[error("two --write-key have the same key; each needs one of its own")]
    SameKey,
    /// An identity key's secret.
    #[error("--identity-key {kid:?}: {error}; make one with: openssl rand -hex 32")]
    IdentityKey {
        /// Its name.
        kid: String,
        /// What is wrong with it.
        error: InvalidKey,
    },
    /// A line that is no identity key.
    #[error("{0}: write it as KID:SECRET, such as 2026-01: and what openssl rand -hex 32 gives")]
    IdentityLine(Place),
    /// An identity key of the file.
    #[error("{place}: {error}; make one with: openssl rand -hex 32")]
    IdentityKeyLine {
        /// Where it stands.
        place: Place,
        /// What is wrong with it.
        error: InvalidKey,
    },
    /// Two identity keys with one name.
    #[error("--identity-key: {0:?} is given twice; each key needs a name of its own")]
    SameKid(String),
    /// A file that cannot be read.
    #[error("{flag}: {error}; check the path and who may read it")]
    File {
        /// What named it.
        flag: &'static str,
        /// The system's word, with the path.
        error: io::Error,
    },
    /// A file without any key: more often half written than meant.
    #[error("{} holds no key; write one a line", .0.display())]
    Empty(PathBuf),
    /// A file that is no text.
    #[error("{} is no UTF-8 text; write one key a line", .0.display())]
    NoText(PathBuf),
    /// No write key is left, so that nobody could send.
    #[error("there is no write key left, so nobody could send events")]
    NoWriteKey,
}
