//! Layers: default < file < environment < flag.
//!
//! clap lays flags over the environment; this lays both over the file, and a program that mounts
//! the relay lays all of it over values of its own. Each table names all its fields once more
//! (`layered!`), so that a new setting that is forgotten there does not compile.

use std::path::{Path, PathBuf};

use super::flags::Flags;

/// Why the file given with `--config` gives no settings.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It cannot be read.
    #[error("cannot read the settings file: {0}; check --config")]
    Unreadable(std::io::Error),
    /// It is no TOML, or names a setting that does not exist.
    #[error("{} is no valid settings file:\n{error}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// Where and what, by the TOML reader.
        error: toml::de::Error,
    },
}

impl Flags {
    /// Lays these settings over those of the file that they name, if they name one.
    ///
    /// # Errors
    /// When that file cannot be read or holds anything but settings.
    pub fn over_file(self) -> Result<Self, FileError> {
        match &self.config {
            None => Ok(self),
            Some(path) => {
                let text = fs_err::read_to_string(path).map_err(FileError::Unreadable)?;
                let file = Self::parse(path, &text)?;
                Ok(self.over(file))
            }
        }
    }

    fn parse(path: &Path, text: &str) -> Result<Self, FileError> {
        toml::from_str(text).map_err(|error| FileError::Invalid {
            path: path.to_owned(),
            error,
        })
    }

    /// Lays these settings over `lower`: what is given here wins.
    #[must_use]
    pub fn over(self, lower: Self) -> Self {
        Self {
            config: self.config.or(lower.config),
            server: self.server.over(lower.server),
            intake: self.intake.over(lower.intake),
            identity: self.identity.over(lower.identity),
            privacy: self.privacy.over(lower.privacy),
            spool: self.spool.over(lower.spool),
            sink: self.sink.over(lower.sink),
        }
    }
}

/// Lays the fields of one table over those of another; each must be named.
macro_rules! layered {
    ($group:ident: $($field:ident)*) => {
        impl $group {
            /// Lays these settings over `lower`: what is given here wins.
            pub(in crate::config) fn over(self, lower: Self) -> Self {
                Self { $($field: self.$field.or(lower.$field)),* }
            }
        }
    };
}
pub(in crate::config) use layered;

#[cfg(test)]
mod tests {
    use super::*;

    const REFERENCE: &str = include_str!("../../clickstream.example.toml");

    fn parsed(text: &str) -> Result<Flags, FileError> {
        Flags::parse(Path::new("test.toml"), text)
    }

    #[test]
    fn the_reference_file_sets_every_key() {
        // What it only shows has a `#` before its key.
        let lines = REFERENCE.lines();
        let lines = lines.map(|line| match line.strip_prefix("# ") {
            Some(shown) if shown.contains(" = ") => shown,
            _ => line,
        });
        let flags = parsed(&lines.collect::<Vec<_>>().join("\n")).unwrap();
        // Debug shows each field: one that is not set shows as None. `config` names the file itself.
        let shown = format!("{flags:?}").replacen("config: None", "", 1);
        assert!(!shown.contains("None"), "not every key is set: {shown}");
    }

    #[test]
    fn what_is_given_above_wins_and_the_rest_shines_through() {
        let upper = parsed("[server]\ngrace = 1").unwrap();
        let lower = parsed("[server]\ngrace = 2\n[sink]\nstream = \"s\"").unwrap();
        let both = upper.over(lower);
        assert_eq!(both.server.grace.unwrap().to_string(), "1");
        assert_eq!(both.sink.stream.as_deref(), Some("s"));
    }

    #[test]
    fn an_unknown_key_is_refused_with_its_place() {
        let error = parsed("[server]\nlisten_on = \"x\"")
            .unwrap_err()
            .to_string();
        assert!(error.contains("unknown field `listen_on`"), "{error}");
        assert!(error.contains("line 2"), "{error}");
    }
}
