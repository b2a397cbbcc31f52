//! The keys, and how they change while the relay runs: write keys and identity keys from settings and
//! from files, which are read again when they change or when the process is told to (SIGHUP).
//!
//! Old and new ones are valid together for as long as both stand in the files: put the new key in,
//! give it to who sends or signs, take the old one out. A file that cannot be read, or holds anything
//! but keys, changes nothing: the keys of before stay, and the log says what is wrong.

pub mod current;
pub mod error;
pub mod watch;

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest as _, Sha256};

pub use self::current::Current;
pub use self::error::KeyError;

use crate::config::secret::Secret;
use crate::identity::token::Key;
use crate::intake::key::{Keyring, WriteKey};

/// Largest file of keys: thousands of them.
const MAX_BYTES: u64 = 1 << 20;

/// All keys.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    /// Who may send.
    pub write: Keyring,
    /// Who signs user tokens.
    pub identity: Vec<Key>,
}

/// Where keys come from.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// `KIND:SOURCE:KEY`, from the settings themselves.
    pub write_keys: Vec<Secret>,
    /// A file with such a key a line.
    pub write_key_file: Option<PathBuf>,
    /// Names of identity keys, each with the file that holds the secret.
    pub identity_keys: Vec<(String, PathBuf)>,
    /// A file with `KID:SECRET` a line.
    pub identity_key_file: Option<PathBuf>,
}

/// What is looked at while the relay runs.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where keys come from.
    pub sources: Sources,
    /// How often their files are looked at.
    pub every: Duration,
    /// What the files held when the keys in force were read.
    judged: [u8; 32],
}

impl Config {
    /// Reads the keys of `sources` for the first time.
    ///
    /// # Errors
    /// As [`Sources::keys`].
    pub fn read(sources: Sources) -> Result<(Self, Keys), KeyError> {
        let contents = sources.contents();
        let judged = contents.digest();
        let keys = sources.keys(contents)?;
        let config = Self {
            sources,
            every: watch::EVERY,
            judged,
        };
        Ok((config, keys))
    }
}

/// What the files hold, as it was read at one moment.
pub struct Contents(Vec<io::Result<Vec<u8>>>);

impl std::fmt::Debug for Contents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Contents({} files, …)", self.0.len())
    }
}

impl Contents {
    /// Stands for the whole: the same while nothing changes.
    fn digest(&self) -> [u8; 32] {
        let mut digest = Sha256::new();
        for content in &self.0 {
            let (sign, bytes) = match content {
                Ok(bytes) => (1_u64, Sha256::digest(bytes)),
                Err(error) => (0, Sha256::digest(error.to_string())),
            };
            digest.update(sign.to_le_bytes());
            digest.update(bytes);
        }
        digest.finalize().into()
    }
}

impl Sources {
    /// The files, in a fixed order.
    fn files(&self) -> impl Iterator<Item = &Path> {
        let secrets = self.identity_keys.iter().map(|(_, file)| file);
        let listed = self.write_key_file.iter().chain(&self.identity_key_file);
        listed.chain(secrets).map(PathBuf::as_path)
    }

    /// Whether there is a file that may change.
    #[must_use]
    pub fn may_change(&self) -> bool {
        self.files().next().is_some()
    }

    /// Reads the files.
    #[must_use]
    pub fn contents(&self) -> Contents {
        Contents(self.files().map(read).collect())
    }

    /// The keys of the settings and of `contents`.
    ///
    /// # Errors
    /// The first thing that is wrong; secrets are never repeated.
    pub fn keys(&self, contents: Contents) -> Result<Keys, KeyError> {
        let mut contents = contents.0.into_iter();
        let mut next = |flag| match contents.next() {
            Some(Ok(bytes)) => Ok(bytes),
            Some(Err(error)) => Err(KeyError::File { flag, error }),
            None => Ok(Vec::new()),
        };
        let mut write = Vec::new();
        for (index, Secret(text)) in self.write_keys.iter().enumerate() {
            let key: Result<WriteKey, _> = text.trim().parse();
            let number = index + 1;
            write.push(key.map_err(|error| KeyError::WriteKey { number, error })?);
        }
        if let Some(path) = &self.write_key_file {
            let listed = next("--write-key-file")?;
            for (line, text) in lines(path, &listed)? {
                let place = error::Place::new(path, line);
                let key: Result<WriteKey, _> = text.parse();
                write.push(key.map_err(|error| KeyError::WriteKeyLine { place, error })?);
            }
        }
        let mut identity = Vec::new();
        if let Some(path) = &self.identity_key_file {
            let listed = next("--identity-key-file")?;
            for (line, text) in lines(path, &listed)? {
                let place = error::Place::new(path, line);
                let (kid, secret) = text
                    .split_once(':')
                    .ok_or_else(|| KeyError::IdentityLine(place.clone()))?;
                let key = Key::new(kid.trim(), secret.trim().as_bytes());
                identity.push(key.map_err(|error| KeyError::IdentityKeyLine { place, error })?);
            }
        }
        for (kid, _) in &self.identity_keys {
            let secret = next("--identity-key")?;
            // Editors and `echo` end a file with a newline that nobody means.
            let key = Key::new(kid, secret.trim_ascii_end());
            identity.push(key.map_err(|error| KeyError::IdentityKey {
                kid: kid.clone(),
                error,
            })?);
        }
        let write = Keyring::new(write);
        if write.has_twins() {
            return Err(KeyError::SameKey);
        }
        for (at, key) in identity.iter().enumerate() {
            if identity
                .iter()
                .skip(at + 1)
                .any(|other| other.kid() == key.kid())
            {
                return Err(KeyError::SameKid(key.kid().to_owned()));
            }
        }
        Ok(Keys { write, identity })
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = fs_err::File::open(path)?;
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_BYTES {
        let text = format!("{} is larger than {MAX_BYTES} bytes", path.display());
        return Err(io::Error::other(text));
    }
    Ok(bytes)
}

/// The lines that say something, with their numbers, counted from 1; `#` begins a remark.
fn lines<'a>(path: &Path, bytes: &'a [u8]) -> Result<Vec<(usize, &'a str)>, KeyError> {
    let text = std::str::from_utf8(bytes).map_err(|_| KeyError::NoText(path.to_owned()))?;
    let lines = text.lines().map(str::trim).enumerate();
    let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let lines: Vec<_> = lines.map(|(at, line)| (at + 1, line)).collect();
    if lines.is_empty() {
        return Err(KeyError::Empty(path.to_owned()));
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    struct Folder(tempfile::TempDir);

    impl Folder {
        fn sources(&self, write: &str, identity: &str) -> Sources {
            let place = |name: &str, text: &str| {
                let path = self.0.path().join(name);
                fs_err::write(&path, text).unwrap();
                path
            };
            Sources {
                write_keys: vec![Secret::from("browser:shop:given")],
                write_key_file: Some(place("write", write)),
                identity_keys: vec![("one".to_owned(), place("one", &format!("{SECRET}\n")))],
                identity_key_file: Some(place("identity", identity)),
            }
        }
    }

    fn folder() -> Folder {
        Folder(tempfile::tempdir().unwrap())
    }

    fn keys(sources: &Sources) -> Result<Keys, KeyError> {
        sources.keys(sources.contents())
    }

    #[test]
    fn keys_of_settings_and_files_are_valid_together() {
        let write = "# the shop\nserver:shop:a:b \r\n\n  browser:shop:c\n";
        let identity = format!("2026-01 : {SECRET}\n2026-02:{SECRET}x:y");
        let sources = folder();
        let keys = keys(&sources.sources(write, &identity)).unwrap();
        for key in ["given", "a:b", "c"] {
            assert!(keys.write.find(key).is_some(), "{key}");
        }
        let kids: Vec<_> = keys.identity.iter().map(Key::kid).collect();
        assert_eq!(kids, ["2026-01", "2026-02", "one"]);
        let other = Key::new("2026-02", format!("{SECRET}x:y").as_bytes()).unwrap();
        assert!(keys.identity.contains(&other));
    }

    #[test]
    fn a_file_of_anything_but_keys_is_refused_by_line_and_without_its_secrets() {
        let good = ("browser:shop:c", "2026-01:0123456789abcdef0123456789abcdef");
        for (write, identity, said) in [
            ("", good.1, "write holds no key"),
            ("#\n", good.1, "write holds no key"),
            (
                "\nbrowser:hidden-c",
                good.1,
                "write, line 2: write it as KIND:SOURCE:KEY",
            ),
            (
                "browser:shop:given",
                good.1,
                "two --write-key have the same key",
            ),
            (good.0, "", "identity holds no key"),
            (
                good.0,
                "hidden-secret",
                "identity, line 1: write it as KID:SECRET",
            ),
            (
                good.0,
                "a:hidden-short",
                "identity, line 1: the secret must have at least 32 bytes",
            ),
            (
                good.0,
                "one:0123456789abcdef0123456789abcdef",
                "\"one\" is given twice",
            ),
        ] {
            let folder = folder();
            let error = keys(&folder.sources(write, identity))
                .unwrap_err()
                .to_string();
            assert!(error.contains(said), "{error}");
            assert!(!error.contains("hidden"), "{error}");
        }
        let folder = folder();
        let sources = folder.sources(good.0, good.1);
        assert!(keys(&sources).is_ok());
        fs_err::write(folder.0.path().join("write"), b"browser:shop:\xff").unwrap();
        assert!(matches!(keys(&sources), Err(KeyError::NoText(_))));
        fs_err::write(folder.0.path().join("write"), "x".repeat((1 << 20) + 1)).unwrap();
        assert!(matches!(keys(&sources), Err(KeyError::File { .. })));
        fs_err::remove_file(folder.0.path().join("write")).unwrap();
        let error = keys(&sources).unwrap_err().to_string();
        assert!(
            error.starts_with("--write-key-file: ") && error.contains("write"),
            "{error}"
        );
    }
}
