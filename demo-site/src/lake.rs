//! One user's folder in the lake: its objects and their lines.
//!
//! Only a checked [`UserId`] names a folder, and links are not followed: no
//! address leads out of the lake, or to somebody else's folder.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clickstream_event::id::UserId;
use serde_json::Value;

/// The newest so many objects are read,
const MOST_OBJECTS: usize = 12;
/// of each so much,
const MOST_BYTES: u64 = 512 * 1024;
/// in folders nested so deep: user, year, month, day, hour.
const DEEPEST: usize = 6;

/// What a folder holds.
#[derive(Debug, Default)]
pub struct Folder {
    /// Its key: `clickstream/userId=7/`.
    pub prefix: String,
    /// Its newest objects, newest first.
    pub objects: Vec<Object>,
    /// How many older ones are not shown.
    pub older: usize,
}

/// An object: a file of lines.
#[derive(Debug)]
pub struct Object {
    /// Its key in the bucket.
    pub key: String,
    /// Its length in bytes.
    pub bytes: u64,
    /// The user's lines in it, newest first.
    pub lines: Vec<Value>,
}

/// Reads the folder of a user. A folder that is not there yet is empty.
pub fn read(lake: &Path, user: &UserId) -> io::Result<Folder> {
    let bucket = lake.join("raw");
    let own = format!("clickstream/userId={user}/", user = user.as_str());
    let shared = format!("clickstream/userBucket={}/", user.bucket());
    // By user is the rule; a lake partitioned by bucket has the other kind of folder.
    let by_user = bucket.join(&own).is_dir() || !bucket.join(&shared).is_dir();
    let prefix = if by_user { own } else { shared };
    let mut files = Vec::new();
    walk(&bucket.join(&prefix), DEEPEST, &mut files)?;
    // Folders are named by hour and objects by second, so the order of keys is that of time.
    files.sort_by(|one, other| other.cmp(one));
    let older = files.len().saturating_sub(MOST_OBJECTS);
    let objects = files
        .iter()
        .take(MOST_OBJECTS)
        .map(|file| object(&bucket, file, user))
        .collect::<io::Result<_>>()?;
    Ok(Folder {
        prefix,
        objects,
        older,
    })
}

fn walk(folder: &Path, deep: usize, files: &mut Vec<PathBuf>) -> io::Result<()> {
    let entries = match fs_err::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() && deep > 0 {
            walk(&entry.path(), deep - 1, files)?;
        } else if kind.is_file() {
            files.push(entry.path());
        }
    }
    Ok(())
}

fn object(bucket: &Path, file: &Path, user: &UserId) -> io::Result<Object> {
    let mut text = Vec::new();
    let open = fs_err::File::open(file)?;
    let bytes = open.metadata()?.len();
    open.take(MOST_BYTES).read_to_end(&mut text)?;
    let mut lines: Vec<Value> = text
        .split(|byte| *byte == b'\n')
        .filter_map(|line| serde_json::from_slice::<Value>(line).ok())
        .filter(|line| line["userId"] == user.as_str())
        .collect();
    lines.reverse();
    let key = file.strip_prefix(bucket).unwrap_or(file);
    Ok(Object {
        key: key.to_string_lossy().into_owned(),
        bytes,
        lines,
    })
}
