//! Keys that a disk cannot hold under their own names: where they lie instead, and the bucket's
//! listing of them, `.keys`, a JSON object a line: `{"key":"…as S3 has it…","path":"…"}`.

use crate::disk_name::{LONGEST_NAME, percent_into};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// The keys of a bucket.
#[derive(Debug)]
pub(super) struct Keys {
    listing: PathBuf,
    /// Whether the disk takes `A` and `a` for one name.
    folds_case: bool,
}

#[derive(Serialize)]
struct Line<'a> {
    key: &'a str,
    path: &'a str,
}

impl Keys {
    /// Of the bucket in this folder, on a disk that tells `A` from `a`.
    pub(super) fn new(bucket: &Path) -> Self {
        Self {
            listing: bucket.join(".keys"),
            folds_case: false,
        }
    }

    /// Looks how the disk does: `other_case` is the name of a file that is there, but for the case
    /// of its letters.
    pub(super) fn see(&mut self, other_case: &Path) {
        self.folds_case = other_case.exists();
    }

    /// Where an object with this key lies, which is escaped for a disk already.
    pub(super) fn path(&self, key: String) -> String {
        let fits = |segment: &str| segment.len() <= LONGEST_NAME;
        if !self.folds_case && key.split('/').all(fits) {
            return key;
        }
        let segments: Vec<String> = key
            .split('/')
            .map(|segment| match self.folds_case {
                true => shorten(&without_capitals(segment), LONGEST_NAME),
                false => shorten(segment, LONGEST_NAME),
            })
            .collect();
        segments.join("/")
    }

    /// Lists an object that lies elsewhere than its key says. It is there, and must not come twice
    /// because the listing cannot be written.
    pub(super) fn list_if_other(&self, key: &str, path: &str) {
        if path != key
            && let Err(error) = self.list(key, path)
        {
            tracing::warn!(%error, key, path, "the listing of keys could not be written");
        }
    }

    fn list(&self, key: &str, path: &str) -> io::Result<()> {
        let mut line = serde_json::to_vec(&Line { key, path })?;
        line.push(b'\n');
        // A bucket in S3 has no folder until now.
        if let Some(folder) = self.listing.parent() {
            fs_err::create_dir_all(folder)?;
        }
        let mut file = fs_err::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.listing)?;
        file.write_all(&line)
    }
}

/// The log's file with names that a disk holds; it keeps its ending.
pub(super) fn log_path(file: &str) -> String {
    const ENDING: &str = ".jsonl";
    let (folders, name) = file.rsplit_once('/').unwrap_or(("", file));
    let folders = folders
        .split('/')
        .map(|folder| shorten(folder, LONGEST_NAME));
    let stem = name.strip_suffix(ENDING).unwrap_or(name);
    let name = shorten(stem, LONGEST_NAME - ENDING.len()) + ENDING;
    folders.chain([name]).collect::<Vec<_>>().join("/")
}

/// A name of more bytes than `most` is cut, and ends in a digest of all of it. `%~` comes from no
/// escape, so that nothing else is called so.
fn shorten(segment: &str, most: usize) -> String {
    const DIGITS: usize = 32;
    if segment.len() <= most {
        return segment.to_owned();
    }
    let cut = segment.floor_char_boundary(most - DIGITS - 2);
    let mut out = segment.get(..cut).unwrap_or_default().to_owned();
    out.push_str("%~");
    for byte in Sha256::digest(segment).iter().take(DIGITS / 2) {
        let _ = write!(out, "{byte:02x}");
    }
    out
}

/// Capitals of a value, or of a name without one, as `%XX`; a key's name before `=` stays, as it
/// is the same for all.
fn without_capitals(segment: &str) -> String {
    let (name, value) = match segment.split_once('=') {
        Some((name, value)) => (format!("{name}="), value),
        None => (String::new(), segment),
    };
    let mut out = name;
    let mut rest = value.chars();
    while let Some(character) = rest.next() {
        let lower = character.to_lowercase().eq([character]);
        match character {
            '%' => {
                // An escape's two digits are capitals that stay.
                out.push('%');
                out.extend(rest.by_ref().take(2));
            }
            _ if lower => out.push(character),
            _ => percent_into(character, &mut out),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_fits_stays_and_what_does_not_is_cut_with_a_digest() {
        let keys = Keys::new(Path::new("bucket"));
        let key = format!("a/userId={}/Ä", "u".repeat(248));
        assert_eq!(keys.path(key.clone()), key);
        let long = |last| format!("a/userId={}{last}/b", "é".repeat(200));
        let (one, other) = (keys.path(long('1')), keys.path(long('2')));
        assert_ne!(one, other);
        for path in [&one, &other] {
            assert!(path.split('/').all(|name| name.len() <= 255), "{path}");
            assert!(
                path.starts_with("a/userId=éé") && path.ends_with("/b"),
                "{path}"
            );
            assert!(path.contains("%~"), "{path}");
        }
    }

    #[test]
    fn a_log_keeps_its_ending() {
        let usual = "log/aws/kinesisfirehose/clickstream/ClickStreamLogStream.jsonl";
        assert_eq!(log_path(usual), usual);
        let long = log_path(&format!(
            "log/{}/{}.jsonl",
            "g".repeat(256),
            "s".repeat(512)
        ));
        assert!(long.split('/').all(|name| name.len() <= 255), "{long}");
        assert!(
            long.starts_with("log/ggg") && long.ends_with(".jsonl"),
            "{long}"
        );
    }

    #[test]
    fn a_disk_that_folds_case_gets_no_capitals_of_values() {
        let folder = tempfile::TempDir::new().unwrap();
        let mut keys = Keys::new(folder.path());
        // Stands for a disk where it is there because its other spelling is.
        fs_err::write(folder.path().join("PROBE"), b"").unwrap();
        keys.see(&folder.path().join("PROBE"));
        let path = |key: &str| keys.path(key.to_owned());
        assert_eq!(path("x/userId=Ann/y"), "x/userId=%41nn/y");
        assert_eq!(path("x/userId=ann%2Fb/y"), "x/userId=ann%2Fb/y");
        assert_eq!(path("X/É"), "%58/%C3%89");
    }

    proptest! {
        /// On either disk different keys lie in different places, also where case is folded.
        #[test]
        fn different_keys_never_meet(one in "[aA%é=/É]{0,6}", other in "[aA%é=/É]{0,6}", folds in any::<bool>()) {
            let mut keys = Keys::new(Path::new("bucket"));
            keys.folds_case = folds;
            let escaped = |value: &str| {
                let mut key = String::from("userId=");
                crate::disk_name::escape_into(value, false, &mut key);
                key
            };
            let place = |value: &str| match folds {
                true => keys.path(escaped(value)).to_lowercase(),
                false => keys.path(escaped(value)),
            };
            prop_assert_eq!(one == other, place(&one) == place(&other));
        }
    }
}
